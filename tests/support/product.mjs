// The product as its users run it: the binary on a sandbox of WhatsApp, an account, and what REST offers.

import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Phones } from './phones.mjs';
import { ExitedEarly, freePort, Program, REPOSITORY, run, temporaryFolder } from './process.mjs';
import { Target } from './target.mjs';
import { certificate } from './tls.mjs';
import { sleep, until } from './wait.mjs';

export const BINARY = process.env.PATCHBAY_BINARY ?? join(REPOSITORY, 'build/release/src/app/patchbay');

/** The secret of every server that these tests start: known, so that tokens can be forged. */
export const JWT_SECRET = 'the-secret-of-the-tests-0123456789abcdef';

/** Short times, so that tests need not wait for what people may. */
const QUICK = ['--reconnect-delay-ms', '50', '--reconnect-delay-max-ms', '300'];

/** How the contract is run: on one event loop and on several, plain and with TLS. */
export const SHAPES = [
  { name: '1 shard', shards: 1 },
  { name: '4 shards', shards: 4 },
  { name: '4 shards, TLS', shards: 4, tls: true },
];

function commandLine(port, dataDir, {
  host = '127.0.0.1', shards = 2, tls = false, sandbox = true, args = [],
}) {
  return ['serve', '--host', host, '--port', String(port), '--data-dir', dataDir, '--shards', String(shards),
    ...(sandbox === true ? ['--sandbox', ...QUICK] : []),
    ...(sandbox?.flags ? [...sandbox.flags, ...QUICK] : []),
    ...(tls ? ['--tls-cert', certificate().certFile, '--tls-key', certificate().keyFile] : []),
    ...args];
}

/**
 * A running server. Its data folder outlives it, for a start after a stop.
 * `sandbox`: true is one inside the server, which ends with it; a Sandbox is another process, which does not; false is none.
 */
export class Product {
  static async start(options = {}) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: build it, or set PATCHBAY_BINARY`);
    const product = new Product();
    product.options = options;
    product.dataDir = options.dataDir ?? temporaryFolder('patchbay-data-');
    product.log = '';
    const { sandbox = true } = options;
    product.phones = sandbox && new Phones(sandbox === true
      ? async (...request) => expectSuccess(await call(product.target, ...request))
      : (...request) => sandbox.ask(...request));
    await product.#start(options.port);
    return product;
  }

  #spawn() {
    const { env, command = BINARY, prefix = [] } = this.options;
    return new Program(command, [...prefix, ...commandLine(this.port, this.dataDir, this.options)],
      { env: { PATCHBAY_JWT_SECRET: JWT_SECRET, ...env } });
  }

  async #start(port) {
    const { tls } = this.options;
    for (let tries = 1; ; tries += 1) {
      this.port = port ?? await freePort();
      this.target = new Target(`${tls ? 'https' : 'http'}://127.0.0.1:${this.port}`, tls ? certificate().ca : undefined);
      this.target.phones = this.phones;
      this.program = this.#spawn();
      try {
        await this.program.ready(async () => (await this.target.get('/health', { ms: 2000 })).status === 200);
        return;
      } catch (error) {
        await this.program.kill();
        if (!(error instanceof ExitedEarly) || !/taken|in use/.test(error.message) || tries === 5) throw error;
      }
    }
  }

  /** Everything the server has logged, over all its starts. */
  get stderr() { return this.log + this.program.stderr; }

  async stop() { return this.program.stop(); }

  async kill() { return this.program.kill(); }

  /** Starts it again after stop() or kill(), on the same port and data. */
  async startAgain() {
    this.log += this.program.stderr;
    await this.#start(this.port);
  }

  /** Starts it after stop() or kill(), and kills it again while it is still starting. */
  async startAndKill(ms) {
    const program = this.#spawn();
    await sleep(ms);
    await program.kill();
    this.log += program.stderr;
  }

  /** Runs the binary with these options to its end: for starts that must be refused. */
  static async refused({ dataDir = temporaryFolder('patchbay-data-'), port, env, prefix = [], ...options } = {}) {
    const [command, ...args] = [...prefix, BINARY, ...commandLine(port ?? await freePort(), dataDir, options)];
    return run(command, args, { env: { PATCHBAY_JWT_SECRET: JWT_SECRET, ...env } });
  }
}

let accounts = 0;

/** A user with a subscription of their own, signed in. */
export class Account {
  constructor(target, session) {
    this.target = target;
    this.token = session.token;
    this.user = session.user;
  }

  static async register(target, { agent } = {}) {
    accounts += 1;
    const credentials = {
      email: `user${accounts}.${process.pid}@example.org`, password: 'correct horse battery', name: `User ${accounts}`,
    };
    const answer = await call(target, 'POST', '/api/auth/register', credentials, { agent });
    const account = new Account(target, expectSuccess(answer, 201));
    account.credentials = credentials;
    account.agent = agent;
    return account;
  }

  /** Any call; returns {status, body} with the body parsed. */
  call(method, path, body) { return call(this.target, method, path, body, { token: this.token, agent: this.agent }); }

  /** A call that must succeed; returns its data. */
  async ok(method, path, body) { return expectSuccess(await this.call(method, path, body)); }

  async createInstance(name = `instance-${Math.random().toString(36).slice(2, 12)}`) {
    return (await this.ok('POST', '/api/instances', { name })).instance;
  }

  async createKey(instanceId) {
    return this.ok('POST', `/api/instances/${instanceId}/keys`, { name: 'key', permissions: { instance: { info: true } } });
  }

  instance(id) { return this.ok('GET', `/api/instances/${id}`).then(({ instance }) => instance); }

  act(id, action) { return this.ok('POST', `/api/instances/${id}/${action}`); }

  /** The phone of the sandbox that is, or will be, linked to the instance. `more` is for one that is made only now. */
  phone(id, more) { return this.target.phones.of(id, more); }

  /** Its phone scans the code that the instance shows. */
  async scan(id, more) {
    const phone = await this.phone(id, more);
    const { qrText } = await this.ok('GET', `/api/instances/${id}/qr`);
    await phone.act('scan', { qr: qrText });
  }

  /** The network between the instance and WhatsApp goes. */
  async drop(id) { return (await this.phone(id)).act('drop'); }

  /** Every event of the instance, page by page. */
  async events(id, after = 0) {
    const events = [];
    for (let next = after; ;) {
      const page = await this.ok('GET', `/api/instances/${id}/events?after=${next}&limit=1000`);
      events.push(...page.events);
      if (!page.hasMore) return events;
      next = page.nextAfter;
    }
  }

  status(id) { return this.instance(id).then(({ status }) => status); }

  reaches(id, status, ms) {
    return until(async () => (await this.status(id)) === status, `instance in status ${status}`, ms, 30);
  }

  /** Connects and scans, as a person would. */
  async link(id, more) {
    await this.act(id, 'connect');
    await this.reaches(id, 'QR_REQUIRED');
    await this.scan(id, more);
    await this.reaches(id, 'CONNECTED');
  }
}

export async function call(target, method, path, body, { token, agent, headers } = {}) {
  const { status, text, headers: answered } = await target.request(path, {
    method,
    agent,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  return { status, headers: answered, body: text === '' ? undefined : JSON.parse(text), request: `${method} ${path}` };
}

function expectSuccess({ status, body, request }, wanted) {
  if (body?.success !== true || (wanted && status !== wanted)) {
    throw new Error(`${request} was answered ${status} ${JSON.stringify(body)}`);
  }
  return body.data;
}

/** Makes a token of its parts; `sign` gets the text to sign and returns base64url. */
export function makeToken(header, claims, sign = (text) => createHmac('sha256', JWT_SECRET).update(text).digest('base64url')) {
  const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const text = `${part({ typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${sign(text)}`;
}

/** What a token says, unverified. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
