// The server is killed at random moments of pairing and of login, a hundred times, while WhatsApp (a sandbox in another
// process) goes on: no instance is lost, no identity is made anew, no key is used twice.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { sleep, until } from '../support/wait.mjs';

const KILLS = Number(process.env.PATCHBAY_PAIRING_KILLS ?? 100);
const INSTANCES = 5;

describe('a link survives', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let account;
  /** One for each instance: {id, phone, device}; the device once WhatsApp has it. */
  const links = [];
  const outcomes = { 'while unlinked': 0, 'linked by then': 0, 'refused, linked again': 0, 'during a login': 0 };

  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
    for (let n = 0; n < INSTANCES; n += 1) {
      const { id } = await account.createInstance();
      links.push({ id, phone: await account.phone(id) });
    }
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
  });

  const status = async (id) => (await account.ok('GET', `/api/instances/${id}/status`)).status;

  /** What WhatsApp knows of the linked device: it must never change. */
  const seenByWhatsApp = async ({ phone }) => {
    const { devices } = await phone.state();
    return devices.map(({ jid, identity, keyIndex, linkedAt }) => ({ jid, identity, keyIndex, linkedAt }));
  };

  /** Everything is as it was: each linked instance is back as the device that it was. */
  async function verify() {
    for (const link of links.filter(({ device }) => device)) {
      await account.reaches(link.id, 'CONNECTED', 30_000);
      assert.deepEqual(await seenByWhatsApp(link), [link.device], `${link.id}: the device that it was`);
      assert.ok(!(await account.events(link.id, link.since)).some(({ type }) => type === 'instance:qr:generated'), `${link.id}: no new code`);
    }
  }

  async function remember(link) {
    [link.device] = await seenByWhatsApp(link);
    assert.ok(link.device, 'WhatsApp knows the device');
    link.since = (await account.events(link.id)).at(-1).seq;
  }

  /** Connects, scans, and kills the server somewhere on the way. */
  async function killDuringPairing(link) {
    await account.act(link.id, 'connect');
    await account.reaches(link.id, 'QR_REQUIRED');
    await account.scan(link.id);
    await sleep(Math.random() * 120);
    await product.kill();
    await product.startAgain();
    // Either the link was kept and is used, or there is none and it is said so: nothing in between.
    const now = await until(async () => {
      const { databaseStatus, reason } = await status(link.id);
      return (databaseStatus === 'CONNECTED' || databaseStatus === 'QR_REQUIRED' || reason?.code === 'UNLINKED_BY_PHONE') && databaseStatus;
    }, 'the instance after the kill', 30_000);
    if (now === 'CONNECTED') {
      outcomes['linked by then'] += 1;
      return remember(link);
    }
    // WhatsApp did not hear of it: the scan is repeated, as a person would.
    outcomes[now === 'QR_REQUIRED' ? 'while unlinked' : 'refused, linked again'] += 1;
    await account.act(link.id, 'connect');
    await account.reaches(link.id, 'QR_REQUIRED');
    await account.scan(link.id);
    await account.reaches(link.id, 'CONNECTED');
    return remember(link);
  }

  async function unlink(link) {
    await account.act(link.id, 'logout');
    await link.phone.shows(({ devices }) => devices.length === 0, 'no device');
    delete link.device;
  }

  test(`${KILLS} kills at random moments of pairing and login`, async (t) => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      if (kill % 2 === 1) {
        const link = links[(kill >> 1) % INSTANCES];
        if (link.device) await unlink(link);
        await killDuringPairing(link);
      } else {
        outcomes['during a login'] += 1;
        await product.kill();
        await product.startAndKill(Math.random() * 250);
        await product.startAgain();
      }
      await verify();
      assert.deepEqual(await sandbox.violations(), []);
    }
    t.diagnostic(Object.entries(outcomes).map(([what, times]) => `${what}: ${times}`).join(', '));
    assert.ok(outcomes['linked by then'] > 0);
  });

  test('and every link still uploads, is asked, and answers', async () => {
    for (const { phone } of links) {
      await phone.act('ping');
      await phone.shows(({ devices }) => devices.length === 1 && devices[0].prekeys >= 812, 'its prekeys');
    }
    assert.deepEqual(await sandbox.violations(), []);
  });
});
