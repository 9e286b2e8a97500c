// A server under test as its clients see it: an address, perhaps a certificate to trust, HTTP and WebSocket.

import http from 'node:http';
import https from 'node:https';
import WebSocket from 'ws';
import { DEADLINE_MS, within } from './wait.mjs';

export class Target {
  /** `url` is http:// or https://, without a trailing slash. */
  constructor(url, ca) {
    this.url = url;
    this.ca = ca;
    this.secure = url.startsWith('https:');
    const { hostname, port } = new URL(url);
    this.host = hostname;
    this.port = Number(port);
  }

  /** Options that make npm's clients trust the certificate. */
  get clientOptions() { return this.ca ? { ca: this.ca } : {}; }

  agent(options) {
    return this.secure ? new https.Agent({ ca: this.ca, ...options }) : new http.Agent(options);
  }

  /**
   * One HTTP request, by default on a connection of its own, so that with several shards consecutive requests land on
   * different ones. Returns {status, headers, body, text}; rejects when the connection ends without an answer. `onSent` is
   * called when the request is on its way, for what has to happen while the server holds it.
   */
  request(path, { method = 'GET', headers = {}, body, agent = false, signal, ms = DEADLINE_MS, onSent } = {}) {
    const answer = new Promise((resolve, reject) => {
      const module = this.secure ? https : http;
      const request = module.request(this.url + path, {
        method,
        agent,
        signal,
        ca: this.ca,
        headers: body === undefined ? headers : { 'Content-Length': Buffer.byteLength(body), ...headers },
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const whole = Buffer.concat(chunks);
          resolve({ status: response.statusCode, headers: response.headers, body: whole, text: whole.toString() });
        });
      });
      request.once('error', reject);
      if (onSent) request.once('socket', (socket) => socket.once(this.secure ? 'secureConnect' : 'connect', onSent));
      request.end(body);
    });
    return within(answer, `answer to ${method} ${path}`, ms);
  }

  get(path, options) { return this.request(path, options); }

  post(path, body, options) {
    return this.request(path, {
      ...options, method: 'POST', body, headers: { 'Content-Type': 'text/plain;charset=UTF-8', ...options?.headers },
    });
  }

  /** Opens a WebSocket and remembers everything that arrives on it from the first byte. */
  websocket(path, options = {}) {
    return new Peer(new WebSocket(this.url.replace(/^http/, 'ws') + path, {
      ca: this.ca, perMessageDeflate: false, ...options,
    }));
  }
}

/** A WebSocket whose messages are awaited one after the other. */
export class Peer {
  #queue = [];
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#arrived(isBinary ? data : data.toString()));
    this.opened = new Promise((resolve) => { socket.once('open', () => resolve(true)); });
    // The handshake may be refused, the connection dropped or the closing handshake done: to these tests all are "closed".
    this.closed = new Promise((resolve) => {
      socket.once('unexpected-response', (request, response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        response.on('error', () => resolve({ status: response.statusCode, body }));
      });
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
      socket.on('error', (error) => { this.error = error; });
    });
    this.closed.then(() => this.#end());
  }

  #arrived(message) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(message); else this.#queue.push(message);
  }

  #end() {
    for (const waiter of this.#waiting.splice(0)) {
      waiter.reject(new Error(`closed while a message was awaited${this.error ? ` (${this.error.message})` : ''}`));
    }
  }

  /** The next message: a string for text, a Buffer for binary. */
  next(ms = DEADLINE_MS) {
    if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
    const waiter = {};
    const arrival = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    this.#waiting.push(waiter);
    this.closed.then(() => this.#end());
    return within(arrival, 'message', ms);
  }

  send(data) { this.socket.send(data); return this; }

  /** Waits for the end of the connection, whoever ended it. */
  end(ms = DEADLINE_MS) { return within(this.closed, 'end of the connection', ms); }

  close() { this.socket.terminate(); }
}
