// npm's socket.io-client with socket.io-msgpack-parser, on the port that also serves the default encoding.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import msgpack from 'socket.io-msgpack-parser';
import { ask, Clients, nextEvent, TRANSPORTS, upgraded } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';

// What either encoding carries unchanged.
const VALUES = [0, -1.5, 2 ** 40, 'text', '', 'ünïcödé 🎉 \u2028 "quoted"', true, null, [], {}, [[1], { a: [{}] }],
  { nested: { deep: [1, '2', null] } }];

describe("npm's client with the MessagePack parser", { concurrency: 1 }, () => {
  // Node serves one encoding a server: there is nothing to compare with.
  for (const row of matrix().filter(({ program, tls }) => program === 'testbed' && !tls)) {
    describe(row.name, () => {
      let server;
      let clients;
      before(async () => {
        server = await startServer(row, 'suites');
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        test(`${name}: events, acknowledgements and binary both ways, beside a client that speaks JSON`, async () => {
          const packed = await clients.connect({ transports, parser: msgpack });
          const plain = await clients.connect({ transports });
          if (transports.length > 1) await Promise.all([upgraded(packed), upgraded(plain)]);
          for (const socket of [packed, plain]) {
            socket.emit('message', ...VALUES);
            assert.deepEqual(await nextEvent(socket, 'message-back'), VALUES);
            assert.deepEqual(await ask(socket, 'message-with-ack', 'hello'), 'hello');
          }
          const bytes = Buffer.from([0, 1, 254, 255]);
          packed.emit('message', bytes, { deep: [bytes] });
          const [first, second] = await nextEvent(packed, 'message-back');
          assert.deepEqual(Buffer.from(first), bytes);
          assert.deepEqual(Buffer.from(second.deep[0]), bytes);
          await Promise.all([ask(packed, 'subscribe:instance', 'room'), ask(plain, 'subscribe:instance', 'room')]);
          const heard = Promise.all([packed, plain].map((socket) => nextEvent(socket, 'instance:status:changed')));
          await ask(packed, 'publish', 'room', { n: 1, bytes });
          for (const [object] of await heard) {
            assert.equal(object.n, 1);
            assert.deepEqual(Buffer.from(object.bytes), bytes);
          }
        });
      }

      test('namespaces and refusals with data', async () => {
        const custom = clients.open({ parser: msgpack, auth: { token: '123' } }, '/custom');
        assert.deepEqual(await nextEvent(custom, 'auth'), [{ token: '123' }]);
        const error = await clients.refused({ parser: msgpack }, '/guarded');
        assert.equal(error.message, 'Not allowed');
        assert.deepEqual(error.data, { code: 'GUARDED' });
      });
    });
  }
});
