// Starts that cannot succeed: a sentence on standard error that says what is wrong and what to do, status 1, and
// nothing changed on the disk. And a disk that fills up under a running server.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { ask, Clients } from '../support/clients.mjs';
import { temporaryFolder } from '../support/process.mjs';
import { Account, BINARY, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { startServer } from '../support/servers.mjs';
import { certificate } from '../support/tls.mjs';
import { until } from '../support/wait.mjs';

/** Status 1, and one line that a person understands, perhaps with a cause. */
function assertRefused({ code, signal, stderr }, pattern) {
  assert.equal(signal, null, stderr);
  assert.equal(code, 1, stderr);
  assert.match(stderr, pattern);
  const said = stderr.split('\n').filter((line) => line.startsWith('patchbay: '));
  assert.ok(said.length === 1 || (said.length === 2 && said[1].startsWith('patchbay: cause: ')), stderr);
  assert.ok(!/terminate called|what\(\)|Sanitizer/.test(stderr), stderr);
}

/** What a folder holds, to see that nothing was changed. */
const fingerprint = (folder) => readdirSync(folder).sort().filter((name) => !name.endsWith('.lock') && !name.endsWith('-shm'))
  .map((name) => `${name} ${createHash('sha256').update(readFileSync(join(folder, name))).digest('hex')}`);

describe('starts that cannot succeed', { concurrency: 1 }, () => {
  let dataDir;

  before(async () => {
    // A folder with some life in it, cleanly stopped.
    const product = await Product.start({ env: { PATCHBAY_JWT_SECRET: '' } });
    const account = await Account.register(product.target);
    for (let n = 0; n < 5; n += 1) {
      const { id } = await account.createInstance();
      await account.link(id);
    }
    await product.stop();
    dataDir = product.dataDir;
    assert.ok(!existsSync(join(dataDir, 'patchbay.db-wal')), 'a graceful stop leaves one file');
  });

  /** A copy of that folder. */
  const copy = () => {
    const folder = temporaryFolder('patchbay-data-');
    for (const name of readdirSync(dataDir)) {
      copyFileSync(join(dataDir, name), join(folder, name));
      chmodSync(join(folder, name), 0o600);
    }
    return folder;
  };
  const env = { PATCHBAY_JWT_SECRET: '' };

  test('the copy itself would start', async () => {
    const product = await Product.start({ dataDir: copy(), env });
    await product.stop();
  });

  test('a port that another program has', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address();
    assertRefused(await Product.refused({ port }), new RegExp(`${port}.*taken`));
    other.close();
  });

  test('a port that another Patchbay has, although both could share it', async () => {
    const product = await Product.start();
    assertRefused(await Product.refused({ port: product.port }), /taken/);
    await product.stop();
    const testbed = await startServer({ program: 'testbed', shards: 2 }, 'bench');
    assertRefused(await Product.refused({ port: testbed.port }), /taken/);
    await testbed.program.stop();
  });

  test('an address that is none, or not ours', async () => {
    assertRefused(await Product.refused({ host: 'no.such.host.example', sandbox: false }), /address/);
    assertRefused(await Product.refused({ host: '203.0.113.7', sandbox: false }), /203\.0\.113\.7/);
  });

  test('secrets that are missing, too short or open to others', async () => {
    const folder = temporaryFolder();
    const secret = join(folder, 'secret');
    assertRefused(await Product.refused({ env, args: ['--jwt-secret-file', secret] }), /secret/);
    writeFileSync(secret, 'short', { mode: 0o600 });
    assertRefused(await Product.refused({ env, args: ['--jwt-secret-file', secret] }), /32/);
    assertRefused(await Product.refused({ env: { PATCHBAY_JWT_SECRET: 'short' } }), /32/);
    const without = copy();
    rmSync(join(without, 'master.key'));
    assertRefused(await Product.refused({ dataDir: without, env }), /master key/i);
    const open = copy();
    chmodSync(join(open, 'jwt.secret'), 0o644);
    assertRefused(await Product.refused({ dataDir: open, env }), /chmod 600|open to other/);
    const lost = copy();
    rmSync(join(lost, 'jwt.secret'));
    assertRefused(await Product.refused({ dataDir: lost, env }), /token secret/);
  });

  test('a master key that is another one', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'master.key'), 'ab'.repeat(32), { mode: 0o600 });
    assertRefused(await Product.refused({ dataDir: folder, env }), /master key/);
  });

  test('certificates that are missing, unreadable, no certificates, or of another key', async () => {
    const { certFile, keyFile } = certificate();
    const folder = temporaryFolder();
    const other = join(folder, 'other.pem');
    execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', other], { stdio: 'ignore' });
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, 'this is no certificate');
    const start = (cert, key) => Product.refused({ args: ['--tls-cert', cert, ...(key ? ['--tls-key', key] : [])] });
    assertRefused(await start('/no/such/file.pem', keyFile), /\/no\/such\/file\.pem/);
    assertRefused(await start(certFile, '/no/such/key.pem'), /\/no\/such\/key\.pem/);
    assertRefused(await start(garbage, keyFile), /garbage\.pem/);
    assertRefused(await start(certFile, garbage), /garbage\.pem/);
    assertRefused(await start(folder, keyFile), /TLS/);
    assertRefused(await start(certFile, other), /does not belong|key/);
    assertRefused(await start(certFile), /--tls-key/);
  });

  test('a database that is damaged', async () => {
    const folder = copy();
    const database = join(folder, 'patchbay.db');
    const bytes = readFileSync(database);
    for (let at = 8192; at < bytes.length; at += 3) bytes[at] ^= 0x5a;
    writeFileSync(database, bytes);
    const before = fingerprint(folder);
    assertRefused(await Product.refused({ dataDir: folder, env }), /damaged/);
    assert.deepEqual(fingerprint(folder), before, 'nothing was changed');
  });

  test('a database that is none, or cut off', async () => {
    for (const [content, pattern] of [['this is no database', /no database|damaged/], [null, /damaged|no database/]]) {
      const folder = copy();
      const database = join(folder, 'patchbay.db');
      writeFileSync(database, content ?? readFileSync(database).subarray(0, 10_000));
      const before = fingerprint(folder);
      assertRefused(await Product.refused({ dataDir: folder, env }), pattern);
      assert.deepEqual(fingerprint(folder), before);
    }
  });

  test('a database of a newer Patchbay', async () => {
    const folder = copy();
    const database = join(folder, 'patchbay.db');
    const bytes = readFileSync(database);
    bytes.writeUInt32BE(4711, 60);  // user_version, SQLite file format §1.3
    writeFileSync(database, bytes);
    const before = fingerprint(folder);
    assertRefused(await Product.refused({ dataDir: folder, env }), /newer/);
    assert.deepEqual(fingerprint(folder), before);
  });

  test('a data folder that cannot be one', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'x');
    assertRefused(await Product.refused({ dataDir: file }), /data folder/);
    assertRefused(await Product.refused({ dataDir: '/proc/no/such/folder' }), /data folder/);
  });

  test('a sandbox that is named by halves, or where others could reach it', async () => {
    const [url, root] = ['ws://127.0.0.1:3030/ws/chat', '11'.repeat(32)];
    for (const [args, pattern] of [
      [['--sandbox-url', url], /--sandbox-url and --sandbox-root belong together/],
      [['--sandbox-root', root], /--sandbox-url and --sandbox-root belong together/],
      [['--sandbox-url', url, '--sandbox-root', 'abc'], /64 hexadecimal digits/],
      [['--sandbox-url', 'mailto:nobody', '--sandbox-root', root], /mailto:nobody/],
      [['--sandbox-url', url, '--sandbox-root', root, '--sandbox'], /exclude each other/],
      [['--sandbox-url', url, '--sandbox-root', root, '--sandbox-ca', '/no/such/file'], /\/no\/such\/file/],
      [['--sandbox-ca', '/no/such/file'], /give that too/],
    ]) assertRefused(await Product.refused({ sandbox: false, args }), pattern);
    for (const args of [['--sandbox'], ['--sandbox-url', url, '--sandbox-root', root]])
      assertRefused(await Product.refused({ sandbox: false, host: '0.0.0.0', args }), /loopback only/);
  });

  test('a command line that makes no sense: status 2 and the name of the option', async () => {
    for (const [args, pattern] of [[['--no-such-option'], /no-such-option/], [['--port', 'many'], /port/],
      [['--qr-format', 'gif'], /qr-format/], [['--request-timeout-ms', '-5'], /request-timeout/]]) {
      const { code, stderr, stdout } = await Product.refused({ sandbox: false, args });
      assert.equal(code, 2, stderr);
      assert.match(stderr + stdout, pattern);
    }
  });
});

describe('a full disk', { concurrency: 1 }, () => {
  let sandbox;
  let folder;
  let mounted = false;
  let product;
  let ballast;

  before(async () => {
    folder = temporaryFolder('patchbay-small-');
    sandbox = await Sandbox.start();
    const options = { sandbox, dataDir: join(folder, 'data') };
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Not allowed here: files that may not grow beyond a size say the same to a database.
      Object.assign(options, { command: 'sh', prefix: ['-c', 'trap "" XFSZ; ulimit -f 1024; exec "$@"', 'sh', BINARY] });
    }
    mkdirSync(options.dataDir);
    ballast = join(options.dataDir, 'ballast');
    product = await Product.start(options);
  });
  after(async () => {
    await product?.kill();
    await sandbox?.stop();
    if (mounted) execFileSync('umount', ['-l', folder]);
  });

  test('writes are refused with a clear error, reads go on, and nothing acknowledged is lost', async (t) => {
    t.diagnostic(mounted ? 'a tmpfs of 3 MB' : 'a limit on the size of files');
    const account = await Account.register(product.target);
    const { id } = await account.createInstance();
    if (mounted) {
      // Whatever is left is taken.
      try { writeFileSync(ballast, Buffer.alloc(3 << 20)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
    }
    let acknowledged;
    let refused;
    for (let n = 10_000; !refused && n < 60_000; n += 1) {
      const answer = await account.call('PUT', `/api/instances/${id}`, { settings: { keepAliveIntervalMs: n } });
      if (answer.status === 200) acknowledged = n; else refused = answer;
    }
    assert.ok(refused, 'the disk never filled up');
    assert.equal(refused.status, mounted ? 507 : refused.status, JSON.stringify(refused.body));
    assert.ok(refused.status >= 500);
    if (mounted) assert.equal(refused.body.error.code, 'STORAGE_FULL');
    assert.ok(refused.body.message.length > 10);

    // Reading, signing in to a socket and health still answer.
    if (acknowledged) assert.equal((await account.instance(id)).settings.keepAliveIntervalMs, acknowledged);
    const clients = new Clients(product.target);
    const socket = await clients.connect({ auth: { token: account.token } });
    assert.equal((await ask(socket, 'subscribe:instance', id)).ok, true);
    clients.close();
    assert.equal(product.program.exited, undefined);

    if (mounted) {
      // Space again: writing goes on by itself.
      rmSync(ballast);
      await until(async () => (await account.call('PUT', `/api/instances/${id}`, {
        settings: { keepAliveIntervalMs: 59_999 },
      })).status === 200, 'writes after space was made');
      await account.link(id);
      acknowledged = 59_999;
    }
    await product.kill();
    if (!mounted) return;
    await product.startAgain();
    assert.equal((await account.instance(id)).settings.keepAliveIntervalMs, acknowledged);
    await account.reaches(id, 'CONNECTED');
    const events = await account.events(id);
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, n) => n + 1));
  });

  test('the first start on a full disk says so', async () => {
    if (!mounted) return;
    await product.kill();
    rmSync(join(folder, 'data'), { recursive: true });
    mkdirSync(join(folder, 'data'));
    try { writeFileSync(ballast, Buffer.alloc(3 << 20)); } catch (error) { assert.equal(error.code, 'ENOSPC'); }
    assert.ok(existsSync(ballast) && statSync(ballast).size > 0);
    assertRefused(await Product.refused({ dataDir: join(folder, 'data') }), /full|space|cannot/);
    rmSync(ballast);
  });
});
