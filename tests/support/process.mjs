// Starts programs under test, keeps what they print, and leaves none behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until, within } from './wait.mjs';

export const REPOSITORY = resolve(fileURLToPath(import.meta.url), '../../..');

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A folder that disappears when this process ends. */
export function temporaryFolder(name = 'patchbay-test-') {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.add(folder);
  return folder;
}

/** A port nobody listens on now. Another process may take it, so starters try again with a new one. */
export async function freePort(host = '127.0.0.1') {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether something accepts on the port. */
export function accepts(port, host = '127.0.0.1') {
  return new Promise((resolveWith) => {
    const socket = createConnection({ port, host });
    socket.once('connect', () => { socket.destroy(); resolveWith(true); });
    socket.once('error', () => resolveWith(false));
  });
}

/** A running program: its output so far, its exit, and ways to end it. */
export class Program {
  constructor(command, args, { env, cwd, stdin = 'ignore' } = {}) {
    this.commandLine = [command, ...args].join(' ');
    this.stdout = '';
    this.stderr = '';
    this.child = spawn(command, args, {
      cwd, env: { ...process.env, ...env }, stdio: [stdin, 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exit = new Promise((resolveWith) => {
      this.child.once('error', (error) => resolveWith({ code: null, signal: null, error }));
      this.child.once('close', (code, signal) => resolveWith({ code, signal }));
    }).then((result) => {
      running.delete(this.child);
      this.exited = result;
      return result;
    });
  }

  get pid() { return this.child.pid; }

  /** Waits for the condition; an early exit is an error that quotes what the program said. */
  async ready(condition, ms = 30_000) {
    await until(async () => this.exited || (await condition()), `${this.commandLine} ready`, ms).catch((error) => {
      throw new Error(`${error.message}\n${this.stderr.slice(-2000)}`);
    });
    if (this.exited) throw new ExitedEarly(this);
  }

  /**
   * Asks it to end and returns {code, signal}. That it ended by itself before, or does not end cleanly when asked, is an
   * error, and quotes its last words.
   */
  async stop(signal = 'SIGTERM', ms = 20_000) {
    if (this.exited && !this.asked) throw new ExitedEarly(this);
    this.asked = true;
    this.child.kill(signal);
    let result;
    try {
      result = await within(this.exit, `exit of ${this.commandLine} after ${signal}`, ms);
    } catch (error) {
      this.child.kill('SIGKILL');
      await this.exit;
      throw error;
    }
    if (signal === 'SIGTERM' && result.code !== 0) {
      throw new Error(`${this.commandLine} ended with code ${result.code}, signal ${result.signal}: ${this.stderr.slice(-4000)}`);
    }
    return result;
  }

  /** As a power cut would end it. */
  async kill() {
    if (this.exited) return this.exited;
    return this.stop('SIGKILL');
  }

  /** Resident memory in bytes, as the kernel counts it. */
  residentBytes() {
    const line = readFileSync(`/proc/${this.pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m);
    return Number(line[1]) * 1024;
  }

  /** How many file descriptors it holds open. */
  descriptors() { return readdirSync(`/proc/${this.pid}/fd`).length; }
}

export class ExitedEarly extends Error {
  constructor(program) {
    const { code, signal, error } = program.exited;
    super(`${program.commandLine} ended by itself (${error?.message ?? `code ${code}, signal ${signal}`}): `
      + `${program.stderr.slice(-2000) || program.stdout.slice(-2000)}`);
    Object.defineProperty(this, 'program', { value: program });  // too long to be printed with it
  }
}

/** Runs a program to its end: {code, signal, stdout, stderr}. For start-ups that must fail. */
export async function run(command, args, options = {}) {
  const program = new Program(command, args, options);
  try {
    const result = await within(program.exit, `end of ${program.commandLine}`, options.ms ?? 20_000);
    return { ...result, stdout: program.stdout, stderr: program.stderr };
  } finally {
    if (!program.exited) await program.kill();
  }
}
