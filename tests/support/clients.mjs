// npm's socket.io-client, opened for a test and closed after it.

import { once } from 'node:events';
import { io } from 'socket.io-client';
import { DEADLINE_MS, within } from './wait.mjs';

/** The three ways to connect. */
export const TRANSPORTS = {
  'WebSocket only': ['websocket'],
  'polling only': ['polling'],
  'polling, then upgrade': ['polling', 'websocket'],
};

/** The clients of one test: `open` makes them, `close` ends them all. */
export class Clients {
  #open = new Set();

  constructor(target) { this.target = target; }

  /** A socket with a connection of its own that is on its way; `namespace` starts with a slash. */
  open(options = {}, namespace = '/') {
    const socket = io(this.target.url + namespace, {
      ...this.target.clientOptions,
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...options,
    });
    this.#open.add(socket);
    return socket;
  }

  /** As open(), and waits until the socket is connected. */
  async connect(options, namespace) {
    const socket = this.open(options, namespace);
    await connected(socket);
    return socket;
  }

  /** Opens a socket that must be refused, and returns the error. */
  async refused(options, namespace) {
    const socket = this.open({ reconnection: false, ...options }, namespace);
    const outcome = await within(Promise.race([
      once(socket, 'connect_error').then(([error]) => error),
      once(socket, 'connect').then(() => new Error('it was accepted')),
    ]), 'answer to the connection');
    socket.disconnect();
    if (outcome.message === 'it was accepted') throw outcome;
    return outcome;
  }

  close() {
    for (const socket of this.#open) socket.disconnect();
    this.#open.clear();
  }
}

/** Waits for the socket's connection; the first refusal of the server is an error. */
export async function connected(socket, ms = DEADLINE_MS) {
  if (socket.connected) return;
  let refuse;
  const refusal = new Promise((_, reject) => {
    refuse = (error) => { if (!socket.active) reject(error); };
    socket.on('connect_error', refuse);
  });
  try {
    await within(Promise.race([once(socket, 'connect'), refusal]), 'connection', ms);
  } finally {
    socket.off('connect_error', refuse);
  }
}

/** Waits until a socket that began with polling has moved to WebSocket. */
export async function upgraded(socket, ms = DEADLINE_MS) {
  const { engine } = socket.io;
  if (engine.transport.name === 'websocket') return;
  await within(once(engine, 'upgrade'), 'upgrade', ms);
}

/** Emits and returns what the other side acknowledged with. */
export const ask = (socket, event, ...args) => socket.timeout(DEADLINE_MS).emitWithAck(event, ...args);

/** The arguments of the next event of that name. Call it before causing the event. */
export const nextEvent = (socket, name, ms = DEADLINE_MS) => within(once(socket, name), `event ${name}`, ms);

/** Keeps every event of a socket as [name, ...args], in order. */
export function record(socket) {
  const events = [];
  socket.onAny((...event) => events.push(event));
  return events;
}
