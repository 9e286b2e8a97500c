// Connection state recovery with npm's client, whose connection is cut under it.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, connected, nextEvent, TRANSPORTS, upgraded } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

const EVENT = 'instance:status:changed';

/** The numbers that a socket hears, without the place in the log that follows them. */
function listen(socket) {
  const heard = [];
  socket.on(EVENT, ({ n }) => heard.push(n));
  return heard;
}

/** Cuts the connection as a dead network would, and waits until the client is back. */
async function lose(socket, meanwhile) {
  const gone = nextEvent(socket, 'disconnect');
  socket.io.engine.close();
  await gone;
  await meanwhile();
  await connected(socket);
}

describe('connection state recovery', { concurrency: 1 }, () => {
  for (const row of matrix().filter(({ tls }) => !tls)) {
    describe(row.name, () => {
      let server;
      let clients;
      let publisher;
      const publish = async (...numbers) => {
        for (const n of numbers) await ask(publisher, 'publish', 'room', { n });
      };
      before(async () => {
        server = await startServer(row, 'bench', { extra: ['--recovery'] });
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        test(`${name}: a client that was cut off finds its id and rooms again and misses nothing`, async () => {
          publisher = await clients.connect();
          // Long enough to publish meanwhile.
          const socket = await clients.connect({ transports, reconnectionDelay: 300, reconnectionDelayMax: 300 });
          if (transports.length > 1) await upgraded(socket);
          const heard = listen(socket);
          const { id } = socket;
          await ask(socket, 'subscribe:instance', 'room');
          await publish(1, 2);
          await until(() => heard.length === 2, 'two events');
          await lose(socket, () => publish(3, 4));
          assert.equal(socket.recovered, true);
          assert.equal(socket.id, id);
          await publish(5);
          await until(() => heard.length >= 5, 'five events');
          assert.deepEqual(heard, [1, 2, 3, 4, 5]);
        });
      }

      // Node gives up here.
      if (row.program !== 'reference') test('also before its first event, and again and again', async () => {
        publisher = await clients.connect();
        const socket = await clients.connect({ reconnectionDelay: 300, reconnectionDelayMax: 300 });
        const heard = listen(socket);
        const { id } = socket;
        await ask(socket, 'subscribe:instance', 'room');
        const wanted = [];
        for (let round = 0; round < 4; round += 1) {
          wanted.push(round);
          await lose(socket, () => publish(round));
          assert.equal(socket.recovered, true, `round ${round}`);
          assert.equal(socket.id, id);
        }
        await until(() => heard.length >= wanted.length, 'all events');
        assert.deepEqual(heard, wanted);
      });

      test('a client that leaves of its own will begins anew', async () => {
        const socket = await clients.connect();
        const { id } = socket;
        socket.disconnect();
        socket.connect();
        await connected(socket);
        assert.notEqual(socket.id, id);
        assert.equal(socket.recovered, false);
      });
    });
  }
});
