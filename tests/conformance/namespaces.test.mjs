// npm's socket.io-client, namespaces and heartbeats: the parts that need the profile with short timers.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, connected, nextEvent, TRANSPORTS } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

describe("npm's client, namespaces and heartbeats", { concurrency: 2 }, () => {
  for (const row of matrix()) {
    describe(row.name, { concurrency: 1 }, () => {
      let server;
      let clients;
      before(async () => {
        server = await startServer(row, 'suites');
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        test(`${name}: several namespaces share a connection`, async () => {
          const main = clients.open({ transports });
          const custom = main.io.socket('/custom', {});
          await Promise.all([connected(main), connected(custom)]);
          assert.notEqual(main.id, custom.id);
          assert.match(main.id, /^[A-Za-z0-9_-]{20}$/);
          custom.disconnect();
          assert.deepEqual(await ask(main, 'message-with-ack', 'still here'), 'still here');
        });
        test(`${name}: an unknown namespace is refused by name`, async () => {
          assert.equal((await clients.refused({ transports }, '/random')).message, 'Invalid namespace');
        });
        test(`${name}: a middleware refuses with a message and data, or lets in`, async () => {
          const error = await clients.refused({ transports, auth: { token: 'closed' } }, '/guarded');
          assert.equal(error.message, 'Not allowed');
          assert.deepEqual(error.data, { code: 'GUARDED' });
          const inside = await clients.connect({ transports, auth: { token: 'open' } }, '/guarded');
          assert.ok(inside.connected);
        });
        // Node's server makes a socket of each request, and now and then closes the connection for the leftover ones.
        if (row.program !== 'reference')
          test(`${name}: leaving and coming back while a middleware decides costs no other namespace`, async () => {
            const main = await clients.connect({ transports });
            const { id } = main;
            const slow = main.io.socket('/slow', {});
            for (let n = 0; n < 3; n += 1) slow.disconnect().connect();
            await connected(slow);
            slow.disconnect();
            assert.deepEqual(await ask(main, 'message-with-ack', 'still here'), 'still here');
            assert.equal(main.id, id);
          });
      }

      test('the credentials of the handshake reach the server', async () => {
        const socket = clients.open({ auth: { token: '123', nested: { list: [1, null] } } });
        const [auth] = await nextEvent(socket, 'auth');
        assert.deepEqual(auth, { token: '123', nested: { list: [1, null] } });
      });

      test('a client that answers its pings stays connected', async () => {
        const socket = await clients.connect();
        let pings = 0;
        socket.io.on('ping', () => { pings += 1; });
        const { id } = socket;
        await until(() => pings >= 4, 'four pings');
        assert.equal(socket.id, id);
      });

      test('a client notices a server that has stopped answering, and comes back', async () => {
        const socket = await clients.connect({ transports: ['websocket'] });
        process.kill(server.program.pid, 'SIGSTOP');
        try {
          const [reason] = await nextEvent(socket, 'disconnect');
          assert.equal(reason, 'ping timeout');
        } finally {
          process.kill(server.program.pid, 'SIGCONT');
        }
        await connected(socket);
        assert.equal(await ask(socket, 'message-with-ack', 'back'), 'back');
      });
    });
  }
});
