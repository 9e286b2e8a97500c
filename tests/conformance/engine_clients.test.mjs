// npm's engine.io-client as applications have it: version 3 (Engine.IO v3) and version 6 (v4), on each transport.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Socket as NewSocket } from 'engine.io-client';
import oldSocket from 'engine.io-client-v3';
import { matrix, startServer } from '../support/servers.mjs';
import { within } from '../support/wait.mjs';

const CLIENTS = {
  // In version 3 of the protocol the client pings and the server answers, in version 4 it is the other way round.
  'engine.io-client 3': { make: (url, options) => oldSocket(url, options), heartbeat: 'pong' },
  'engine.io-client 6': { make: (url, options) => new NewSocket(url, options), heartbeat: 'ping' },
};

const TRANSPORTS = {
  'WebSocket only': { transports: ['websocket'] },
  'polling only': { transports: ['polling'] },
  'polling, then upgrade': { transports: ['polling', 'websocket'] },
  'polling, base64 asked for': { transports: ['polling'], forceBase64: true },
  'WebSocket, base64 asked for': { transports: ['websocket'], forceBase64: true },
};

/** What the client hears, in order, awaited one message after the other. */
class Heard {
  #messages = [];
  #wake;

  constructor(socket) {
    socket.on('message', (data) => { this.#messages.push(data); this.#wake?.(); });
    socket.on('close', (reason) => { this.ended = reason; this.#wake?.(); });
  }

  async take(count) {
    while (this.#messages.length < count) {
      if (this.ended) throw new Error(`closed (${this.ended}) while message ${this.#messages.length + 1} was awaited`);
      await within(new Promise((resolve) => { this.#wake = resolve; }), `message ${this.#messages.length + 1}`);
    }
    return this.#messages.splice(0, count);
  }
}

/** What was received in the form in which it was sent; an empty text comes out of the clients as undefined. */
const asSent = (data = '') => (typeof data === 'string' ? data : Buffer.from(data));

// The suites' 300 and 200 ms are too short for a client that a busy machine lets wait.
const HEARTBEAT = ['--ping-interval', '500', '--ping-timeout', '6000'];

async function talk({ make, heartbeat }, server, options) {
  const socket = make(server.target.url, {
    path: '/engine.io/', ...options, ...server.target.clientOptions, rememberUpgrade: false,
  });
  try {
    const heard = new Heard(socket);
    const upgrade = options.transports.length > 1 ? once(socket, 'upgrade') : undefined;
    await within(once(socket, 'open'), 'open session');
    const sent = ['hello', '\u20ac\u{1f600}', Buffer.from([1, 2, 3, 4]), '', Buffer.alloc(0), Buffer.alloc(70_000, 7), 'last'];
    for (const message of sent) socket.send(message);
    assert.deepEqual((await heard.take(sent.length)).map((data) => asSent(data)), sent);
    if (upgrade) await within(upgrade, 'upgrade');
    for (let n = 0; n < 2; n += 1) await within(once(socket, heartbeat), heartbeat);
    socket.send('still here');
    assert.deepEqual(await heard.take(1), ['still here']);
    const closed = once(socket, 'close');
    socket.close();
    await within(closed, 'end of the session');
  } finally {
    socket.close();
  }
}

describe("npm's engine.io-client", { concurrency: 3 }, () => {
  for (const row of matrix(['reference', 'one', 'four', 'scatter'])) {
    describe(row.name, { concurrency: 4 }, () => {
      let server;
      before(async () => { server = await startServer(row, 'suites', { extra: HEARTBEAT, eio3: true }); });
      after(() => server?.program.stop());
      for (const [name, client] of Object.entries(CLIENTS)) {
        for (const [how, options] of Object.entries(TRANSPORTS)) {
          test(`${name}, ${how}`, () => talk(client, server, options));
        }
      }
    });
  }
});
