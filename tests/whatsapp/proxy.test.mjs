// An instance goes to WhatsApp through a proxy of its own: HTTP CONNECT and SOCKS5, with a password and without.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { Proxy } from '../support/proxy.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { sleep, until } from '../support/wait.mjs';

const PASSWORD = 'p@ss:wörd/secret';

describe('an instance with a proxy', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let account;
  const proxies = [];
  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
  });
  afterEach(() => { for (const proxy of proxies.splice(0)) proxy.close(); });
  after(async () => {
    await product?.stop();
    await sandbox?.stop();
  });

  const started = async (options) => {
    proxies.push(await Proxy.start(options));
    return proxies.at(-1);
  };
  const create = async (proxy) => (await account.ok('POST', '/api/instances', { name: `behind-${proxies.length}-${Date.now()}`, proxy })).instance;
  const change = (id, proxy) => account.ok('PUT', `/api/instances/${id}`, { proxy });
  const remove = (id) => account.ok('DELETE', `/api/instances/${id}`);
  const target = () => `127.0.0.1:${sandbox.port}`;

  for (const [scheme, options] of [['http', {}], ['socks5', {}], ['http', { user: 'ann', password: PASSWORD }], ['socks5', { user: 'ann', password: PASSWORD }]])
    test(`${scheme}${options.user ? ' with a password' : ''}: links, comes back, and never goes past it`, async () => {
      const proxy = await started(options);
      const user = options.user ? `ann:${encodeURIComponent(PASSWORD)}@` : '';
      const { id } = await create(`${scheme}://${user}127.0.0.1:${proxy.port}`);
      await account.link(id);
      assert.deepEqual(new Set(proxy.targets), new Set([target()]));
      const before = proxy.targets.length;
      await account.drop(id);
      await until(() => proxy.targets.length > before, 'a new tunnel');
      await account.reaches(id, 'CONNECTED');
      const { connections } = await sandbox.get('');
      assert.equal(connections, 1);
      // Its end is the end of the connection: nothing was open beside it.
      proxies.splice(proxies.indexOf(proxy), 1)[0].close();
      await account.reaches(id, 'RECONNECTING');
      await sleep(500);
      assert.equal((await sandbox.get('')).connections, 0);
      await remove(id);
    });

  test('a change takes effect at once, and so does its removal', async () => {
    const [first, second] = [await started(), await started()];
    const { id } = await create(`http://127.0.0.1:${first.port}`);
    await account.link(id);
    await change(id, `socks5://127.0.0.1:${second.port}`);
    await until(() => second.targets.length === 1, 'a tunnel through the second');
    await account.reaches(id, 'CONNECTED');
    await change(id, null);
    await until(async () => second.sockets.size === 0, 'no tunnel');
    await account.reaches(id, 'CONNECTED');
    assert.equal((await account.instance(id)).proxy, null);
    assert.deepEqual(await sandbox.violations(), []);
    await remove(id);
  });

  test('one that refuses or is not there is named, without its password', async () => {
    const proxy = await started({ user: 'ann', password: PASSWORD });
    const { id } = await create(`http://ann:wrong-password@127.0.0.1:${proxy.port}`);
    await account.act(id, 'connect');
    const reason = async (pattern) => until(async () => {
      const { status } = await account.ok('GET', `/api/instances/${id}/status`);
      return pattern.test(status.reason?.text) && status.reason;
    }, `a reason like ${pattern}`);
    assert.equal((await reason(/proxy .*does not accept the user name and password/)).code, 'UNREACHABLE');
    assert.ok(proxy.refused > 0);
    await change(id, 'socks5://127.0.0.1:1');
    assert.equal((await reason(/127\.0\.0\.1/)).code, 'UNREACHABLE');
    assert.ok(!product.stderr.includes('wrong-password'));
    await remove(id);
  });

  test('its password is shown to nobody, and on disk only encrypted; a start goes through it again', async () => {
    const proxy = await started({ user: 'ann', password: 'correct-horse-battery' });
    const { id } = await create(`socks5://ann:correct-horse-battery@127.0.0.1:${proxy.port}`);
    await account.link(id);
    const shown = await account.instance(id);
    assert.equal(shown.proxy, `socks5://127.0.0.1:${proxy.port}`);
    assert.ok(!JSON.stringify(await account.ok('GET', '/api/instances')).includes('correct-horse'));
    await product.stop();
    for (const name of readdirSync(product.dataDir)) {
      assert.equal(readFileSync(join(product.dataDir, name)).indexOf('correct-horse'), -1, name);
    }
    assert.ok(!product.stderr.includes('correct-horse'));
    const before = proxy.targets.length;
    await product.startAgain();
    await account.reaches(id, 'CONNECTED');
    assert.equal(proxy.targets.length, before + 1);
    await remove(id);
  });

  test('what cannot be read is never gone past: damaged credentials keep their proxy, a damaged proxy is set anew', async () => {
    const sql = (text) => execFileSync('sqlite3', [join(product.dataDir, 'patchbay.db'), text]);
    const proxy = await started();
    const url = `http://127.0.0.1:${proxy.port}`;
    const { id } = await create(url);
    await account.link(id);

    await product.stop();
    sql(`UPDATE credentials SET sealed = x'00' WHERE instance_id = '${id}'`);
    await product.startAgain();
    await account.reaches(id, 'ERROR');
    await account.act(id, 'logout');
    const before = proxy.targets.length;
    await account.link(id);
    assert.ok(proxy.targets.length > before, 'the new link goes through the proxy');

    await product.stop();
    sql(`UPDATE proxies SET sealed = x'00' WHERE instance_id = '${id}'`);
    await product.startAgain();
    const { text } = await until(async () => {
      const { status } = await account.ok('GET', `/api/instances/${id}/status`);
      return /proxy/.test(status.reason?.text) && status.reason;
    }, 'a reason that names the proxy');
    assert.doesNotMatch(text, /unreadable/);
    assert.equal((await sandbox.get('')).connections, 0);
    await change(id, url);
    await account.reaches(id, 'CONNECTED');
    await remove(id);
  });

  test('an address that is none is refused, and not repeated', async () => {
    for (const proxy of ['', 7, 'ftp://secret@host', 'http://', 'socks5://user:secret@host:99999', `http://${'secret'.repeat(400)}`]) {
      const { status, body } = await account.call('POST', '/api/instances', { name: 'never', proxy });
      assert.equal(status, 400, String(proxy));
      assert.equal(body.error.code, 'VALIDATION_ERROR');
      assert.ok(!JSON.stringify(body).includes('secret'), 'the value may hold a password');
    }
  });
});
