// npm's socket.io-client 2 (Engine.IO revision 3) on the port that also serves clients of revision 4.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import connectV2 from 'socket.io-client-v2';
import { ask, Clients } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { within } from '../support/wait.mjs';

const WAYS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };

const once = (socket, event) => within(new Promise((resolve) => socket.once(event, (...args) => resolve(args))), event);
const asked = (socket, event, ...args) =>
  within(new Promise((resolve) => socket.emit(event, ...args, resolve)), event);

describe("npm's client of version 2", { concurrency: 1 }, () => {
  for (const row of matrix().filter(({ tls }) => !tls)) {
    describe(row.name, () => {
      let server;
      const open = [];
      const connect = (path, options) => {
        const socket = connectV2(`${server.target.url}${path}`, { forceNew: true, reconnection: false, ...options });
        open.push(socket);
        return socket;
      };
      before(async () => {
        server = await startServer(row, 'suites', { eio3: true });
      });
      after(() => {
        open.forEach((socket) => socket.close());
        return server?.program.stop();
      });

      for (const [name, transports] of Object.entries(WAYS)) {
        test(`${name}: events, acknowledgements and binary both ways`, async () => {
          const socket = connect('/', { transports });
          const [[auth]] = await Promise.all([once(socket, 'auth'), once(socket, 'connect')]);
          assert.deepEqual(auth, {}, 'a client of version 2 has no payload');
          assert.match(socket.id, /^[\w-]{20}$/);
          socket.emit('message', 1, 'two', { three: [null, true] });
          assert.deepEqual(await once(socket, 'message-back'), [1, 'two', { three: [null, true] }]);
          assert.deepEqual(await asked(socket, 'message-with-ack', 'hello'), 'hello');
          const bytes = Buffer.from([0, 1, 2, 250, 255]);
          socket.emit('message', bytes, { deep: bytes });
          const [first, second] = await once(socket, 'message-back');
          assert.deepEqual(Buffer.from(first), bytes);
          assert.deepEqual(Buffer.from(second.deep), bytes);
          assert.deepEqual(Buffer.from(await asked(socket, 'message-with-ack', bytes)), bytes);
        });

        test(`${name}: namespaces, their query as credentials, refusals with data`, async () => {
          const custom = connect('/custom?colour=red&a=b%20c', { transports });
          const [auth] = await once(custom, 'auth');
          assert.deepEqual(auth, { colour: 'red', a: 'b c' });
          custom.close();
          const nowhere = connect('/nowhere', { transports });
          assert.deepEqual(await once(nowhere, 'error'), [{ message: 'Invalid namespace' }]);
          const guarded = connect('/guarded', { transports });
          assert.deepEqual(await once(guarded, 'error'), [{ code: 'GUARDED' }]);
          const open = connect('/guarded?token=open', { transports });
          await once(open, 'connect');
        });
      }

      test('a heartbeat keeps an idle client connected, and rooms are shared with clients of version 4', async () => {
        const old = connect('/', { transports: ['websocket'] });
        await once(old, 'connect');
        const clients = new Clients(server.target);
        try {
          const modern = await clients.connect({ transports: ['websocket'] });
          await Promise.all([asked(old, 'subscribe:instance', 'room'), ask(modern, 'subscribe:instance', 'room')]);
          let disconnected = false;
          old.once('disconnect', () => { disconnected = true; });
          // Several times pingInterval and pingTimeout of this profile.
          await new Promise((resolve) => { setTimeout(resolve, 1500); });
          assert.equal(disconnected, false);
          const heard = Promise.all([once(old, 'instance:status:changed'), once(modern, 'instance:status:changed')]);
          await ask(modern, 'publish', 'room', { n: 1 });
          assert.deepEqual(await heard, [[{ n: 1 }], [{ n: 1 }]]);
        } finally {
          clients.close();
        }
      });
    });
  }
});
