// Engine.IO v3, which clients of Socket.IO 2 speak: what an echo server must do for them, as checks against any server
// with pingInterval 300 ms, pingTimeout 200 ms, maxPayload 1000000 and the WebSocket upgrade. What differs from v4: the
// client sends the pings, polling payloads carry lengths, binary has a framing of its own. Specification: Engine.IO
// protocol v3.

import assert from 'node:assert/strict';
import { attempts, sleep, within } from '../support/wait.mjs';
import { PING_INTERVAL_MS, PING_TIMEOUT_MS } from './engineio_checks.mjs';

/** A payload of text packets: the length of each in UTF-16 units, a colon, the packet. */
const payload = (...packets) => packets.map((packet) => `${packet.length}:${packet}`).join('');

/** The packets of a payload of text packets. */
function packetsOf(text) {
  const packets = [];
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(':', at);
    const length = Number(text.slice(at, colon));
    assert.ok(colon > at && length > 0 && colon + length < text.length, `no payload: ${text.slice(at, at + 40)}`);
    packets.push(text.slice(colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return packets;
}

/** A client of one path on one target. */
export class Engine3Client {
  constructor(target, path) {
    this.target = target;
    this.path = path;
  }

  polling(sid) { return `${this.path}?EIO=3&transport=polling${sid ? `&sid=${sid}` : ''}`; }

  websocketPath(sid) { return `${this.path}?EIO=3&transport=websocket${sid ? `&sid=${sid}` : ''}`; }

  /** Opens a session by polling and returns its id; one that is not `binary` asked for base64. */
  async open({ binary = false } = {}) {
    const { status, text } = await this.target.get(this.polling() + (binary ? '' : '&b64=1'));
    assert.equal(status, 200, text);
    return JSON.parse(packetsOf(text)[0].slice(1)).sid;
  }

  poll(sid, options) { return this.target.get(this.polling(sid), options); }

  push(sid, body, options) { return this.target.post(this.polling(sid), body, options); }

  websocket(sid) { return this.target.websocket(this.websocketPath(sid)); }

  /** Opens a session by WebSocket and takes its open packet off the queue. */
  async openWebsocket() {
    const socket = this.websocket();
    const packet = await socket.next();
    assert.equal(packet[0], '0');
    return { socket, handshake: JSON.parse(packet.slice(1)) };
  }

  /** Opens by polling and brings the upgrade as far as the answer to the probe. */
  async probe() {
    const sid = await this.open();
    const socket = this.websocket(sid);
    await within(socket.opened, 'opened WebSocket');
    assert.equal(await socket.send('2probe').next(), '3probe');
    return { sid, socket };
  }

  async upgrade() {
    const { sid, socket } = await this.probe();
    const poll = await this.poll(sid);
    assert.equal(poll.status, 200);
    assert.equal(poll.text, '1:6', 'the pending poll is released with a noop');
    socket.send('5');
    return { sid, socket };
  }
}

function checkHandshake(handshake, upgrades) {
  assert.equal(typeof handshake.sid, 'string');
  assert.deepEqual(handshake.upgrades, upgrades);
  assert.equal(handshake.pingInterval, PING_INTERVAL_MS);
  assert.equal(handshake.pingTimeout, PING_TIMEOUT_MS);
  assert.ok([undefined, 1_000_000].includes(handshake.maxPayload));
}

/** Pushes a body, polls, and expects the same body back. */
async function echoes(client, body) {
  const sid = await client.open();
  const push = await client.push(sid, body);
  assert.equal(push.status, 200);
  assert.equal(push.text, 'ok');
  const poll = await client.poll(sid);
  assert.equal(poll.status, 200);
  assert.equal(poll.text, body);
}

async function echoesOn(socket) {
  assert.equal(await socket.send('4hello').next(), '4hello');
}

export const ENGINE3_CHECKS = [
  {
    group: 'handshake',
    name: 'a GET opens a session and offers the upgrade to WebSocket',
    async run(client) {
      const { status, text } = await client.target.get(client.polling());
      assert.equal(status, 200);
      const packets = packetsOf(text);
      assert.equal(packets.length, 1);
      assert.equal(packets[0][0], '0');
      checkHandshake(JSON.parse(packets[0].slice(1)), ['websocket']);
    },
  },
  {
    group: 'handshake',
    name: 'polling with a missing or unknown transport is refused',
    async run({ target, path }) {
      assert.equal((await target.get(`${path}?EIO=3`)).status, 400);
      assert.equal((await target.get(`${path}?EIO=3&transport=abc`)).status, 400);
    },
  },
  {
    group: 'handshake',
    name: 'a handshake by any method but GET is refused with 400',
    async run(client) {
      for (const method of ['POST', 'PUT']) {
        assert.equal((await client.target.request(client.polling(), { method, body: '' })).status, 400);
      }
    },
  },
  {
    group: 'handshake',
    name: 'a WebSocket opens a session and is offered no further upgrade',
    async run(client) {
      const { socket, handshake } = await client.openWebsocket();
      checkHandshake(handshake, []);
      socket.close();
    },
  },
  {
    group: 'handshake',
    // Node takes every version but 4 for 3; a server that is strict about it must refuse, not hang.
    name: 'a WebSocket with a missing or unknown protocol version is closed or served as version 3',
    async run({ target, path }) {
      for (const version of ['', 'EIO=abc&']) {
        const socket = target.websocket(`${path}?${version}transport=websocket`);
        const outcome = await Promise.race([
          socket.next().then((packet) => (packet[0] === '0' ? 'served' : packet), () => 'closed'),
          socket.end().then(() => 'closed'),
        ]);
        assert.ok(['served', 'closed'].includes(outcome), outcome);
        socket.close();
      }
    },
  },
  {
    group: 'handshake',
    name: 'a WebSocket with a missing or unknown transport is closed',
    async run({ target, path }) {
      await target.websocket(`${path}?EIO=3`).end();
      await target.websocket(`${path}?EIO=3&transport=abc`).end();
    },
  },
  {
    group: 'message',
    name: 'polling carries a packet there and back',
    run: (client) => echoes(client, '6:4hello'),
  },
  {
    group: 'message',
    name: 'polling carries several packets in one payload',
    run: (client) => echoes(client, '6:4test16:4test26:4test3'),
  },
  {
    group: 'message',
    name: 'polling carries text and base64 in one payload to a client that asked for base64',
    run: (client) => echoes(client, '6:4hello10:b4AQIDBA=='),
  },
  {
    group: 'message',
    name: 'polling carries text and binary in one payload of octets to a client that takes them',
    async run(client) {
      const sid = await client.open({ binary: true });
      assert.equal((await client.push(sid, '6:4hello10:b4AQIDBA==')).status, 200);
      const octets = Buffer.from([0, 6, 255, ...Buffer.from('4hello'), 1, 5, 255, 4, 1, 2, 3, 4]);
      const poll = await client.poll(sid);
      assert.equal(poll.status, 200);
      assert.match(poll.headers['content-type'], /^application\/octet-stream/);
      assert.deepEqual(poll.body, octets);
      // And the other way round.
      const headers = { 'Content-Type': 'application/octet-stream' };
      assert.equal((await client.push(sid, octets, { headers })).status, 200);
      assert.deepEqual((await client.poll(sid)).body, octets);
    },
  },
  {
    group: 'message',
    name: 'lengths count UTF-16 units',
    run: (client) => echoes(client, payload('4\u{1f600}\u20ac', '4x')),
  },
  {
    group: 'message',
    name: 'an invalid payload ends a polling session',
    async run(client) {
      const sid = await client.open();
      // The push itself may be refused, dropped, or (as Node does it) be answered before its packets are looked at.
      const push = await client.push(sid, 'abc').catch(() => ({ status: 'dropped' }));
      assert.ok([400, 'dropped', 200].includes(push.status), `the push got ${push.status}`);
      assert.equal((await client.poll(sid)).status, 400);
    },
  },
  {
    group: 'message',
    name: 'a WebSocket carries text there and back',
    async run(client) {
      const { socket } = await client.openWebsocket();
      await echoesOn(socket);
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'a WebSocket carries binary there and back, with its type in front',
    async run(client) {
      const { socket } = await client.openWebsocket();
      const data = Buffer.from([4, 1, 2, 3, 4]);
      assert.deepEqual(await socket.send(data).next(), data);
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'an invalid packet closes a WebSocket',
    async run(client) {
      const { socket } = await client.openWebsocket();
      socket.send('abc');
      await socket.end();
    },
  },
  {
    group: 'heartbeat',
    name: 'polling: pings are answered with pongs',
    run: (client) => attempts(3, async () => {
      const sid = await client.open();
      for (let n = 0; n < 3; n += 1) {
        assert.equal((await client.push(sid, '1:2')).status, 200);
        const poll = await client.poll(sid);
        assert.equal(poll.status, 200);
        assert.equal(poll.text, '1:3');
      }
    }),
  },
  {
    group: 'heartbeat',
    name: 'a polling session without a ping is gone after the interval and the timeout',
    run: (client) => attempts(3, async () => {
      const sid = await client.open();
      await sleep(PING_INTERVAL_MS + PING_TIMEOUT_MS);
      assert.equal((await client.push(sid, '1:2')).status, 400);
    }),
  },
  {
    group: 'heartbeat',
    name: 'WebSocket: pings are answered with pongs',
    async run(client) {
      const { socket } = await client.openWebsocket();
      for (let n = 0; n < 3; n += 1) assert.equal(await socket.send('2').next(), '3');
      socket.close();
    },
  },
  {
    group: 'heartbeat',
    name: 'a WebSocket on which no ping comes is closed, and gets none itself',
    async run(client) {
      const { socket } = await client.openWebsocket();
      const opened = Date.now();
      await socket.end();
      assert.ok(Date.now() - opened >= PING_INTERVAL_MS, 'not before a ping was due');
      await assert.rejects(socket.next(), /closed/, 'nothing came before the end');
    },
  },
  {
    group: 'close',
    name: 'polling: the client closes, its pending poll is released with a noop',
    run: (client) => attempts(3, async () => {
      const sid = await client.open();
      const [poll, push] = await Promise.all([client.poll(sid), client.push(sid, '1:1')]);
      assert.equal(push.status, 200);
      assert.equal(poll.status, 200);
      assert.equal(poll.text, '1:6');
      assert.equal((await client.poll(sid)).status, 400);
    }),
  },
  {
    group: 'close',
    name: 'WebSocket: the client closes, the connection ends',
    async run(client) {
      const { socket } = await client.openWebsocket();
      socket.send('1');
      await socket.end();
    },
  },
  {
    group: 'upgrade',
    name: 'a polling session moves to a WebSocket',
    run: (client) => attempts(3, async () => {
      const { socket } = await client.upgrade();
      await echoesOn(socket);
      socket.close();
    }),
  },
  {
    group: 'upgrade',
    name: 'after the upgrade polling is refused and the WebSocket goes on',
    run: (client) => attempts(3, async () => {
      const { sid, socket } = await client.probe();
      socket.send('5');
      // The upgrade packet and the request travel on two connections: an answer on the first shows the packet arrived.
      await echoesOn(socket);
      assert.equal((await client.poll(sid)).status, 400);
      await echoesOn(socket);
      socket.close();
    }),
  },
  {
    group: 'upgrade',
    name: 'after the upgrade a second WebSocket is closed and the first goes on',
    run: (client) => attempts(3, async () => {
      const { sid, socket } = await client.upgrade();
      await client.websocket(sid).end();
      await echoesOn(socket);
      socket.close();
    }),
  },
];
