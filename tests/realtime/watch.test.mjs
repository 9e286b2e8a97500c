// `patchbay watch` against a running server: the first picture, status and QR codes as they come, JSON lines, a
// terminal, reconnection, refusals with their exit codes, and no secret anywhere.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Program, run, temporaryFolder } from '../support/process.mjs';
import { Account, BINARY, Product } from '../support/product.mjs';
import { certificate } from '../support/tls.mjs';
import { until } from '../support/wait.mjs';

const BLOCKS = /[█▀▄]{10}/;

for (const shape of [{ name: 'plain' }, { name: 'TLS', tls: true }]) {
  describe(`patchbay watch, ${shape.name}`, { concurrency: 1 }, () => {
    let product;
    let account;
    let program;
    before(async () => { product = await Product.start(shape); });
    beforeEach(async () => { account = await Account.register(product.target); });
    afterEach(async () => {
      if (program && !program.exited) await program.stop('SIGINT');
      program = undefined;
    });
    after(() => product?.stop());

    const trust = shape.tls ? ['--ca-file', certificate().certFile] : [];
    const args = (...more) => ['watch', '--url', product.target.url, ...trust, ...more];
    const start = (...more) => {
      program = new Program(BINARY, args(...more), { env: { PATCHBAY_TOKEN: account.token } });
      return program;
    };
    const refused = (more, env = {}) => run(BINARY, args(...more), { env: { PATCHBAY_TOKEN: '', ...env } });
    const shows = (text) => until(() => {
      if (program.exited) throw new Error(`it ended: ${program.stderr}`);
      return text instanceof RegExp ? text.test(program.stdout) : program.stdout.includes(text);
    }, `${text} on standard output, which is ${program.stdout.slice(-2000)}`);
    const lines = () => program.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));

    test('lines: the first picture, then status and code as they come', async () => {
      const { id, name } = await account.createInstance();
      start();
      await shows(name);
      await shows('-- connected');
      await account.act(id, 'connect');
      await shows(`${name} QR_REQUIRED`);
      await shows(BLOCKS);
      await account.scan(id, { number: '491701234568', pushName: 'Ann' });
      await shows(`${name} CONNECTED`);
      await shows(`${name} connected as 491701234568`);
      assert.ok(!program.stdout.includes('\x1b'), 'no escape sequences where there is no terminal');
      assert.deepEqual(await program.stop('SIGTERM'), { code: 0, signal: null });
    });

    test('--json: one object a line, of one instance only when asked', async () => {
      const wanted = await account.createInstance();
      const other = await account.createInstance();
      start('--json', '--instance', wanted.id);
      await until(() => lines().some(({ event, data }) => event === 'watch' && data.status === 'connected'), 'connected');
      await account.act(other.id, 'connect');
      await account.act(wanted.id, 'connect');
      await until(() => lines().some(({ event }) => event === 'instance:qr:generated'), 'a code');
      const code = lines().find(({ event }) => event === 'instance:qr:generated').data;
      assert.equal(code.instanceId, wanted.id);
      assert.equal(code.qrText, (await account.ok('GET', `/api/instances/${wanted.id}/qr`)).qrText);
      assert.equal(lines()[0].event, 'instance');
      assert.ok(!program.stdout.includes(other.id));
    });

    test('an instance made while it runs shows up, with its code', async () => {
      start();
      await shows('-- connected');
      const { id, name } = await account.createInstance();
      await account.act(id, 'connect');
      await shows(`${name} QR code to scan`);
    });

    test('on a terminal it draws in place and puts back what was there', async () => {
      const { id, name } = await account.createInstance();
      const command = [BINARY, ...args('--instance', id)].join(' ');
      program = new Program('script', ['-qefc', `stty cols 100 rows 70; exec ${command}`, '/dev/null'], {
        env: { PATCHBAY_TOKEN: account.token, TERM: 'xterm' },
      });
      await shows('\x1b[?1049h');
      await shows(name);
      await account.act(id, 'connect');
      await shows(`Scan for ${name}`);
      await shows(BLOCKS);
      await account.scan(id);
      await shows('\x1b[32mCONNECTED');
      const [child] = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim().split(' ');
      process.kill(Number(child), 'SIGINT');
      assert.equal((await program.exit).code, 0);
      assert.ok(program.stdout.endsWith('\x1b[?25h\x1b[?1049l'), 'cursor and screen are back');
    });

    test('an API key watches its own instance', async () => {
      const { id } = await account.createInstance();
      const key = await account.createKey(id);
      const secret = JSON.stringify(key).match(/wa_[\w-]+/)[0];
      program = new Program(BINARY, args('--json', '--instance', id), { env: { PATCHBAY_TOKEN: secret } });
      await until(() => lines().some(({ data }) => data.instanceId === id), 'the present of the instance');
      await account.act(id, 'connect');
      await until(() => lines().some(({ event }) => event === 'instance:qr:generated'), 'a code');
      const nothing = await refused([], { PATCHBAY_TOKEN: secret });
      assert.equal(nothing.code, 2);
      assert.match(nothing.stderr, /--instance/);
    });

    test('it comes back by itself when the server does', async () => {
      const { id, name } = await account.createInstance();
      start();
      await shows('-- connected');
      await product.kill();
      await shows('-- reconnecting');
      await product.startAgain();
      await until(() => program.stdout.split('-- connected').length === 3, 'connected again');
      await account.act(id, 'connect');
      await shows(`${name} QR_REQUIRED`);
    });

    test('the token is nowhere to be seen', async () => {
      const folder = temporaryFolder();
      const file = join(folder, 'token');
      writeFileSync(file, `${account.token}\n`, { mode: 0o600 });
      for (const way of [['--token', account.token], [`--token=${account.token}`], ['--token-file', file]]) {
        program = new Program(BINARY, args(...way), { env: { PATCHBAY_TOKEN: '' } });
        await shows('-- connected');
        assert.ok(!readFileSync(`/proc/${program.pid}/cmdline`, 'utf8').includes(account.token));
        assert.ok(!(program.stdout + program.stderr).includes(account.token));
        await program.stop('SIGINT');
      }
      assert.ok(!product.stderr.includes(account.token));
    });

    test('refusals say what is wrong, with an exit code for each kind', async () => {
      const broken = await refused([], { PATCHBAY_TOKEN: `${account.token}x` });
      assert.deepEqual([broken.code, broken.stdout], [3, '']);
      assert.match(broken.stderr, /^patchbay: the server answered 401 Unauthorized: .*Log in again/);
      assert.ok(!broken.stderr.includes(account.token));
      const none = await refused([]);
      assert.equal(none.code, 2);
      assert.match(none.stderr, /PATCHBAY_TOKEN/);
      const unknown = await refused(['--instance', 'nobody'], { PATCHBAY_TOKEN: account.token });
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /no instance 'nobody'/);
      const env = { PATCHBAY_TOKEN: account.token };
      const nowhere = await run(BINARY, ['watch', '--url', 'http://127.0.0.1:1'], { env });
      assert.equal(nowhere.code, 1);
      assert.match(nowhere.stderr, /cannot connect to '127.0.0.1' port 1: Connection refused/);
      const bad = await run(BINARY, ['watch', '--url', 'localhost'], { env });
      assert.equal(bad.code, 2);
      if (shape.tls) {
        const untrusted = await run(BINARY, ['watch', '--url', product.target.url], { env });
        assert.equal(untrusted.code, 1);
        assert.match(untrusted.stderr, /certificate is not trusted/);
      }
    });

    if (shape.tls) {
      test('--insecure trusts any certificate', async () => {
        program = new Program(BINARY, ['watch', '--url', product.target.url, '--insecure'],
          { env: { PATCHBAY_TOKEN: account.token } });
        await shows('-- connected');
      });
    }
  });
}
