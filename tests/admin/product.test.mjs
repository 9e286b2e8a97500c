// `patchbay serve --admin-ui`: who is let in, what is shown, and starts that are refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Clients, record } from '../support/clients.mjs';
import { Account, Product } from '../support/product.mjs';
import { until } from '../support/wait.mjs';

const PASSWORD = 'correct horse battery';
// Of that password, by libsodium.
const HASH = '$argon2id$v=19$m=32768,t=2,p=1$sJ3klqmy0TiMVp1anGVmPQ$VckODsNh75ebICA6n39DJqousY3CJLy8qw46bxzUTM8';

async function withProduct(options, body) {
  const product = await Product.start(options);
  const clients = new Clients(product.target);
  try {
    await body(product, clients);
  } finally {
    clients.close();
    await product.stop();
  }
}

/** Logs in, and gives what the page is told. */
async function page(clients, auth) {
  const socket = clients.open({ auth, reconnection: false }, '/admin');
  const events = record(socket);
  await until(() => events.some(([name]) => name === 'server_stats'), 'counts');
  return events;
}

describe('the product with --admin-ui', { concurrency: 1 }, () => {
  for (const [what, password] of Object.entries({ 'the password': PASSWORD, 'its hash': HASH })) {
    test(`given ${what}, lets in with the password, and logs who was refused`, async () => {
      const env = { PATCHBAY_ADMIN_UI_USER: 'operator', PATCHBAY_ADMIN_UI_PASSWORD: password };
      await withProduct({ args: ['--admin-ui'], shards: 4, env }, async (product, clients) => {
        const events = await page(clients, { username: 'operator', password: PASSWORD });
        assert.match(events.find(([name]) => name === 'session')[1], /^[0-9a-f]{16}$/);
        assert.ok(!events.some(([name]) => name === 'all_sockets'), 'counts only');
        for (const auth of [{ username: 'operator', password: 'wrong' }, { username: 'admin', password: PASSWORD },
          { username: 'operator', password }].filter((it) => it.username !== 'operator' || it.password !== PASSWORD)) {
          assert.equal((await clients.refused({ auth }, '/admin')).message, 'invalid credentials');
        }
        assert.match(product.stderr, /login to the Admin UI refused/);
        assert.ok(!product.stderr.includes(PASSWORD));
      });
    });
  }

  test('live, shows the sockets of the contract without their tokens', async () => {
    const env = { PATCHBAY_ADMIN_UI_PASSWORD: PASSWORD };
    await withProduct({ args: ['--admin-ui', '--admin-ui-live', '--admin-ui-read-only'], env }, async (product, clients) => {
      const account = await Account.register(product.target);
      const { id } = await clients.connect({ query: { token: account.token }, extraHeaders: { Authorization: `Bearer ${account.token}` } });
      const events = await page(clients, { username: 'admin', password: PASSWORD });
      const sockets = await until(() => events.find(([name]) => name === 'all_sockets'), 'the list');
      const socket = sockets[1].find((each) => each.id === id);
      assert.equal(socket.handshake.query.token, '***');
      assert.equal(socket.handshake.headers.authorization, '***');
      assert.ok(!JSON.stringify(events).includes(account.token));
    });
  });

  test('without the flag the namespace is not there', async () => {
    await withProduct({ env: { PATCHBAY_ADMIN_UI_PASSWORD: PASSWORD } }, async (_, clients) => {
      assert.equal((await clients.refused({ auth: { username: 'admin', password: PASSWORD } }, '/admin')).message, 'Invalid namespace');
    });
  });

  test('does not start without a good password, but for development', async () => {
    for (const env of [{}, { PATCHBAY_ADMIN_UI_PASSWORD: 'short' }]) {
      const { code, stderr } = await Product.refused({ args: ['--admin-ui'], env });
      assert.equal(code, 1);
      assert.match(stderr, /--admin-ui needs a password of at least 12 bytes.*PATCHBAY_ADMIN_UI_PASSWORD/);
    }
    const { code, stderr } = await Product.refused({ args: ['--admin-ui-live'] });
    assert.equal(code, 1);
    assert.match(stderr, /give that too/);
    await withProduct({ args: ['--admin-ui', '--development'] }, async (product, clients) => {
      await page(clients, {});
      assert.match(product.program.stdout, /without a password/);
    });
  });
});
