// Engine.IO v4: what a server must do, as checks against any server with pingInterval 300 ms, pingTimeout 200 ms,
// maxPayload 1000000 and the WebSocket upgrade. Those marked `echo` need a server that sends every message back; the
// others also hold on a Socket.IO path. Specification: Engine.IO protocol v4.

import assert from 'node:assert/strict';
import { attempts, sleep, within } from '../support/wait.mjs';

/** A payload without the ping that is due every 300 ms and may have joined it on a slow machine. */
const withoutPing = (payload) => payload.replace(/\x1e2$/, '');

export const PING_INTERVAL_MS = 300;
export const PING_TIMEOUT_MS = 200;

/** Long enough for a request that was sent to be held by the server: nothing on the wire tells when. */
const HELD_MS = 50;

/** Sends a poll and waits until the server is likely to hold it. `answer` is its outcome. */
async function heldPoll(client, sid, options) {
  const held = {};
  await new Promise((onSent) => {
    held.answer = client.poll(sid, { ...options, onSent });
    held.answer.catch(onSent);
  });
  await sleep(HELD_MS);
  return held;
}

/** A client of one path on one target. */
export class EngineClient {
  constructor(target, path) {
    this.target = target;
    this.path = path;
    this.isSocketIo = path.startsWith('/socket.io');
  }

  polling(sid) { return `${this.path}?EIO=4&transport=polling${sid ? `&sid=${sid}` : ''}`; }

  websocketPath(sid) { return `${this.path}?EIO=4&transport=websocket${sid ? `&sid=${sid}` : ''}`; }

  /** Opens a session by polling; returns what the open packet holds. */
  async open() {
    const { status, text } = await this.target.get(this.polling());
    assert.equal(status, 200, text);
    assert.equal(text[0], '0');
    return JSON.parse(text.slice(1));
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

  /** Opens by polling, then upgrades; returns the WebSocket and the session's id. */
  async upgrade() {
    const { sid } = await this.open();
    const socket = this.websocket(sid);
    await within(socket.opened, 'opened WebSocket');
    assert.equal(await socket.send('2probe').next(), '3probe');
    const poll = await this.poll(sid);
    assert.equal(poll.status, 200);
    assert.equal(poll.text, '6', 'the pending poll is released with a noop');
    socket.send('5');
    return { sid, socket };
  }

  /** Shows that a WebSocket still carries packets: by echo, or by joining the main namespace of Socket.IO. */
  async serves(socket) {
    if (this.isSocketIo) {
      assert.match(await socket.send('40').next(), /^40\{"sid":/);
    } else {
      assert.equal(await socket.send('4hello').next(), '4hello');
    }
  }
}

export const ENGINE_CHECKS = [
  {
    group: 'handshake',
    name: 'a GET opens a session and offers the upgrade to WebSocket',
    async run(client) {
      const { status, text } = await client.target.get(client.polling());
      assert.equal(status, 200);
      assert.equal(text[0], '0');
      const handshake = JSON.parse(text.slice(1));
      assert.deepEqual(Object.keys(handshake).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
      assert.equal(typeof handshake.sid, 'string');
      assert.deepEqual(handshake.upgrades, ['websocket']);
      assert.equal(handshake.pingInterval, PING_INTERVAL_MS);
      assert.equal(handshake.pingTimeout, PING_TIMEOUT_MS);
      assert.equal(handshake.maxPayload, 1_000_000);
    },
  },
  {
    group: 'handshake',
    name: 'polling with a missing or unknown protocol version is refused',
    async run({ target, path }) {
      assert.equal((await target.get(`${path}?transport=polling`)).status, 400);
      assert.equal((await target.get(`${path}?EIO=abc&transport=polling`)).status, 400);
    },
  },
  {
    group: 'handshake',
    name: 'polling with a missing or unknown transport is refused',
    async run({ target, path }) {
      assert.equal((await target.get(`${path}?EIO=4`)).status, 400);
      assert.equal((await target.get(`${path}?EIO=4&transport=abc`)).status, 400);
    },
  },
  {
    group: 'handshake',
    name: 'a handshake by any method but GET is refused with 400',
    async run(client) {
      assert.equal((await client.target.request(client.polling(), { method: 'POST', body: '' })).status, 400);
      assert.equal((await client.target.request(client.polling(), { method: 'PUT', body: '' })).status, 400);
    },
  },
  {
    group: 'handshake',
    name: 'a WebSocket opens a session and is offered no further upgrade',
    async run(client) {
      const { socket, handshake } = await client.openWebsocket();
      assert.deepEqual(Object.keys(handshake).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
      assert.deepEqual(handshake.upgrades, []);
      assert.equal(handshake.pingInterval, PING_INTERVAL_MS);
      assert.equal(handshake.pingTimeout, PING_TIMEOUT_MS);
      assert.equal(handshake.maxPayload, 1_000_000);
      socket.close();
    },
  },
  {
    group: 'handshake',
    name: 'a WebSocket with a missing or unknown protocol version is closed',
    async run({ target, path }) {
      await target.websocket(`${path}?transport=websocket`).end();
      await target.websocket(`${path}?EIO=abc&transport=websocket`).end();
    },
  },
  {
    group: 'handshake',
    name: 'a WebSocket with a missing or unknown transport is closed',
    async run({ target, path }) {
      await target.websocket(`${path}?EIO=4`).end();
      await target.websocket(`${path}?EIO=4&transport=abc`).end();
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'polling carries a packet there and back',
    async run(client) {
      const { sid } = await client.open();
      const push = await client.push(sid, '4hello');
      assert.equal(push.status, 200);
      assert.equal(push.text, 'ok');
      const poll = await client.poll(sid);
      assert.equal(poll.status, 200);
      assert.equal(withoutPing(poll.text), '4hello');
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'polling carries several packets in one payload',
    async run(client) {
      const { sid } = await client.open();
      const payload = '4test1\x1e4test2\x1e4test3';
      assert.equal((await client.push(sid, payload)).status, 200);
      const poll = await client.poll(sid);
      assert.equal(poll.status, 200);
      assert.equal(withoutPing(poll.text), payload);
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'polling carries text and binary in one payload',
    async run(client) {
      const { sid } = await client.open();
      assert.equal((await client.push(sid, '4hello\x1ebAQIDBA==')).status, 200);
      const poll = await client.poll(sid);
      assert.equal(poll.status, 200);
      assert.equal(poll.text, '4hello\x1ebAQIDBA==');
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'an invalid packet ends a polling session',
    async run(client) {
      const { sid } = await client.open();
      // The push itself may be refused, dropped, or (as Node does it) be answered before its packets are looked at.
      const push = await client.push(sid, 'abc').catch(() => ({ status: 'dropped' }));
      assert.ok([400, 'dropped', 200].includes(push.status), `the push got ${push.status}`);
      assert.equal((await client.poll(sid)).status, 400);
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'two polls at once end the session',
    run: (client) => attempts(3, async () => {
      const { sid } = await client.open();
      const first = await heldPoll(client, sid);
      const second = await client.poll(sid);
      assert.ok([400, 500].includes(second.status), `the second poll got ${second.status}`);
      assert.equal((await first.answer).status, 200);
      assert.equal((await first.answer).text, '1');
      assert.equal((await client.poll(sid)).status, 400);
    }),
  },
  {
    group: 'message',
    echo: true,
    name: 'a poll that its client cancels ends the session',
    run: (client) => attempts(3, async () => {
      const { sid } = await client.open();
      const abort = new AbortController();
      const cancelled = await heldPoll(client, sid, { signal: abort.signal });
      abort.abort();
      await assert.rejects(cancelled.answer);
      assert.equal((await client.poll(sid)).status, 400);
    }),
  },
  {
    group: 'message',
    echo: true,
    name: 'a WebSocket carries text there and back',
    async run(client) {
      const { socket } = await client.openWebsocket();
      assert.equal(await socket.send('4hello').next(), '4hello');
      socket.close();
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'a WebSocket carries binary there and back',
    async run(client) {
      const { socket } = await client.openWebsocket();
      const data = Buffer.from([1, 2, 3, 4]);
      assert.deepEqual(await socket.send(data).next(), data);
      socket.close();
    },
  },
  {
    group: 'message',
    echo: true,
    name: 'an invalid packet closes a WebSocket',
    async run(client) {
      const { socket } = await client.openWebsocket();
      socket.send('abc');
      await socket.end();
    },
  },
  {
    group: 'heartbeat',
    name: 'polling gets pings as long as it answers them',
    run: (client) => attempts(3, async () => {
      const { sid } = await client.open();
      // Whoever joins no namespace of Socket.IO is closed after a while; its answers are no heartbeats.
      if (client.isSocketIo) await client.push(sid, '40');
      for (let n = 0; n < 3; n += 1) {
        let ping;
        do ping = await client.poll(sid); while (client.isSocketIo && ping.text.startsWith('4'));
        assert.equal(ping.status, 200);
        assert.equal(ping.text, '2');
        assert.equal((await client.push(sid, '3')).status, 200);
      }
    }),
  },
  {
    group: 'heartbeat',
    name: 'a polling session without a pong is gone after the interval and the timeout',
    run: (client) => attempts(3, async () => {
      const { sid } = await client.open();
      await sleep(PING_INTERVAL_MS + PING_TIMEOUT_MS);
      assert.equal((await client.poll(sid)).status, 400);
    }),
  },
  {
    group: 'heartbeat',
    name: 'a WebSocket gets pings as long as it answers them',
    run: (client) => attempts(3, async () => {
      const { socket } = await client.openWebsocket();
      if (client.isSocketIo) socket.send('40');
      for (let n = 0; n < 3; n += 1) {
        let ping;
        do ping = await socket.next(); while (client.isSocketIo && ping.startsWith('4'));
        assert.equal(ping, '2');
        socket.send('3');
      }
      socket.close();
    }),
  },
  {
    group: 'heartbeat',
    name: 'a WebSocket that does not answer the ping is closed',
    async run(client) {
      const { socket } = await client.openWebsocket();
      const opened = Date.now();
      await socket.end();
      assert.ok(Date.now() - opened >= PING_INTERVAL_MS, 'not before the ping was due');
    },
  },
  {
    group: 'close',
    name: 'polling: the client closes, its pending poll is released with a noop',
    // Which of the two requests is seen first is the network's affair.
    run: (client) => attempts(8, async () => {
      const { sid } = await client.open();
      const [poll, push] = await Promise.all([client.poll(sid), client.push(sid, '1')]);
      assert.equal(push.status, 200);
      assert.equal(poll.status, 200);
      assert.equal(poll.text, '6');
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
      await client.serves(socket);
      socket.close();
    }),
  },
  {
    group: 'upgrade',
    name: 'after the upgrade polling is refused and the WebSocket goes on',
    run: (client) => attempts(3, async () => {
      const { sid, socket } = await client.upgrade();
      // The upgrade packet and this request travel on two connections: an answer on the first shows the packet arrived.
      await client.serves(socket);
      assert.equal((await client.poll(sid)).status, 400);
      if (!client.isSocketIo) await client.serves(socket);
      socket.close();
    }),
  },
  {
    group: 'upgrade',
    name: 'after the upgrade a second WebSocket is closed and the first goes on',
    run: (client) => attempts(3, async () => {
      const { sid, socket } = await client.upgrade();
      await client.websocket(sid).end();
      await client.serves(socket);
      socket.close();
    }),
  },
];
