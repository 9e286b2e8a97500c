// Accounts that the real npm package baileys has written are taken over, moved as a bundle, and taken over again.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Curve, proto, useMultiFileAuthState } from 'baileys';
import { run, temporaryFolder } from '../support/process.mjs';
import { Account, BINARY, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { until } from '../support/wait.mjs';
import { Baileys } from './baileys_client.mjs';

const PASSPHRASE = 'correct horse battery';
const PREKEYS = 30;

/** A folder as Baileys leaves it behind after a pairing and its first upload of prekeys. */
async function baileysFolder() {
  const folder = temporaryFolder('patchbay-baileys-');
  const { state, saveCreds } = await useMultiFileAuthState(folder);
  const { creds, keys } = state;
  Object.assign(creds, {
    me: { id: '15551234567:12@s.whatsapp.net', lid: '99887766554433:12@lid', name: 'Anna' },
    account: proto.ADVSignedDeviceIdentity.create({
      details: randomBytes(20), accountSignatureKey: Curve.generateKeyPair().public,
      accountSignature: randomBytes(64), deviceSignature: randomBytes(64),
    }),
    platform: 'android',
    routingInfo: randomBytes(12),
    nextPreKeyId: PREKEYS + 1,
    firstUnuploadedPreKeyId: PREKEYS + 1,
    registered: true,
  });
  const prekeys = {};
  for (let id = 1; id <= PREKEYS; id += 1) prekeys[id] = Curve.generateKeyPair();
  await keys.set({
    'pre-key': prekeys,
    session: { '15557654321.0': randomBytes(50), '15557654321.3': randomBytes(50) },
    'sender-key': { '120363@g.us::15557654321::0': randomBytes(50) },
    'app-state-sync-key': { 'AAA/B==': { keyData: randomBytes(32), timestamp: 1 } },
  });
  await saveCreds();
  return folder;
}

describe('an account of Baileys', { concurrency: 1 }, () => {
  let dataDir;
  let instance;
  let product;
  let account;
  let folder;
  const session = (args, env = {}) => run(BINARY, ['session', ...args], { env: { PATCHBAY_BUNDLE_PASSPHRASE: PASSPHRASE, ...env } });
  const importFolder = (from, ...args) => session(['import', '--data-dir', dataDir, '--baileys', from, ...args]);

  before(async () => {
    folder = await baileysFolder();
    product = await Product.start();
    account = await Account.register(product.target);
    instance = await account.createInstance('shop');
    await product.stop();
    ({ dataDir } = product);
  });

  test('is taken over with its prekeys, and what stays behind is named', async () => {
    const { code, stdout, stderr } = await importFolder(folder, '--instance', instance.id);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Imported the account 15551234567 into the instance .* with 30 prekeys/);
    assert.match(stdout, /Not taken over: 2 encrypted sessions/);
    assert.match(stdout, /Not taken over: 1 keys of groups/);
    assert.match(stdout, /Not taken over: 1 keys of the synchronised settings/);
    assert.doesNotMatch(stdout, /other kinds/, 'every file that Baileys writes is known');
  });

  test('is encrypted at rest: none of its keys is in the files of the database', () => {
    const creds = JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8'));
    const secrets = [creds.noiseKey.private, creds.signedIdentityKey.private, creds.signedPreKey.keyPair.private]
      .map(({ data }) => Buffer.from(data, 'base64')).concat(Buffer.from(creds.advSecretKey, 'base64'));
    for (const name of readdirSync(dataDir)) {
      const bytes = readFileSync(join(dataDir, name));
      for (const secret of secrets) assert.equal(bytes.indexOf(secret), -1, name);
    }
  });

  test('shows its number, rests, and replaces no link without being told to', async () => {
    const again = await importFolder(folder, '--instance', instance.id);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /--replace/);
    assert.equal((await importFolder(folder, '--instance', instance.id, '--replace')).code, 0);
  });

  test('moves as a bundle into a new instance', async () => {
    const out = join(temporaryFolder(), 'account.bundle');
    const exported = await session(['export', '--data-dir', dataDir, '--instance', instance.id, '--out', out]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stdout, /disconnected here from now on/);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const bytes = readFileSync(out);
    assert.match(bytes.toString('latin1'), /15551234567:12@s\.whatsapp\.net/, 'the header is readable');

    const create = ['--create', 'moved', '--owner', account.credentials.email];
    const wrong = await session(['import', '--data-dir', dataDir, ...create, out], { PATCHBAY_BUNDLE_PASSPHRASE: 'not the passphrase' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /passphrase is not the one/);
    const tampered = join(temporaryFolder(), 'tampered');
    bytes[60] ^= 1;
    writeFileSync(tampered, bytes);
    const refused = await session(['import', '--data-dir', dataDir, ...create, tampered]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cut off or was changed/);

    const file = join(temporaryFolder(), 'passphrase');
    writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const imported = await session(['import', '--data-dir', dataDir, ...create, '--passphrase-file', file, out], { PATCHBAY_BUNDLE_PASSPHRASE: '' });
    assert.equal(imported.code, 0, imported.stderr);

    await product.startAgain();
    const { instances } = await account.ok('GET', '/api/instances');
    const moved = instances.find(({ name }) => name === 'moved');
    assert.equal(moved.phone, '15551234567');
    assert.equal(moved.displayName, 'Anna');
    await product.stop();
  });

  test('with a key that does not fit, or never linked, is refused with the name of the file', async () => {
    const damaged = await baileysFolder();
    const file = join(damaged, 'pre-key-7.json');
    const pair = JSON.parse(readFileSync(file, 'utf8'));
    pair.public.data = Buffer.from(Curve.generateKeyPair().public).toString('base64');
    writeFileSync(file, JSON.stringify(pair));
    const refused = await importFolder(damaged, '--create', 'never', '--owner', account.credentials.email);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /pre-key-7\.json.*does not belong to its private key/);

    const unlinked = temporaryFolder();
    const { saveCreds } = await useMultiFileAuthState(unlinked);
    await saveCreds();
    const never = await importFolder(unlinked, '--create', 'never', '--owner', account.credentials.email);
    assert.equal(never.code, 1);
    assert.match(never.stderr, /never linked to a phone/);
    assert.match((await importFolder(temporaryFolder(), '--create', 'never', '--owner', 'x@example.org')).stderr, /creds\.json/);
  });
});

describe('a link that Baileys made', { concurrency: 1 }, () => {
  test('goes on in Patchbay: the same device logs in, without a code', async () => {
    const sandbox = await Sandbox.start();
    const { number } = await sandbox.post('/phones', { pushName: 'Anna' });
    const baileys = await new Baileys(sandbox).pairByQr(number);
    const { jid, signedPrekey } = await sandbox.device(number, ({ active, prekeys }) => active && prekeys === 812, 'active with prekeys');
    await baileys.disconnect();
    await sandbox.device(number, ({ connected }) => !connected, 'disconnected');
    const written = () => JSON.parse(readFileSync(join(baileys.folder, 'creds.json'), 'utf8')).nextPreKeyId === 813;
    await until(written, 'the last keys in the folder');

    const product = await Product.start({ sandbox });
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance('shop');
      await product.stop();
      const imported = await run(BINARY, ['session', 'import', '--data-dir', product.dataDir, '--baileys', baileys.folder, '--instance', id]);
      assert.equal(imported.code, 0, imported.stderr);
      await product.startAgain();
      await account.act(id, 'connect');
      await account.reaches(id, 'CONNECTED');
      assert.equal((await account.instance(id)).phone, number);
      const { devices } = await sandbox.phone(number);
      assert.deepEqual(devices.map((device) => [device.jid, device.signedPrekey, device.active]), [[jid, signedPrekey, true]]);
      const types = (await account.events(id)).map(({ type }) => type);
      assert.ok(!types.includes('instance:qr:generated'), 'no code was asked for');
      assert.deepEqual(await sandbox.violations(), []);
    } finally {
      await product.stop();
      await sandbox.stop();
    }
  });
});
