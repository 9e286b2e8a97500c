// The phones of a sandbox (docs/sandbox.md), one for each instance that a test links.

import { until } from './wait.mjs';

let numbers = 15_550_000_000 + (process.pid % 10_000) * 10_000;

export class Phones {
  /** `ask(method, '/api/sandbox…', body)` returns the answer's data, or throws. */
  constructor(ask) {
    this.request = ask;
    this.byInstance = new Map();
  }

  ask(method, path, body) { return this.request(method, `/api/sandbox${path}`, body); }

  /** The instance's phone; made now, with these fields, when it has none. */
  of(instanceId, more) {
    if (!this.byInstance.has(instanceId)) this.byInstance.set(instanceId, this.create(more));
    return this.byInstance.get(instanceId);
  }

  async create(more) {
    numbers += 1;
    const { number } = await this.ask('POST', '/phones', { number: String(numbers), pushName: 'Ann Example', ...more });
    return new Phone(this, number);
  }

  async fault(kind, more) { return (await this.ask('POST', '/faults', { kind, ...more })).id; }

  /** What clients did that the protocol forbids. */
  async violations() { return (await this.ask('GET', '/violations')).violations; }
}

class Phone {
  constructor(phones, number) {
    this.phones = phones;
    this.number = number;
  }

  act(action, body = {}) { return this.phones.ask('POST', `/phones/${this.number}/${action}`, body); }

  state() { return this.phones.ask('GET', `/phones/${this.number}`); }

  async unlink() {
    const [device] = (await this.state()).devices;
    await this.act('unlink', { device: device.number });
  }

  /** Waits until its state is as the condition says; returns what that returned. */
  shows(condition, what) { return until(async () => condition(await this.state()), `${what} on phone ${this.number}`); }
}
