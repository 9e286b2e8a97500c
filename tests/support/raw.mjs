// Bytes on a connection, as no decent client would send them.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { DEADLINE_MS, until, within } from './wait.mjs';

export class RawConnection {
  received = Buffer.alloc(0);

  /** `secure` says whether to speak TLS; by default as the target does. */
  constructor(target, secure = target.secure) {
    this.socket = secure
      ? tls.connect({ host: target.host, port: target.port, ca: target.ca, servername: 'localhost' })
      : net.connect({ host: target.host, port: target.port });
    this.socket.on('error', (error) => { this.error = error; });
    this.socket.on('data', (data) => { this.received = Buffer.concat([this.received, data]); });
    this.closed = once(this.socket, 'close').catch(() => {});
    this.closed.then(() => { this.isClosed = true; });
    this.opened = Promise.race([once(this.socket, secure ? 'secureConnect' : 'connect'), this.closed]).catch(() => {});
  }

  /** Hands bytes to the kernel; what the other side no longer wants is not an error. */
  write(bytes) {
    if (!this.isClosed && this.socket.writable) this.socket.write(bytes);
    return this;
  }

  get text() { return this.received.toString('latin1'); }

  /** The status of the first answer, when its first line is there. */
  get status() { return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.text)?.[1]) || undefined; }

  /** Waits for the first answer, or the end of the connection; returns its status. */
  async answer(ms = DEADLINE_MS) {
    await until(() => this.status || this.isClosed, 'answer or end of the connection', ms, 5);
    return this.status;
  }

  async end(ms = DEADLINE_MS) { return within(this.closed, 'end of the connection by the server', ms); }

  destroy() { this.socket.destroy(); }
}

/** Sends bytes on a new connection and returns the status of the answer; undefined when there was none. */
export async function speak(target, bytes, { secure } = {}) {
  const connection = new RawConnection(target, secure);
  await connection.opened;
  connection.write(bytes);
  const status = await connection.answer();
  const body = connection.text.split('\r\n\r\n').slice(1).join('\r\n\r\n');
  connection.destroy();
  return { status, body };
}

/** One WebSocket frame (RFC 6455 §5.2), masked unless told otherwise; `length` may lie about the payload. */
export function frame(opcode, payload = Buffer.alloc(0), { fin = true, rsv = 0, mask = true, length = Buffer.byteLength(payload) } = {}) {
  const data = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const masked = mask ? 0x80 : 0;
  let extended = Buffer.alloc(0);
  if (length < 126) head.push(masked | length);
  else if (length < 65536) {
    head.push(masked | 126);
    extended = Buffer.alloc(2);
    extended.writeUInt16BE(length);
  } else {
    head.push(masked | 127);
    extended = Buffer.alloc(8);
    extended.writeBigUInt64BE(BigInt(length));
  }
  if (!mask) return Buffer.concat([Buffer.from(head), extended, data]);
  const key = randomBytes(4);
  for (let n = 0; n < data.length; n += 1) data[n] ^= key[n % 4];
  return Buffer.concat([Buffer.from(head), extended, key, data]);
}

/** A WebSocket whose frames are made by hand. */
export class RawWebSocket extends RawConnection {
  static async open(target, path, headers = {}) {
    const connection = new RawWebSocket(target);
    await connection.opened;
    const lines = Object.entries({
      Host: `${target.host}:${target.port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    connection.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await connection.answer();
    return connection;
  }

  /** The server's frames so far: [{opcode, fin, rsv, payload}]. */
  get frames() {
    const frames = [];
    let at = this.received.indexOf('\r\n\r\n') + 4;
    while (at + 2 <= this.received.length) {
      const first = this.received[at];
      const [opcode, fin, rsv] = [first & 0x0f, first >= 0x80, (first >> 4) & 7];
      let length = this.received[at + 1] & 0x7f;
      at += 2;
      if (length === 126) {
        length = this.received.readUInt16BE(at);
        at += 2;
      } else if (length === 127) {
        length = Number(this.received.readBigUInt64BE(at));
        at += 8;
      }
      if (at + length > this.received.length) break;
      frames.push({ opcode, fin, rsv, payload: this.received.subarray(at, at + length) });
      at += length;
    }
    return frames;
  }

  /** Waits for the closing frame and the end; returns its code, undefined when the connection just ended. */
  async closeCode(ms = DEADLINE_MS) {
    await until(() => this.frames.some(({ opcode }) => opcode === 8) || this.isClosed, 'closing frame', ms, 5);
    const closing = this.frames.find(({ opcode }) => opcode === 8);
    return closing && closing.payload.length >= 2 ? closing.payload.readUInt16BE(0) : undefined;
  }
}
