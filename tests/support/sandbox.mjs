// A running `patchbay sandbox`, and what its control offers.

import { existsSync } from 'node:fs';
import { ExitedEarly, freePort, Program } from './process.mjs';
import { BINARY } from './product.mjs';
import { until } from './wait.mjs';

export class Sandbox {
  static async start(...args) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: build it, or set PATCHBAY_BINARY`);
    const sandbox = new Sandbox();
    for (let tries = 1; ; tries += 1) {
      sandbox.port = await freePort();
      sandbox.program = new Program(BINARY, ['sandbox', '--port', String(sandbox.port), ...args]);
      try {
        await sandbox.program.ready(() => sandbox.get(''));
        return sandbox;
      } catch (error) {
        await sandbox.program.kill();
        if (!(error instanceof ExitedEarly) || tries === 5) throw error;
      }
    }
  }

  get socketUrl() { return `ws://127.0.0.1:${this.port}/ws/chat`; }

  /** The answer's data; a refusal is thrown, with its status and code. */
  async ask(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/sandbox${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const parsed = await answer.json();
    if (answer.ok) return parsed.data;
    throw Object.assign(new Error(parsed.message), { status: answer.status, code: parsed.error.code });
  }

  get(path) { return this.ask('GET', path); }
  post(path, body) { return this.ask('POST', path, body); }
  remove(path) { return this.ask('DELETE', path); }

  phone(number) { return this.get(`/phones/${number}`); }

  /** Waits until the phone's only linked device, or the one numbered, is as the condition says. */
  device(number, condition, what, wanted) {
    return until(async () => {
      const { devices } = await this.phone(number);
      const device = devices.find((each) => wanted === undefined || each.number === wanted);
      return device && condition(device) && device;
    }, `device of ${number} ${what}`);
  }

  async violations() { return (await this.get('/violations')).violations; }

  stop() { return this.program.stop(); }
}
