// Thousands of Socket.IO clients over WebSocket in one process: each is a socket, a few numbers and no more, so that
// the machine is busy with the server and not with its clients.

import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { until } from './wait.mjs';

const OPENING_AT_ONCE = 400;
// Several addresses of this machine, for as many times the ports.
const ADDRESSES = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];

/** A text frame of a client (RFC 6455 §5.2); its mask is zero, which is as good as any here. */
function textFrame(text) {
  const payload = Buffer.from(text);
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x81;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

const PONG = textFrame('3');
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);

export class Member {
  connected = false;
  /** Acknowledgement number → its text. */
  acks = new Map();
  /** Texts of events, as `["name",…]`. */
  events = [];
  #rest = Buffer.alloc(0);
  #upgraded = false;

  constructor(target, number, auth, onEvent) {
    this.auth = auth;
    this.onEvent = onEvent;
    this.socket = net.connect({
      host: target.host, port: target.port, localAddress: ADDRESSES[number % ADDRESSES.length], noDelay: true,
    });
    this.settled = new Promise((resolve) => { this.settle = resolve; });
    this.socket.on('connect', () => this.socket.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n'
      + `Host: ${target.host}:${target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
      + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`));
    this.socket.on('data', (data) => this.#onData(data));
    this.socket.on('error', (error) => { this.error = error; });
    this.socket.on('close', () => {
      this.connected = false;
      this.endedAt = performance.now();
      this.settle();
    });
  }

  /** Emits an event; with a number, its acknowledgement is asked for and will be in `acks`. */
  emit(name, args, ack = '') { this.socket.write(textFrame(`42${ack}${JSON.stringify([name, ...args])}`)); }

  /** Answers an event of the server that asked for an acknowledgement. */
  acknowledge(number, args) { this.socket.write(textFrame(`43${number}${JSON.stringify(args)}`)); }

  #onData(data) {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    if (!this.#upgraded) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.status = Number(this.#rest.toString('latin1', 9, 12));
      if (this.status !== 101) {
        this.socket.destroy();
        return;
      }
      this.#upgraded = true;
      this.#rest = this.#rest.subarray(end + 4);
    }
    while (this.#takeFrame());
  }

  #takeFrame() {
    const bytes = this.#rest;
    if (bytes.length < 2) return false;
    let length = bytes[1];
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return false;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      this.socket.destroy(new Error('a frame of more than 64 kB'));
      return false;
    }
    if (bytes.length < at + length) return false;
    this.#rest = bytes.subarray(at + length);
    if ((bytes[0] & 0x0f) === 8) {
      this.closeCode = length >= 2 ? bytes.readUInt16BE(at) : undefined;
      this.closedAt = performance.now();
      this.socket.end(CLOSE);
    } else {
      this.#onText(bytes.toString('utf8', at, at + length));
    }
    return true;
  }

  #onText(text) {
    if (text === '2') {
      this.socket.write(PONG);
    } else if (text[0] === '0') {
      this.socket.write(textFrame(`40${JSON.stringify(this.auth)}`));
    } else if (text.startsWith('40')) {
      this.connected = true;
      this.settle();
    } else if (text.startsWith('43')) {
      const [, number, answer] = /^43(\d+)(.*)$/s.exec(text);
      this.acks.set(Number(number), answer);
    } else if (text.startsWith('42')) {
      const [, number, event] = /^42(\d*)(.*)$/s.exec(text);
      this.events.push(event);
      this.onEvent?.(this, event, number === '' ? undefined : Number(number));
    } else {
      this.refusal = text;
      this.settle();
    }
  }
}

export class Herd {
  /** Connects `count` clients and waits until every one of them is in, or has been turned away. */
  static async gather(target, count, { auth = {}, onEvent } = {}) {
    const herd = new Herd();
    herd.members = [];
    let next = 0;
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, async () => {
      while (next < count) {
        const member = new Member(target, next, auth, onEvent);
        next += 1;
        herd.members.push(member);
        await member.settled;
      }
    }));
    return herd;
  }

  get connected() { return this.count((member) => member.connected); }

  count(condition) { return this.members.reduce((sum, member) => sum + (condition(member) ? 1 : 0), 0); }

  /** Waits until the condition holds for every member. */
  every(condition, what, ms) {
    return until(() => this.members.every(condition), what, ms, 50).catch((error) => {
      const without = this.members.filter((member) => !condition(member));
      throw new Error(`${error.message}: ${without.length} of ${this.members.length} without, the first has `
        + `${JSON.stringify({ ...without[0], socket: undefined })}`);
    });
  }

  emit(name, args, ack) { for (const member of this.members) member.emit(name, args, ack); }

  scatter() { for (const { socket } of this.members) socket.destroy(); }
}
