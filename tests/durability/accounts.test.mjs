// The accounts of a server over its stops: under another master key, with a record that is damaged, killed in
// between.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Program, run, temporaryFolder } from '../support/process.mjs';
import { Account, BINARY, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { sleep } from '../support/wait.mjs';

const KILLS = Number(process.env.PATCHBAY_KILLS ?? 20);

const sql = (folder, text) => execFileSync('sqlite3', [join(folder, 'patchbay.db'), text], { encoding: 'utf8' }).trim();
const keyOf = (folder) => readFileSync(join(folder, 'master.key'), 'utf8').trim();
const rotate = (folder, env = {}) => run(BINARY, ['rotate-master-key', '--data-dir', folder], { env });

describe('the master key of a stopped server', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let account;
  const ids = [];
  let key;
  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
    for (const name of ['one', 'two']) {
      const { id } = await account.createInstance(name);
      await account.link(id);
      ids.push(id);
    }
    key = (await account.createKey(ids[0])).apiKey;
    assert.match(key, /^\w{20,}/);
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
  });

  const expectAllBack = async () => {
    for (const id of ids) await account.reaches(id, 'CONNECTED');
    const { apiKeys } = await account.ok('GET', `/api/instances/${ids[0]}/keys`);
    assert.deepEqual(apiKeys.map(({ apiKey }) => apiKey), [key]);
  };

  test('is not changed while the server runs', async () => {
    const { code, stderr } = await rotate(product.dataDir);
    assert.equal(code, 1);
    assert.match(stderr, /in use by another Patchbay \(process \d+\)/);
  });

  test('is changed, and every account and key is there afterwards', async () => {
    await product.stop();
    const before = keyOf(product.dataDir);
    const sealed = sql(product.dataDir, 'SELECT hex(sealed) FROM credentials');
    const { code, stdout, stderr } = await rotate(product.dataDir);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Encrypted 3 values under the new master key/);
    assert.notEqual(keyOf(product.dataDir), before);
    assert.notEqual(sql(product.dataDir, 'SELECT hex(sealed) FROM credentials'), sealed);
    assert.ok(!(stdout + stderr).includes(keyOf(product.dataDir)), 'keys are not printed');
    await product.startAgain();
    await expectAllBack();
  });

  test(`${KILLS} kills at random moments of a change, each followed by a start`, async (t) => {
    await product.stop();
    const start = Date.now();
    assert.equal((await rotate(product.dataDir)).code, 0);
    const whole = Date.now() - start;
    let changed = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = keyOf(product.dataDir);
      const program = new Program(BINARY, ['rotate-master-key', '--data-dir', product.dataDir], {});
      await sleep(Math.random() * whole);
      await program.kill();
      await product.startAgain();
      await expectAllBack();
      await product.stop();
      for (const leftover of ['master.key.old', 'master.key.new']) assert.ok(!existsSync(join(product.dataDir, leftover)));
      if (keyOf(product.dataDir) !== before) changed += 1;
    }
    t.diagnostic(`${changed} of ${KILLS} changes came through`);
    await product.startAgain();
  });

  test('comes from the environment when the operator wants it so', async () => {
    await product.stop();
    const folder = temporaryFolder();
    cpSync(product.dataDir, folder, { recursive: true });
    chmodSync(folder, 0o700);
    const mine = 'ab'.repeat(32);
    const { code, stderr } = await rotate(folder, { PATCHBAY_NEW_MASTER_KEY: mine });
    assert.equal(code, 0, stderr);
    assert.equal(keyOf(folder), mine);
    const wrong = await rotate(folder, { PATCHBAY_NEW_MASTER_KEY: 'short' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /PATCHBAY_NEW_MASTER_KEY.*64 hexadecimal digits/);
    assert.ok(!wrong.stderr.includes('short'));
    await product.startAgain();
  });
});

describe('credentials that cannot be read', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let account;
  let broken;
  let other;
  let intact;
  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
    broken = (await account.createInstance('broken')).id;
    other = (await account.createInstance('other')).id;
    await account.link(broken);
    await account.link(other);
    await product.stop();
    intact = sql(product.dataDir, `SELECT hex(sealed) FROM credentials WHERE instance_id = '${broken}'`);
    sql(product.dataDir, `UPDATE credentials SET sealed = zeroblob(80) WHERE instance_id = '${broken}'`);
    await product.startAgain();
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
  });
  const stored = () => sql(product.dataDir, `SELECT hex(sealed) FROM credentials WHERE instance_id = '${broken}'`);

  test('stop their instance with a reason and a next step; the others go on', async () => {
    await account.reaches(other, 'CONNECTED');
    await account.reaches(broken, 'ERROR');
    const { status: { reason, nextStep } } = await account.ok('GET', `/api/instances/${broken}/status`);
    assert.equal(reason.code, 'CREDENTIALS_DAMAGED');
    assert.equal(nextStep.what, 'OPERATOR');
    assert.match(nextStep.text, /Restore the database or the master key; or log out/);
  });

  test('are never replaced by a new identity', async () => {
    const before = stored();
    for (const action of ['connect', 'restart']) {
      const { status, body } = await account.call('POST', `/api/instances/${broken}/${action}`);
      assert.equal(body.success, false, `${action} was answered ${status}`);
      assert.match(JSON.stringify(body), /cannot be read; restore the database/);
    }
    assert.equal(await account.status(broken), 'ERROR');
    assert.equal(stored(), before);
  });

  test('are used again once they are restored, without anybody connecting', async () => {
    await product.stop();
    sql(product.dataDir, `UPDATE credentials SET sealed = x'${intact}' WHERE instance_id = '${broken}'`);
    await product.startAgain();
    await account.reaches(broken, 'CONNECTED');
  });

  test('are given up by a log-out, and the instance is linked anew', async () => {
    await product.stop();
    sql(product.dataDir, `UPDATE credentials SET sealed = x'00' WHERE instance_id = '${broken}'`);
    await product.startAgain();
    await account.reaches(broken, 'ERROR');
    await account.act(broken, 'logout');
    assert.equal(stored(), '');
    await account.link(broken);
  });

  test('do not keep an instance from being deleted', async () => {
    await product.stop();
    sql(product.dataDir, `UPDATE credentials SET sealed = x'00' WHERE instance_id = '${broken}'`);
    await product.startAgain();
    await account.reaches(broken, 'ERROR');
    await account.ok('DELETE', `/api/instances/${broken}`);
    assert.equal(sql(product.dataDir, `SELECT count(*) FROM credentials WHERE instance_id = '${broken}'`), '0');
  });
});

describe('an account that moves', { concurrency: 1 }, () => {
  const session = (...args) => run(BINARY, ['session', ...args], { env: { PATCHBAY_BUNDLE_PASSPHRASE: 'correct horse battery' } });
  const folder = temporaryFolder();
  const out = join(folder, 'bundle');
  let sandbox;
  let product;
  let account;
  let id;
  before(async () => {
    sandbox = await Sandbox.start();
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
    ({ id } = await account.createInstance('shop'));
    await account.link(id);
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
  });

  test('does so with its server stopped, and every mistake is named', async () => {
    const running = await session('export', '--data-dir', product.dataDir, '--instance', id, '--out', out);
    assert.equal(running.code, 1);
    assert.match(running.stderr, /in use by another Patchbay/);
    assert.ok(!existsSync(out));
    await product.stop();
    for (const [args, pattern] of [
      [['import', '--data-dir', product.dataDir], /--baileys FOLDER/],
      [['import', '--data-dir', product.dataDir, out], /--instance ID/],
      [['import', '--data-dir', product.dataDir, out, '--create', 'x'], /--owner/],
      [['export', '--data-dir', product.dataDir], /required/],
    ]) {
      const { code, stderr } = await session(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, pattern);
    }
    const wrong = join(folder, 'wrong');
    writeFileSync(wrong, 'no bundle');
    const none = await session('import', '--data-dir', product.dataDir, '--instance', id, wrong);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no bundle of a session/);
  });

  test('is connected at another server without a code, and rests at the one it left', async () => {
    const there = await Product.start({ sandbox });
    const owner = await Account.register(there.target);
    await there.stop();
    const exported = await session('export', '--data-dir', product.dataDir, '--instance', id, '--out', out);
    assert.equal(exported.code, 0, exported.stderr);
    const imported = await session('import', '--data-dir', there.dataDir, '--create', 'shop', '--owner', owner.credentials.email, out);
    assert.equal(imported.code, 0, imported.stderr);
    await there.startAgain();
    await product.startAgain();
    const [{ id: moved }] = (await owner.ok('GET', '/api/instances')).instances;
    await owner.act(moved, 'connect');
    await owner.reaches(moved, 'CONNECTED');
    const { reason } = await account.instance(id);
    assert.equal(reason.code, 'EXPORTED');
    assert.equal((await (await account.phone(id)).state()).devices.length, 1, 'the same device');
    assert.deepEqual(await sandbox.violations(), []);
    await there.stop();
  });
});
