// npm's socket.io-client against every row of the matrix, by WebSocket, by polling and by upgrade.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Fetch, NodeWebSocket } from 'engine.io-client';
import { ask, Clients, connected, nextEvent, record, TRANSPORTS, upgraded } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { until, within } from '../support/wait.mjs';

const MAX_PAYLOAD = 1_000_000;
const VALUES = [0, -1.5, 'text', '', 'ünïcödé 🎉 \u2028 \0 "quoted"', true, null, [], {}, [[1], { a: [{}] }],
  { nested: { deep: [1, '2', null] }, _placeholder: false }];

describe("npm's client", { concurrency: 1 }, () => {
  for (const row of matrix()) {
    describe(row.name, () => {
      let server;
      let clients;
      before(async () => {
        server = await startServer(row, 'bench');
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        describe(name, () => everyTransport(() => clients, transports));
      }

      test('polling through pooled connections, as browsers do it', async (t) => {
        if (row.tls) return t.diagnostic('fetch cannot be told to trust the certificate');
        const sockets = await Promise.all(Array.from({ length: 8 }, () => clients.connect({ transports: [Fetch] })));
        for (let n = 0; n < 20; n += 1) {
          const answers = await Promise.all(sockets.map((socket, index) => ask(socket, 'echo', [index, n])));
          assert.deepEqual(answers, sockets.map((_, index) => [index, n]));
        }
        const mixed = await clients.connect({ transports: [Fetch, NodeWebSocket] });
        await upgraded(mixed);
        assert.equal(await ask(mixed, 'echo', 'after'), 'after');
        return undefined;
      });

      test('two hundred clients over mixed transports, their requests spread over the shards', async () => {
        const agent = server.target.agent({ keepAlive: true });
        const kinds = Object.values(TRANSPORTS);
        const count = 200;
        const sockets = Array.from({ length: count }, (_, n) => clients.open({
          transports: kinds[n % kinds.length], agent, timeout: 60_000,
        }));
        await Promise.all(sockets.map((socket) => connected(socket, 60_000)));
        assert.equal(new Set(sockets.map((socket) => socket.id)).size, count, 'every socket has an id of its own');
        await Promise.all(sockets.map(async (socket, n) => {
          for (let round = 0; round < 3; round += 1) {
            assert.deepEqual(await ask(socket, 'echo', { n, round }), { n, round });
          }
          await ask(socket, 'subscribe:instance', 'everybody');
        }));
        const received = Array.from({ length: count }, () => []);
        sockets.forEach((socket, n) => socket.on('instance:status:changed', ({ seq }) => received[n].push(seq)));
        const wanted = Array.from({ length: 10 }, (_, seq) => seq);
        for (const seq of wanted) await ask(sockets[0], 'publish', 'everybody', { seq });
        await until(() => received.every((list) => list.length >= wanted.length), 'everybody heard everything', 60_000);
        for (const list of received) assert.deepEqual(list, wanted, 'once each, in order');
        agent.destroy();
      });
    });

    describe(`${row.name}, reconnection`, () => {
      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        test(`${name}: clients come back by themselves after the server was killed and started again`, async () => {
          let server = await startServer(row, 'bench');
          const clients = new Clients(server.target);
          try {
            const sockets = await Promise.all(Array.from({ length: 5 }, () => clients.connect({ transports })));
            if (transports.length > 1) await Promise.all(sockets.map((socket) => upgraded(socket)));
            const ids = sockets.map((socket) => socket.id);
            const gone = Promise.all(sockets.map((socket) => nextEvent(socket, 'disconnect')));
            await server.program.kill();
            for (const [reason] of await gone) assert.match(reason, /^transport (close|error)$/);
            server = await startServer(row, 'bench', { port: server.port });
            await Promise.all(sockets.map((socket) => connected(socket, 30_000)));
            for (const [n, socket] of sockets.entries()) {
              assert.notEqual(socket.id, ids[n]);
              assert.equal(await ask(socket, 'echo', n), n);
            }
          } finally {
            clients.close();
            await server.program.stop();
          }
        });
      }

      test('a server that is told to end says goodbye and ends cleanly', async () => {
        const server = await startServer(row, 'bench');
        const clients = new Clients(server.target);
        const sockets = await Promise.all(Object.values(TRANSPORTS).map((transports) => clients.connect({
          transports, reconnection: false,
        })));
        await upgraded(sockets.at(-1));
        const gone = Promise.all(sockets.map((socket) => nextEvent(socket, 'disconnect')));
        assert.deepEqual(await server.program.stop(), { code: 0, signal: null });
        await gone;
        clients.close();
      });
    });
  }
});

/** What has to hold whatever carries the packets. */
function everyTransport(clientsOf, transports) {
  const connect = async (options = {}) => {
    const socket = await clientsOf().connect({ transports, ...options });
    return socket;
  };

  test('an event is acknowledged with any value that JSON knows', async () => {
    const socket = await connect();
    for (const value of VALUES) assert.deepEqual(await ask(socket, 'echo', value), value);
  });

  test('acknowledgements travel from the client to the server too', async () => {
    const socket = await connect();
    socket.on('called-back', (...args) => {
      const ack = args.pop();
      ack('heard', ...args);
    });
    const answer = await within(new Promise((resolve) => {
      socket.emit('call-back', 'a', { b: [3] }, (...args) => resolve(args));
    }), 'acknowledgement');
    assert.deepEqual(answer, ['heard', 'a', { b: [3] }]);
  });

  test('binary data travels both ways, in events and acknowledgements, deep inside objects', async () => {
    const socket = await connect();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    assert.deepEqual(await ask(socket, 'echo', bytes), bytes);
    const deep = { file: { name: 'ü', parts: [bytes, Buffer.alloc(0), bytes.subarray(3, 7)] }, size: 256 };
    assert.deepEqual(await ask(socket, 'echo', deep), deep);
    const seen = nextEvent(socket, 'called-back');
    socket.once('called-back', (data, ack) => ack({ back: data }));
    const answer = await ask(socket, 'call-back', bytes);
    assert.deepEqual((await seen)[0], bytes);
    assert.deepEqual(answer, { back: bytes });
  });

  test('messages keep their order while the connection is being upgraded', async () => {
    const socket = await connect();
    const wanted = Array.from({ length: 300 }, (_, n) => n);
    const got = [];
    const answered = Promise.all(wanted.map(async (n) => {
      got.push(await ask(socket, 'echo', n));
    }));
    await answered;
    assert.deepEqual(got, wanted);
    if (transports.length > 1) await upgraded(socket);
    assert.equal(await ask(socket, 'echo', 'after'), 'after');
    assert.equal(socket.io.engine.transport.name, transports.at(-1));
  });

  test('a broadcast reaches exactly those who are in the room', async () => {
    const [publisher, member, leaver, stranger] = await Promise.all(Array.from({ length: 4 }, () => connect()));
    const heard = [publisher, member, leaver, stranger].map(record);
    await ask(member, 'subscribe:instance', 'room');
    await ask(leaver, 'subscribe:instance', 'room');
    await ask(stranger, 'subscribe:instance', 'room2');
    await ask(publisher, 'publish', 'room', { seq: 1, newStatus: 'CONNECTED' });
    await until(() => heard[1].length === 1 && heard[2].length === 1, 'both members hear the first');
    await ask(leaver, 'unsubscribe:instance', 'room');
    await ask(publisher, 'publish', 'room', { seq: 2, newStatus: 'ERROR' });
    await until(() => heard[1].length === 2, 'the member hears the second');
    // Whatever was on its way to the others arrives before an answer to a later question of theirs.
    await Promise.all([publisher, leaver, stranger].map((socket) => ask(socket, 'echo', 1)));
    const first = ['instance:status:changed', { seq: 1, newStatus: 'CONNECTED' }];
    const second = ['instance:status:changed', { seq: 2, newStatus: 'ERROR' }];
    assert.deepEqual(heard, [[], [first, second], [first], []]);
  });

  test('messages just below the limit pass', async () => {
    const socket = await connect();
    const text = 'x'.repeat(MAX_PAYLOAD - 1000);
    assert.equal(await ask(socket, 'echo', text), text);
    // By polling binary travels as base64, a third longer.
    const bytes = Buffer.alloc(transports[0] === 'polling' ? 740_000 : MAX_PAYLOAD - 1000, 7);
    const answer = await ask(socket, 'echo', bytes);
    assert.ok(bytes.equals(answer));
  });

  test('a message above the limit ends that connection only, with a reason, and the client comes back', async () => {
    const [socket, other] = await Promise.all([connect(), connect()]);
    if (transports.length > 1) await upgraded(socket);
    const { id } = other;
    const gone = nextEvent(socket, 'disconnect');
    socket.emit('echo', 'x'.repeat(MAX_PAYLOAD + 1), () => {});
    const [reason, details] = await gone;
    if (transports.at(-1) === 'websocket') {
      assert.equal(reason, 'transport close');
      assert.equal(details.context.code, 1009);
    } else {
      assert.equal(reason, 'transport error');
      assert.equal(details.context.status, 413);
    }
    await connected(socket);
    assert.equal(await ask(socket, 'echo', 'back'), 'back');
    assert.equal(await ask(other, 'echo', 'undisturbed'), 'undisturbed');
    assert.equal(other.id, id);
  });

  test('each side learns why the other left', async () => {
    for (const close of [false, true]) {
      const socket = await connect();
      const gone = nextEvent(socket, 'disconnect');
      socket.emit('disconnect-me', close);
      assert.equal((await gone)[0], 'io server disconnect');
    }
    const socket = await connect();
    const gone = nextEvent(socket, 'disconnect');
    socket.disconnect();
    assert.equal((await gone)[0], 'io client disconnect');
  });

  test('events that were emitted before the connection stood arrive in order', async () => {
    const socket = clientsOf().open({ transports });
    const answers = await Promise.all([1, 2, 3].map((n) => ask(socket, 'echo', n)));
    assert.deepEqual(answers, [1, 2, 3]);
  });
}
