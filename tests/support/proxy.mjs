// A real little proxy: HTTP CONNECT and SOCKS5 on one port, with a user and password if it is told to ask for them.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
  /** `user` and `password` are asked for when they are given. */
  static async start({ user, password } = {}) {
    const proxy = new Proxy();
    proxy.asks = user === undefined ? undefined : `${user}:${password}`;
    proxy.targets = [];   // "host:port" of every tunnel
    proxy.refused = 0;    // attempts without the right password
    proxy.sockets = new Set();
    proxy.server = createServer((client) => proxy.#serve(client).catch(() => client.destroy()));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  /** The tunnels end; new ones are refused until it is opened again. */
  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  async #serve(client) {
    this.sockets.add(client);
    client.once('close', () => this.sockets.delete(client)).on('error', () => {});
    const input = new Input(client);
    const socks = (await input.bytes(1))[0] === 5;
    const target = socks ? await this.#socks(client, input) : await this.#http(client, input);
    if (!target) return client.end();
    this.targets.push(target.join(':'));
    const server = connect(target[1], target[0]);
    this.sockets.add(server);
    server.once('close', () => { this.sockets.delete(server); client.destroy(); }).on('error', () => {});
    await once(server, 'connect');
    client.once('close', () => server.destroy());
    client.write(socks ? Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]) : 'HTTP/1.1 200 OK\r\n\r\n');
    server.write(input.rest());
    client.pipe(server);
    server.pipe(client);
  }

  async #http(client, input) {
    const head = await input.until('\r\n\r\n');
    const authorization = /^proxy-authorization: basic (\S+)/im.exec(head)?.[1] ?? '';
    if (this.asks !== undefined && Buffer.from(authorization, 'base64').toString() !== this.asks) {
      this.refused += 1;
      client.write('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
      return undefined;
    }
    // The first octet was taken to tell the protocols apart.
    const [, host, port] = /^ONNECT \[?([^\s\]]+)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head);
    return [host, Number(port)];
  }

  async #socks(client, input) {
    await input.bytes((await input.bytes(1))[0]);
    if (this.asks === undefined) {
      client.write(Buffer.from([5, 0]));
    } else {
      client.write(Buffer.from([5, 2]));
      await input.bytes(1);
      const user = await input.bytes((await input.bytes(1))[0]);
      const password = await input.bytes((await input.bytes(1))[0]);
      const right = `${user}:${password}` === this.asks;
      client.write(Buffer.from([1, right ? 0 : 1]));
      if (!right) {
        this.refused += 1;
        return undefined;
      }
    }
    const [, , , kind] = await input.bytes(4);
    const host = kind === 1 ? [...await input.bytes(4)].join('.') : (await input.bytes((await input.bytes(1))[0])).toString();
    return [host, (await input.bytes(2)).readUInt16BE()];
  }
}

/** What a socket sends, taken piece by piece. */
class Input {
  constructor(socket) {
    this.pending = Buffer.alloc(0);
    this.take = (data) => { this.pending = Buffer.concat([this.pending, data]); this.wake?.(); };
    this.socket = socket.on('data', this.take);
    socket.once('close', () => { this.closed = true; this.wake?.(); });
  }

  async #more() {
    if (this.closed) throw new Error('closed');
    await new Promise((resolve) => { this.wake = resolve; });
  }

  async bytes(count) {
    while (this.pending.length < count) await this.#more();
    const taken = this.pending.subarray(0, count);
    this.pending = this.pending.subarray(count);
    return taken;
  }

  async until(mark) {
    while (!this.pending.includes(mark)) await this.#more();
    return (await this.bytes(this.pending.indexOf(mark) + mark.length)).toString('latin1');
  }

  /** What came behind, when others go on reading. */
  rest() {
    this.socket.off('data', this.take);
    return this.pending;
  }
}
