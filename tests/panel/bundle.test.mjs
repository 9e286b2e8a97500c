// Pages that load the Socket.IO client from the server itself, as those of Node's users do.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { launchBrowser } from './browser.mjs';

const PAGES = {
  'socket.io.js': '<script src="/socket.io/socket.io.js"></script>',
  'socket.io.min.js': '<script src="/socket.io/socket.io.min.js"></script>',
  'socket.io.msgpack.min.js': '<script src="/socket.io/socket.io.msgpack.min.js"></script>',
  'socket.io.esm.min.js': '<script type="module">import { io } from "/socket.io/socket.io.esm.min.js"; window.io = io;</script>',
};

describe('a page that loads the client from the server', { concurrency: 1 }, () => {
  let browser;
  let product;
  let account;
  before(async () => {
    browser = await launchBrowser();
    product = await Product.start();
    account = await Account.register(product.target);
  });
  after(async () => {
    await browser?.close();
    await product?.stop();
  });

  for (const [name, script] of Object.entries(PAGES)) {
    test(`${name} connects, and hears of its instance`, async () => {
      const page = await browser.newPage();
      const problems = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      await page.route('**/page.html', (route) => route.fulfill({
        contentType: 'text/html', body: `<!doctype html><title>page</title>${script}`,
      }));
      await page.goto(`${product.target.url}/page.html`);
      await page.waitForFunction(() => typeof window.io === 'function');
      const { id } = await account.createInstance();
      const answer = await page.evaluate(async ([token, instance]) => {
        const socket = window.io({ auth: { token } });
        await new Promise((resolve, reject) => {
          socket.on('connect', resolve);
          socket.on('connect_error', reject);
        });
        return socket.timeout(10_000).emitWithAck('subscribe:instance', instance);
      }, [account.token, id]);
      assert.equal(answer.ok, true);
      assert.equal(answer.instanceId, id);
      assert.deepEqual(problems, []);
      await account.ok('DELETE', `/api/instances/${id}`);
      await page.close();
    });
  }
});
