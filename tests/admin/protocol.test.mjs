// The protocol of the Socket.IO Admin UI, spoken by npm's client: to Node's own server with @socket.io/admin-ui, which
// proves the checks, and to testbed on one shard and on several.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import msgpack from 'socket.io-msgpack-parser';
import { ask, Clients, nextEvent, record, TRANSPORTS, upgraded } from '../support/clients.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

const LOGIN = { username: 'me', password: 'secret' };
const COMMANDS = ['EMIT', 'JOIN', 'LEAVE', 'DISCONNECT', 'MJOIN', 'MLEAVE', 'MDISCONNECT'];
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const adminOptions = (mode, ...more) => ['--admin-ui', mode, '--admin-login', `${LOGIN.username}:${LOGIN.password}`, ...more];

/** A page that has logged in, and everything it was told: `told(name)` gives the arguments of each such event. */
async function openPage(clients, options) {
  const socket = clients.open({ transports: ['websocket'], auth: LOGIN, ...options }, '/admin');
  const events = record(socket);
  const page = {
    socket,
    told: (name) => events.filter(([event]) => event === name).map(([, ...args]) => args),
    /** The first event of that name, past or to come, whose arguments satisfy the condition. */
    find: (name, condition = () => true) => until(
      () => page.told(name).find((args) => condition(...args)), `${name} among ${JSON.stringify(events).slice(0, 2000)}`),
    /** What the page shows as lists of sockets, as npm's page would put it together. */
    async all() { return (await page.find('all_sockets'))[0]; },
  };
  await page.find('config');
  return page;
}

/** Checks that the last argument is a date, and returns the others. */
function dated(args) {
  assert.match(String(args.at(-1)), ISO);
  return args.slice(0, -1);
}

describe('the protocol of the Admin UI', { concurrency: 1 }, () => {
  for (const row of matrix(['reference', 'one', 'four', 'four-tls'])) {
    describe(`${row.name}, development`, () => {
      let server;
      let clients;
      before(async () => {
        server = await startServer(row, 'bench', { extra: adminOptions('development') });
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      test('a password lets in and gives a session, which then lets in', async () => {
        const page = await openPage(clients);
        const [session] = await page.find('session');
        assert.match(session, /^[0-9a-f]{16}$/);
        const again = await openPage(clients, { auth: { sessionId: session } });
        assert.deepEqual(again.told('session'), []);
      });

      test('nothing else lets in', async () => {
        for (const auth of [{ ...LOGIN, password: 'wrong' }, { ...LOGIN, username: 'you' }, { sessionId: '0123456789abcdef' }, {}]) {
          const error = await clients.refused({ auth: { ...auth, password: auth.password ?? '' } }, '/admin');
          assert.equal(error.message, 'invalid credentials');
        }
      });

      test('the page is told what it may do', async () => {
        const page = await openPage(clients);
        const [{ supportedFeatures }] = await page.find('config');
        assert.deepEqual(supportedFeatures, [...COMMANDS, 'AGGREGATED_EVENTS', 'ALL_EVENTS']);
      });

      test('sockets that were there are listed, with what the page shows of them', async () => {
        const sockets = await Promise.all(Array.from({ length: 6 }, () => clients.connect({ query: { colour: 'blue' } })));
        await ask(sockets[2], 'subscribe:instance', 'a-room');
        await Promise.all(sockets.map((socket) => upgraded(socket)));
        const page = await openPage(clients);
        const listed = await page.all();
        for (const { id } of sockets) {
          const socket = listed.find((each) => each.id === id);
          assert.ok(socket, `${id} is listed`);
          assert.deepEqual(Object.keys(socket).sort(), ['clientId', 'data', 'handshake', 'id', 'nsp', 'rooms', 'transport']);
          assert.deepEqual(Object.keys(socket.handshake).sort(),
            ['address', 'headers', 'issued', 'query', 'secure', 'time', 'url', 'xdomain']);
          assert.equal(socket.nsp, '/');
          assert.equal(socket.transport, 'websocket');
          assert.equal(socket.clientId.length, 12);
          assert.deepEqual(socket.data, {});
          assert.equal(socket.handshake.query.colour, 'blue');
          assert.equal(socket.handshake.query.EIO, '4');
          assert.equal(socket.handshake.secure, row.tls === true);
          assert.equal(typeof socket.handshake.headers.host, 'string');
          assert.match(socket.handshake.address, /127\.0\.0\.1$/);
          assert.ok(Math.abs(Date.now() - socket.handshake.issued) < 600_000);
          assert.ok(socket.handshake.url.startsWith('/socket.io/?'));
          assert.deepEqual(socket.rooms, id === sockets[2].id ? [id, 'a-room'] : [id]);
        }
        assert.equal(new Set(listed.map(({ clientId }) => clientId)).size, listed.length);
      });

      test('what happens to a socket is told in order', async () => {
        const page = await openPage(clients);
        await page.all();
        const socket = await clients.connect({ transports: ['websocket'] });
        const { id } = socket;
        await page.find('socket_connected', (it) => it.id === id);
        await ask(socket, 'subscribe:instance', 'r');
        await ask(socket, 'publish', 'r', { n: 1 });
        await ask(socket, 'unsubscribe:instance', 'r');
        socket.disconnect();

        const [nsp, , reason] = dated(await page.find('socket_disconnected', (_, gone) => gone === id));
        assert.deepEqual([nsp, reason], ['/', 'client namespace disconnect']);
        const of = (name, position) => page.told(name).filter((args) => args[position] === id).map(dated);
        assert.deepEqual(of('event_received', 1), [
          ['/', id, ['subscribe:instance', 'r']],
          ['/', id, ['publish', 'r', { n: 1 }]],
          ['/', id, ['unsubscribe:instance', 'r']],
        ]);
        assert.deepEqual(of('event_sent', 1), [['/', id, ['instance:status:changed', { n: 1 }]]]);
        assert.ok(of('room_joined', 2).some(([, room]) => room === 'r'));
        // Its own room goes last.
        await page.find('room_left', (_, room, gone) => room === id && gone === id);
        assert.deepEqual(of('room_left', 2).map(([, room]) => room), ['r', id]);
      });

      test('a transport that is upgraded is told', async () => {
        const page = await openPage(clients);
        await page.all();
        const socket = await clients.connect();
        await upgraded(socket);
        const [update] = await page.find('socket_updated', (it) => it.id === socket.id && it.transport);
        assert.deepEqual(update, { id: socket.id, nsp: '/', transport: 'websocket' });
      });

      test('counts come every two seconds', async () => {
        const page = await openPage(clients);
        const socket = await clients.connect({ transports: ['polling'] });
        const [stats] = await page.find('server_stats', (it) => it.pollingClientsCount > 0);
        assert.equal(stats.pid, server.program.pid);
        assert.equal(typeof stats.serverId, 'string');
        assert.equal(typeof stats.hostname, 'string');
        assert.ok(stats.uptime >= 0);
        assert.ok(stats.clientsCount >= 2);
        assert.equal(stats.namespaces.find(({ name }) => name === '/').socketsCount, 1);
        assert.equal(stats.namespaces.find(({ name }) => name === '/admin').socketsCount, 1);
        socket.disconnect();
        const seen = () => page.told('server_stats').flatMap(([{ aggregatedEvents }]) => aggregatedEvents);
        for (const type of ['rawConnection', 'rawDisconnection', 'packetsIn', 'packetsOut', 'bytesIn', 'bytesOut']) {
          const event = await until(() => seen().find((each) => each.type === type), `aggregated ${type}`);
          assert.equal(event.timestamp % 1000, 0);
          assert.ok(event.count > 0);
          assert.equal(typeof event.subType, type === 'rawDisconnection' ? 'string' : 'undefined');
        }
      });

      test('commands reach a socket, a room, a namespace', async () => {
        const page = await openPage(clients);
        const [one, two] = await Promise.all([clients.connect(), clients.connect()]);
        const events = { one: record(one), two: record(two) };
        page.socket.emit('join', '/', 'vip', one.id);
        await page.find('room_joined', (_, room, id) => room === 'vip' && id === one.id);
        page.socket.emit('emit', '/', 'vip', 'for-vips', 1, { a: Buffer.from('bytes') });
        page.socket.emit('emit', '/', undefined, 'for-all', 'hello');
        await Promise.all([one, two].map((socket, i) => until(() => Object.values(events)[i].some(([name]) => name === 'for-all'), 'for-all')));
        const [[name, number, { a }]] = events.one;
        assert.deepEqual([name, number, Buffer.from(a).toString()], ['for-vips', 1, 'bytes']);
        assert.deepEqual(events.two, [['for-all', 'hello']]);
        page.socket.emit('leave', '/', 'vip', one.id);
        await page.find('room_left', (_, room, id) => room === 'vip' && id === one.id);

        const gone = nextEvent(one, 'disconnect');
        page.socket.emit('_disconnect', '/', false, one.id);
        assert.deepEqual((await gone)[0], 'io server disconnect');
        const all = nextEvent(two, 'disconnect');
        page.socket.emit('_disconnect', '/', true);
        await all;
        assert.equal(page.socket.connected, true);
      });
    });
  }

  for (const row of matrix(['one', 'four'])) {
    describe(`${row.name}, production`, () => {
      const PAGE = 'http://page.example:8000';
      let server;
      let clients;
      before(async () => {
        server = await startServer(row, 'bench', { extra: adminOptions('production', '--admin-read-only', '--origin', PAGE) });
        clients = new Clients(server.target);
      });
      afterEach(() => clients.close());
      after(() => server?.program.stop());

      for (const [name, transports] of Object.entries(TRANSPORTS)) {
        for (const [encoding, parser] of Object.entries({ 'the default encoding': undefined, MessagePack: msgpack })) {
          test(`${name}, ${encoding}: counts and nothing else`, async () => {
            const page = await openPage(clients, { transports, parser });
            assert.deepEqual((await page.find('config'))[0], { supportedFeatures: ['AGGREGATED_EVENTS'] });
            const socket = await clients.connect();
            await ask(socket, 'echo', 1);
            const [stats] = await page.find('server_stats', (it) => it.clientsCount >= 2);
            assert.equal(stats.droppedEvents, undefined);
            for (const event of ['all_sockets', 'socket_connected', 'event_received']) assert.deepEqual(page.told(event), []);
          });
        }
      }

      test('who may only look cannot command, and is told so when he asks', async () => {
        const page = await openPage(clients);
        const socket = await clients.connect();
        for (const command of [['emit', '/', null, 'x'], ['join', '/', 'r'], ['leave', '/', 'r'], ['_disconnect', '/', true]]) {
          assert.equal(await ask(page.socket, ...command), 'the Admin UI may only look here');
        }
        assert.equal(await ask(socket, 'echo', 'there still'), 'there still');
      });

      test('the page of the origin that was named is served with credentials, others are not', async () => {
        const path = '/socket.io/?EIO=4&transport=polling';
        const answer = await server.target.get(path, { headers: { Origin: PAGE } });
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['access-control-allow-origin'], PAGE);
        assert.equal(answer.headers['access-control-allow-credentials'], 'true');
        assert.equal((await server.target.get(path, { headers: { Origin: 'http://other.example' } })).status, 403);
      });
    });
  }

  for (const row of matrix(['one'])) {
    test(`${row.name}: without the switch the namespace does not exist`, async () => {
      const server = await startServer(row, 'bench');
      const clients = new Clients(server.target);
      assert.equal((await clients.refused({ auth: LOGIN }, '/admin')).message, 'Invalid namespace');
      clients.close();
      await server.program.stop();
    });
  }
});
