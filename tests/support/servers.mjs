// The servers that suites run against: Node's own as the reference, and our testbed in each of its shapes.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { accepts, ExitedEarly, freePort, Program, REPOSITORY } from './process.mjs';
import { Target } from './target.mjs';
import { certificate } from './tls.mjs';

const TESTBED = process.env.PATCHBAY_TESTBED ?? join(REPOSITORY, 'build/release/testbed/testbed');
const REFERENCE = join(REPOSITORY, 'tests/conformance/reference_server.mjs');

/** One row of the matrix. `reference` is Node's socket.io: what passes there is a check that is right. */
const ROWS = {
  reference: { name: "Node's socket.io", program: 'reference' },
  'reference-tls': { name: "Node's socket.io, TLS", program: 'reference', tls: true },
  one: { name: 'testbed, 1 shard', program: 'testbed', shards: 1 },
  four: { name: 'testbed, 4 shards', program: 'testbed', shards: 4 },
  'one-tls': { name: 'testbed, 1 shard, TLS', program: 'testbed', shards: 1, tls: true },
  'four-tls': { name: 'testbed, 4 shards, TLS', program: 'testbed', shards: 4, tls: true },
  // Every connection lands on another shard than the one before, so nothing works by the luck of where it landed.
  scatter: { name: 'testbed, 3 shards, scattered', program: 'testbed', shards: 3, scatter: true },
  'scatter-tls': { name: 'testbed, 3 shards, scattered, TLS', program: 'testbed', shards: 3, scatter: true, tls: true },
};

/** The rows to run; PATCHBAY_ROWS=reference,one narrows them while working on a check. */
export function matrix(names = Object.keys(ROWS)) {
  const chosen = process.env.PATCHBAY_ROWS?.split(',');
  return names.filter((name) => !chosen || chosen.includes(name)).map((name) => ROWS[name]);
}

/** Starts a row's server with a profile of testbed ("suites" or "bench"); `port` only to take an earlier one again.
 *  `eio3`: clients of revision 3 too. Node then takes a request without a revision for one of them, so it is not always on. */
export async function startServer(row, profile, { port, extra = [], eio3 = false } = {}) {
  if (row.program === 'testbed' && !existsSync(TESTBED)) {
    throw new Error(`${TESTBED} does not exist: build it, or set PATCHBAY_TESTBED`);
  }
  for (let tries = 1; ; tries += 1) {
    const chosen = port ?? await freePort();
    const args = ['--port', String(chosen), '--profile', profile, ...extra];
    if (row.shards) args.push('--shards', String(row.shards));
    if (eio3 && row.program === 'reference') args.push('--eio3');
    if (row.scatter) args.push('--scatter');
    if (row.tls) args.push('--tls-cert', certificate().certFile, '--tls-key', certificate().keyFile);
    const program = row.program === 'testbed'
      ? new Program(TESTBED, args)
      : new Program(process.execPath, [REFERENCE, ...args]);
    try {
      await program.ready(() => accepts(chosen));
    } catch (error) {
      await program.kill();
      if (!(error instanceof ExitedEarly) || tries === 5) throw error;
      continue;
    }
    const scheme = row.tls ? 'https' : 'http';
    const target = new Target(`${scheme}://127.0.0.1:${chosen}`, row.tls ? certificate().ca : undefined);
    return { program, target, port: chosen };
  }
}
