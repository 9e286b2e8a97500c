// Our C++ client (testbed/client.cc drives it) against Node's socket.io and against our server: transports and upgrade,
// acknowledgements and binary both ways, namespaces, refusals, reconnection, TLS, state recovery.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';
import { Server } from 'socket.io';
import { REPOSITORY } from '../support/process.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { certificate } from '../support/tls.mjs';
import { until } from '../support/wait.mjs';

const TESTBED = process.env.PATCHBAY_TESTBED ?? join(REPOSITORY, 'build/release/testbed/testbed');
const CLIENT = process.env.PATCHBAY_TESTCLIENT ?? join(dirname(TESTBED), 'testclient');

/** The C++ client as a program: commands in, what happened out. */
class CppClient {
  constructor() {
    if (!existsSync(CLIENT)) throw new Error(`${CLIENT} does not exist: build testclient, or set PATCHBAY_TESTCLIENT`);
    this.told = [];
    this.child = spawn(CLIENT, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exit = new Promise((resolve) => { this.child.once('close', (code, signal) => resolve({ code, signal })); });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.told.push(JSON.parse(line)));
  }

  do(what, more = {}) { this.child.stdin.write(`${JSON.stringify({ do: what, ...more })}\n`); }

  /** The next thing of that kind which nobody has waited for yet. */
  async next(is, matches = () => true) {
    const find = () => this.told.findIndex((it) => it.is === is && matches(it));
    await until(() => find() >= 0, `"${is}" from the client; it told ${JSON.stringify(this.told)}`, undefined, 5);
    return this.told.splice(find(), 1)[0];
  }

  async ask(event, args, nsp = '/') {
    this.do('emit', { event, args, ack: event, nsp });
    const answer = await this.next('ack');
    assert.equal(answer.error, undefined);
    return answer.args;
  }

  /** Ends it by closing its input; it must leave cleanly. */
  async end() {
    this.child.stdin.end();
    assert.deepEqual(await this.exit, { code: 0, signal: null });
  }
}

const WAYS = {
  'polling, then upgrade': ['polling', 'websocket'], 'polling only': ['polling'], 'WebSocket only': ['websocket'],
};
const BINARY = { $binary: Buffer.from([0, 1, 2, 255]).toString('base64') };

for (const row of matrix(['reference', 'reference-tls', 'one', 'four', 'four-tls'])) {
  describe(`C++ client, ${row.name}`, { concurrency: 1 }, () => {
    let server;
    let client;
    before(async () => { server = await startServer(row, 'bench'); });
    after(() => server?.program.stop());
    afterEach(() => client?.end());

    const connect = (more = {}) => {
      client ??= new CppClient();
      client.do('connect', { url: server.target.url, ...(row.tls ? { caFile: certificate().certFile } : {}), ...more });
    };

    for (const [name, transports] of Object.entries(WAYS)) {
      test(`questions and answers, text and binary, both ways: ${name}`, async () => {
        client = new CppClient();
        connect({ transports });
        const { id } = await client.next('connect');
        assert.equal(id.length, 20);
        assert.deepEqual(await client.ask('echo', [{ text: 'ä', list: [1, null] }]), [{ text: 'ä', list: [1, null] }]);
        assert.deepEqual(await client.ask('echo', [BINARY]), [BINARY]);
        const large = 'x'.repeat(300_000);
        assert.deepEqual(await client.ask('echo', [large]), [large]);
        assert.deepEqual(await client.ask('call-back', ['text', BINARY, 5]), ['text', BINARY, 5]);
        assert.deepEqual((await client.next('event')).args, ['text', BINARY, 5]);
        const wanted = transports.at(-1);
        await until(async () => {
          client.do('transport');
          return (await client.next('transport')).transport === wanted;
        }, `transport ${wanted}`);
      });
    }

    test('events of a room reach it, in order', async () => {
      client = new CppClient();
      connect();
      await client.next('connect');
      await client.ask('subscribe:instance', ['room']);
      for (let n = 0; n < 20; n += 1) client.do('emit', { event: 'publish', args: ['room', { n }] });
      for (let n = 0; n < 20; n += 1) assert.deepEqual((await client.next('event')).args, [{ n }]);
    });

    test('namespaces: one connection, a refusal with its data, an unknown one', async () => {
      client = new CppClient();
      connect();
      await client.next('connect');
      connect({ nsp: '/guarded' });
      const refused = await client.next('connect_error');
      assert.deepEqual([refused.nsp, refused.message, refused.byServer, refused.data],
        ['/guarded', 'Not allowed', true, { code: 'GUARDED' }]);
      connect({ nsp: '/nowhere' });
      assert.equal((await client.next('connect_error')).message, 'Invalid namespace');
      assert.deepEqual(await client.ask('echo', [1]), [1]);
    });

    test('a guarded namespace with the right credentials', async () => {
      client = new CppClient();
      connect({ nsp: '/guarded', auth: { token: 'open' } });
      assert.equal((await client.next('connect')).nsp, '/guarded');
    });

    test('the server says goodbye; the client comes back when told to', async () => {
      client = new CppClient();
      connect();
      await client.next('connect');
      client.do('emit', { event: 'disconnect-me', args: [false] });
      assert.equal((await client.next('disconnect')).reason, 'io server disconnect');
      connect();
      await client.next('connect');
      client.do('disconnect');
      assert.equal((await client.next('disconnect')).reason, 'io client disconnect');
    });

    test('the server is killed and started again: it reconnects and sends what waited', async () => {
      client = new CppClient();
      connect();
      await client.next('connect');
      await server.program.kill();
      assert.match((await client.next('disconnect')).reason, /^transport (close|error)$/);
      client.do('emit', { event: 'echo', args: ['kept'], ack: 'kept' });
      await client.next('connect_error');
      server = await startServer(row, 'bench', { port: server.port });
      await client.next('connect');
      assert.deepEqual((await client.next('ack')).args, ['kept']);
    });
  });
}

describe("C++ client, Node's socket.io with connection state recovery", () => {
  test('gets back its id and what it missed', async () => {
    const http = createServer();
    const io = new Server(http, { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } });
    await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
    const client = new CppClient();
    try {
      client.do('connect', { url: `http://127.0.0.1:${http.address().port}` });
      const first = await client.next('connect');
      assert.equal(first.recovered, false);
      io.emit('news', 1);
      assert.equal((await client.next('event')).args[0], 1);
      const [socket] = await io.fetchSockets();
      io.sockets.sockets.get(socket.id).conn.close();
      io.emit('news', 2);
      await client.next('disconnect');
      const second = await client.next('connect');
      assert.equal(second.recovered, true);
      assert.equal(second.id, first.id);
      assert.equal((await client.next('event')).args[0], 2);
    } finally {
      await client.end();
      await new Promise((resolve) => { io.close(resolve); });
    }
  });
});
