// A busy day on a server that may die at any moment, and what must be true after it: everything acknowledged is
// there, every event that anybody heard is in the log, the logs have no gap, and what was wanted is wanted still.

import assert from 'node:assert/strict';
import { Clients } from '../support/clients.mjs';
import { Account, call } from '../support/product.mjs';
import { sleep, until } from '../support/wait.mjs';

const chance = (probability) => Math.random() < probability;

/** One instance as its operator remembers it. `possible` values are those a request without an answer may have set. */
class Memory {
  constructor(account, id) {
    this.account = account;
    this.id = id;
    this.settings = { acknowledged: undefined, possible: [] };
    this.wanted = { acknowledged: 'CONNECTED', possible: [] };
    this.keys = new Map();      // id → name; acknowledged as there
    this.deletedKeys = new Set();
    this.verified = 0;          // events up to here have been read and checked
    this.heard = new Map();     // seq → [name, payload]
  }

  /** Runs a write of one value and remembers what may have come of it. */
  async write(value, target, request) {
    value.possible.push(target);
    await request();
    value.acknowledged = target;
    value.possible = [];
  }

  allows(value, actual) { return actual === value.acknowledged || value.possible.includes(actual); }
}

export class Load {
  constructor(product) {
    this.product = product;
    this.memories = [];
    this.registered = [];
    this.problems = [];
    this.writes = 0;
    this.eventsHeard = 0;
    this.eventsKept = 0;
  }

  /** Accounts with linked instances, as many as their tier allows. */
  async prepare(accountCount) {
    const { target } = this.product;
    this.accounts = await Promise.all(Array.from({ length: accountCount }, () => Account.register(target)));
    for (const account of this.accounts) {
      for (let n = 0; n < 5; n += 1) {
        const { id } = await account.createInstance();
        this.memories.push(new Memory(account, id));
      }
    }
    await Promise.all(this.memories.map(({ account, id }) => account.link(id)));
  }

  /** Starts operators and listeners. They work until the server is gone or `pause` is called. */
  start() {
    this.paused = false;
    this.ending = false;
    this.agent = this.product.target.agent({ keepAlive: true });
    for (const account of this.accounts) account.agent = this.agent;
    this.clients = new Clients(this.product.target);
    this.#listen();
    this.working = Promise.all([...this.memories.map((memory) => this.#operate(memory)), this.#register()]);
  }

  /** Ends the load; requests that were under way may have failed. */
  async pause() {
    this.paused = true;
    await this.working;
    this.clients.close();
    this.agent.destroy();
    for (const account of this.accounts) account.agent = undefined;
  }

  #listen() {
    for (const [n, account] of this.accounts.entries()) {
      for (const transports of [['websocket'], ['polling']]) {
        const socket = this.clients.open({ auth: { token: account.token }, transports, reconnection: n % 2 === 0 });
        const mine = this.memories.filter((memory) => memory.account === account);
        const last = new Map();
        socket.on('connect', () => {
          last.clear();
          for (const { id } of mine) socket.emit('subscribe:instance', id, () => {});
        });
        socket.onAny((name, payload) => {
          const memory = this.memories.find(({ id }) => id === payload.instanceId);
          if (!memory) return;
          // The present on subscribing: the number of the newest event, no event of its own.
          if (name === 'instance:status:changed' && payload.oldStatus === payload.newStatus) {
            last.set(memory.id, payload.seq);
            return;
          }
          memory.heard.set(payload.seq, [name, payload]);
          const before = last.get(memory.id);
          if (before === undefined || payload.seq <= before) return;
          if (payload.seq !== before + 1) {
            this.problems.push(`a socket heard ${memory.id} #${payload.seq} after #${before}`);
          }
          last.set(memory.id, payload.seq);
        });
      }
    }
  }

  /** Registers users all the while: the write with the most work behind it. */
  async #register() {
    while (!this.paused) {
      try {
        const account = await Account.register(this.product.target, { agent: this.agent });
        this.registered.push(account.credentials);
        this.writes += 1;
      } catch {
        if (!this.#alive()) return;
      }
    }
  }

  #alive() { return !this.paused && !this.product.program.exited; }

  async #operate(memory) {
    while (this.#alive()) {
      try {
        await this.#act(memory);
      } catch (error) {
        // No answer (the server was killed), a refusal that the moment explains (a drop while disconnected), or a server
        // that is about to end and says so. Anything else is a defect.
        if (/answered 503/.test(error.message) && this.ending) await sleep(20);
        else if (/answered 5/.test(error.message)) this.problems.push(error.message);
      }
    }
  }

  async #act(memory) {
    const { account, id, settings, wanted } = memory;
    if (chance(0.5)) {
      const value = 10_000 + Math.floor(Math.random() * 50_000);
      await memory.write(settings, value, () => account.ok('PUT', `/api/instances/${id}`, {
        settings: { keepAliveIntervalMs: value },
      }));
    } else if (chance(0.5)) {
      await account.drop(id);
    } else if (chance(0.5)) {
      const next = wanted.acknowledged === 'CONNECTED' ? 'DISCONNECTED' : 'CONNECTED';
      await memory.write(wanted, next, () => account.act(id, next === 'CONNECTED' ? 'connect' : 'disconnect'));
    } else {
      await this.#turnKey(memory);
    }
    this.writes += 1;
  }

  async #turnKey(memory) {
    const { account, id, keys } = memory;
    const [key] = keys.keys();
    if (key === undefined) {
      const made = await account.createKey(id);
      keys.set(made.id, made.apiKey);
      return;
    }
    keys.delete(key);
    await account.ok('DELETE', `/api/instances/${id}/keys/${key}`);
    memory.deletedKeys.add(key);
  }

  /** Compares a server that has been started again with what was acknowledged and heard. */
  async verify() {
    assert.deepEqual(this.problems.slice(0, 3), []);
    await Promise.all(this.memories.map((memory) => this.#verifyInstance(memory)));
    // The most recent ones: password hashing is slow on purpose.
    for (const { email, password } of this.registered.splice(0).slice(-2)) {
      const { status, body } = await call(this.product.target, 'POST', '/api/auth/login', { email, password });
      assert.equal(status, 200, `an acknowledged user cannot log in: ${JSON.stringify(body)}`);
    }
  }

  async #verifyInstance(memory) {
    const { account, id, settings, wanted } = memory;
    const view = await account.instance(id);
    const actual = view.settings.keepAliveIntervalMs;
    assert.ok(memory.allows(settings, actual),
      `${id}: settings are ${actual}, acknowledged were ${settings.acknowledged}, possible ${settings.possible}`);
    memory.settings = { acknowledged: actual, possible: [] };

    assert.ok(memory.allows(wanted, view.desiredState),
      `${id}: wanted is ${view.desiredState}, acknowledged was ${wanted.acknowledged}, possible ${wanted.possible}`);
    memory.wanted = { acknowledged: view.desiredState, possible: [] };

    const { apiKeys } = await account.ok('GET', `/api/instances/${id}/keys`);
    const present = new Map(apiKeys.map((key) => [key.id, key.apiKey]));
    for (const [key, clear] of memory.keys) assert.equal(present.get(key), clear, `${id}: the acknowledged key ${key}`);
    for (const key of memory.deletedKeys) assert.ok(!present.has(key), `${id}: the key ${key} was deleted`);
    memory.keys = present;

    await account.reaches(id, view.desiredState, 30_000);
    await this.#verifyEvents(memory);
  }

  async #verifyEvents(memory) {
    const events = await memory.account.events(memory.id, memory.verified);
    const first = memory.verified + 1;
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, n) => first + n), `${memory.id}: a gap in the log`);
    const log = new Map(events.map((event) => [event.seq, event]));
    for (const [seq, [name, payload]] of memory.heard) {
      if (seq < first) continue;  // seen and checked in an earlier round
      const event = log.get(seq);
      assert.ok(event, `${memory.id}: #${seq} ${name} was heard but is not in the log`);
      const { qrCode, ...heard } = payload;
      const { qrCode: drawn, ...kept } = event.payload;
      assert.equal(event.type, name);
      assert.deepEqual(kept, heard, `${memory.id}: #${seq} was heard otherwise than it is kept`);
    }
    this.eventsHeard += memory.heard.size;
    this.eventsKept += events.length;
    memory.heard.clear();
    memory.verified += events.length;
  }

  /** Waits until the load has done something worth losing. */
  async busy(writes) {
    const from = this.writes;
    await until(() => this.writes - from >= writes, 'some writes', 30_000, 5);
  }
}
