// Baileys as its users run it, but for the address it connects to: a client that nobody here wrote.

import makeWASocket, { useMultiFileAuthState } from 'baileys';
import { temporaryFolder } from '../support/process.mjs';
import { until, within } from '../support/wait.mjs';

// Its Signal library prints sessions, keys included, to the console.
for (const method of ['info', 'warn', 'error', 'log']) {
  const print = console[method];
  console[method] = (...words) => {
    if (/session|decrypt|Bad MAC/i.test(String(words[0]))) return;
    print(...words);
  };
}

const silent = { level: 'silent', trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const VERBOSE = process.env.BAILEYS_LOG;
const loud = { ...silent, level: 'trace', trace: (...a) => print(a), debug: (...a) => print(a), info: (...a) => print(a), warn: (...a) => print(a), error: (...a) => print(a), child: () => loud };
function print(words) { process.stderr.write(`${JSON.stringify(words).slice(0, 3000)}\n`); }

const RESTART_REQUIRED = 515;

export class Baileys {
  constructor(sandbox, options = {}) {
    this.sandbox = sandbox;
    this.options = options;
    this.folder = temporaryFolder('patchbay-baileys-');
    this.messages = [];
    this.updates = [];
    this.receipts = [];
    this.closes = [];
    this.sent = new Map();
  }

  /** Connects, with the keys of the last time if there was one. Reconnects by itself only when it is told to restart. */
  async connect() {
    const { state, saveCreds } = await useMultiFileAuthState(this.folder);
    this.qr = undefined;
    this.open = false;
    this.closed = undefined;
    const socket = makeWASocket({
      auth: state,
      waWebSocketUrl: this.sandbox.socketUrl,
      logger: VERBOSE ? loud : silent,
      getMessage: async ({ id }) => this.sent.get(id),
      shouldSyncHistoryMessage: () => false,
      ...this.options,
    });
    this.socket = socket;
    socket.ev.on('creds.update', saveCreds);
    socket.ev.on('messages.upsert', ({ messages }) => this.messages.push(...messages));
    socket.ev.on('messages.update', (updates) => this.receipts.push(...updates));
    socket.ev.on('connection.update', (update) => {
      if (update.qr) this.qr = update.qr;
      if (update.connection === 'open') this.open = true;
      if (update.connection !== 'close') return;
      this.open = false;
      this.closed = update.lastDisconnect?.error?.output?.statusCode ?? 0;
      this.closes.push(this.closed);
      if (this.closed === RESTART_REQUIRED) saveCreds().then(() => this.connect());
    });
    return this;
  }

  get jid() { return this.socket.user.id; }
  get number() { return this.jid.split(/[:@]/)[0]; }

  opened() { return until(() => this.open, 'Baileys open', 30_000); }
  nextQr() { return until(() => this.qr, 'a QR code of Baileys'); }
  /** The code with which the connection ended for good. */
  ended() { return until(() => this.closed !== undefined && this.closed !== RESTART_REQUIRED && { code: this.closed }, 'the end of Baileys').then(({ code }) => code); }

  async pairByQr(number, body = (qr) => ({ qr })) {
    await this.connect();
    await this.sandbox.post(`/phones/${number}/scan`, body(await this.nextQr()));
    await this.opened();
    return this;
  }

  async pairByCode(number) {
    await this.connect();
    await this.nextQr();
    const code = await this.socket.requestPairingCode(number);
    await until(() => this.sandbox.post(`/phones/${number}/code`, { code }), 'the code to be waited for');
    await this.opened();
    return this;
  }

  async send(jid, text) {
    const sent = await within(this.socket.sendMessage(jid, { text }), 'sendMessage');
    this.sent.set(sent.key.id, sent.message);
    return sent;
  }

  /** The message with this text. */
  received(text) {
    return until(() => this.messages.find(({ message }) => (
      message?.conversation === text || message?.extendedTextMessage?.text === text)), `the message "${text}"`);
  }

  /** Waits until the message is known to have this status, or a later one: 3 delivered, 4 read. */
  status(id, least) {
    // While it buffers, Baileys melts an update into the message itself.
    const known = () => [...this.messages, ...this.receipts.map(({ key, update }) => ({ key, status: update.status }))]
      .filter(({ key }) => key.id === id).map(({ status }) => status ?? 0);
    return until(() => Math.max(0, ...known()) >= least, `status ${least} of ${id}`);
  }

  async disconnect() {
    const { socket } = this;
    if (!socket || this.closed !== undefined) return;
    await socket.end(undefined);
  }
}
