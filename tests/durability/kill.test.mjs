// The server is killed at random moments under load, twenty times; and told to end, three times.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { sleep } from '../support/wait.mjs';
import { Load } from './load.mjs';

const KILLS = Number(process.env.PATCHBAY_KILLS ?? 20);

describe('what was acknowledged survives', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let load;
  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ shards: 4, sandbox });
    load = new Load(product);
    await load.prepare(3);
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
  });

  test(`${KILLS} kills at random moments under load`, async (t) => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      load.start();
      await load.busy(20);
      await sleep(Math.random() * 300);
      await product.kill();
      await load.pause();
      // Now and then the first start after it does not live long either.
      if (kill % 4 === 0) await product.startAndKill(Math.random() * 200);
      await product.startAgain();
      await load.verify();
    }
    t.diagnostic(`${load.writes} acknowledged writes, ${load.eventsHeard} events heard, ${load.eventsKept} kept`);
    assert.ok(load.writes > KILLS * 20);
    assert.ok(load.eventsHeard > KILLS * 20);
  });

  test('three graceful stops under load, each of them clean', async () => {
    for (let stop = 1; stop <= 3; stop += 1) {
      load.start();
      await load.busy(20);
      load.ending = true;
      assert.deepEqual(await product.stop(), { code: 0, signal: null });
      await load.pause();
      assert.match(product.stderr, /stopped/);
      await product.startAgain();
      await load.verify();
    }
  });

  test('a second start on the same folder is refused while the first one runs', async () => {
    const { code, stderr } = await Product.refused({ dataDir: product.dataDir });
    assert.equal(code, 1);
    assert.match(stderr, /in use/);
  });
});
