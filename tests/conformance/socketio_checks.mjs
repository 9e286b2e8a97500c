// Socket.IO v5: what a server must do, beside the Engine.IO checks without echo, as checks against any server with
// connectTimeout 1000 ms, the namespaces / and /custom, which emit `auth` with the handshake's auth object, and on / the
// events `message` (answered by `message-back`) and `message-with-ack`. Specification: Socket.IO protocol v5.

import assert from 'node:assert/strict';

/** A WebSocket that has joined the main namespace and taken its `auth` event off the queue. */
async function joined(client) {
  const { socket } = await client.openWebsocket();
  assert.match(await socket.send('40').next(), /^40\{/);
  assert.equal(await socket.next(), '42["auth",{}]');
  return socket;
}

/** The next message that is not a heartbeat; heartbeats are answered. */
async function nextPacket(socket) {
  for (;;) {
    const message = await socket.next();
    if (message !== '2') return message;
    socket.send('3');
  }
}

function assertConnected(packet, prefix) {
  assert.ok(packet.startsWith(prefix), packet);
  const answer = JSON.parse(packet.slice(prefix.length));
  assert.deepEqual(Object.keys(answer), ['sid']);
  assert.equal(typeof answer.sid, 'string');
}

export const SOCKET_CHECKS = [
  {
    group: 'connect',
    name: 'joins the main namespace',
    async run(client) {
      const { socket, handshake } = await client.openWebsocket();
      const answer = await socket.send('40').next();
      assertConnected(answer, '40');
      assert.ok(!answer.includes(handshake.sid), 'the socket has an id of its own, not the session\'s secret');
      assert.equal(await socket.next(), '42["auth",{}]');
      socket.close();
    },
  },
  {
    group: 'connect',
    name: 'joins the main namespace with credentials',
    async run(client) {
      const { socket } = await client.openWebsocket();
      assertConnected(await socket.send('40{"token":"123"}').next(), '40');
      assert.equal(await socket.next(), '42["auth",{"token":"123"}]');
      socket.close();
    },
  },
  {
    group: 'connect',
    name: 'joins a custom namespace',
    async run(client) {
      const { socket } = await client.openWebsocket();
      assertConnected(await socket.send('40/custom,').next(), '40/custom,');
      assert.equal(await socket.next(), '42/custom,["auth",{}]');
      socket.close();
    },
  },
  {
    group: 'connect',
    name: 'joins a custom namespace with credentials',
    async run(client) {
      const { socket } = await client.openWebsocket();
      assertConnected(await socket.send('40/custom,{"token":"abc"}').next(), '40/custom,');
      assert.equal(await socket.next(), '42/custom,["auth",{"token":"abc"}]');
      socket.close();
    },
  },
  {
    group: 'connect',
    name: 'refuses an unknown namespace by name',
    async run(client) {
      const { socket } = await client.openWebsocket();
      assert.equal(await socket.send('40/random').next(), '44/random,{"message":"Invalid namespace"}');
      socket.close();
    },
  },
  {
    group: 'connect',
    name: 'closes on an invalid packet before a namespace is joined',
    async run(client) {
      const { socket } = await client.openWebsocket();
      socket.send('4abc');
      await socket.end();
    },
  },
  {
    group: 'connect',
    name: 'closes a connection that never joins a namespace',
    async run(client) {
      const { socket } = await client.openWebsocket();
      // Heartbeats are answered, so that only the missing CONNECT can be the reason.
      socket.socket.on('message', (data) => { if (data.toString() === '2') socket.send('3'); });
      const opened = Date.now();
      await socket.end();
      const waited = Date.now() - opened;
      assert.ok(waited >= 900, `not before its second is over (${waited} ms)`);
    },
  },
  {
    group: 'disconnect',
    name: 'leaving the main namespace is not answered and keeps the connection',
    async run(client) {
      const socket = await joined(client);
      assert.equal(await socket.send('41').next(), '2', 'the next message is the ping');
      socket.close();
    },
  },
  {
    group: 'disconnect',
    name: 'leaving a custom namespace, also without the comma, keeps the main one',
    async run(client) {
      const socket = await joined(client);
      assertConnected(await socket.send('40/custom').next(), '40/custom,');
      assert.equal(await socket.next(), '42/custom,["auth",{}]');
      socket.send('41/custom');
      socket.send('42["message","message to main namespace"]');
      assert.equal(await nextPacket(socket), '42["message-back","message to main namespace"]');
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'an event with several kinds of arguments',
    async run(client) {
      const socket = await joined(client);
      socket.send('42["message",1,"2",{"3":[true,null]}]');
      assert.equal(await nextPacket(socket), '42["message-back",1,"2",{"3":[true,null]}]');
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'an event with two binary attachments, in order',
    async run(client) {
      const socket = await joined(client);
      socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      socket.send(Buffer.from([1, 2, 3]));
      socket.send(Buffer.from([4, 5, 6]));
      assert.equal(await nextPacket(socket),
        '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      assert.deepEqual(await nextPacket(socket), Buffer.from([1, 2, 3]));
      assert.deepEqual(await nextPacket(socket), Buffer.from([4, 5, 6]));
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'an acknowledgement',
    async run(client) {
      const socket = await joined(client);
      socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
      assert.equal(await nextPacket(socket), '43456[1,"2",{"3":[false]}]');
      socket.close();
    },
  },
  {
    group: 'message',
    name: 'an acknowledgement with two binary attachments',
    async run(client) {
      const socket = await joined(client);
      socket.send('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      socket.send(Buffer.from([1, 2, 3]));
      socket.send(Buffer.from([4, 5, 6]));
      assert.equal(await nextPacket(socket), '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
      assert.deepEqual(await nextPacket(socket), Buffer.from([1, 2, 3]));
      assert.deepEqual(await nextPacket(socket), Buffer.from([4, 5, 6]));
      socket.close();
    },
  },
  ...[
    ['4abc', 'an unknown packet type'],
    ['42{}', 'an event that is not an array'],
    ['42abc["message",1]', 'an event with rubbish in place of its id'],
  ].map(([packet, name]) => ({
    group: 'message',
    name: `closes on ${name}`,
    async run(client) {
      const socket = await joined(client);
      socket.send(packet);
      await socket.end();
    },
  })),
];
