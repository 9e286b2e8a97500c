// A running `patchbay sandbox`, and what its control offers.

import { existsSync } from 'node:fs';
import { ExitedEarly, freePort, Program } from './process.mjs';
import { BINARY } from './product.mjs';
import { Target } from './target.mjs';
import { certificate } from './tls.mjs';
import { until } from './wait.mjs';

export class Sandbox {
  static async start(...args) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist: build it, or set PATCHBAY_BINARY`);
    const sandbox = new Sandbox();
    const tls = args.includes('--tls-cert');
    for (let tries = 1; ; tries += 1) {
      sandbox.port = await freePort();
      sandbox.target = new Target(`${tls ? 'https' : 'http'}://127.0.0.1:${sandbox.port}`, tls ? certificate().ca : undefined);
      sandbox.program = new Program(BINARY, ['sandbox', '--port', String(sandbox.port), ...args]);
      try {
        await sandbox.program.ready(() => sandbox.get(''));
        sandbox.root = (await sandbox.get('')).rootPublicKey;
        return sandbox;
      } catch (error) {
        await sandbox.program.kill();
        if (!(error instanceof ExitedEarly) || tries === 5) throw error;
      }
    }
  }

  get socketUrl() { return `${this.target.url.replace('http', 'ws')}/ws/chat`; }

  /** What makes a `patchbay serve` use it. */
  get flags() { return ['--sandbox-url', this.socketUrl, '--sandbox-root', this.root]; }

  /** The answer's data of any path; a refusal is thrown, with its status and code. */
  async ask(method, path, body) {
    const { status, text } = await this.target.request(path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const parsed = JSON.parse(text);
    if (status < 300) return parsed.data;
    throw Object.assign(new Error(parsed.message), { status, code: parsed.error.code });
  }

  get(path) { return this.ask('GET', `/api/sandbox${path}`); }
  post(path, body) { return this.ask('POST', `/api/sandbox${path}`, body); }
  remove(path) { return this.ask('DELETE', `/api/sandbox${path}`); }

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
