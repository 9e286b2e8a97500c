// Engine.IO v3 on Node's own implementation, so that a wrong check shows, and on ours, beside clients of v4.

import { after, before, describe, test } from 'node:test';
import { matrix, startServer } from '../support/servers.mjs';
import { Engine3Client, ENGINE3_CHECKS } from './engineio3_checks.mjs';

describe('Engine.IO v3', { concurrency: 3 }, () => {
  for (const row of matrix(['reference', 'one', 'four', 'scatter', 'scatter-tls'])) {
    describe(row.name, { concurrency: 1 }, () => {
      let server;
      let client;
      before(async () => {
        server = await startServer(row, 'suites', { eio3: true });
        client = new Engine3Client(server.target, '/engine.io/');
      });
      after(() => server?.program.stop());
      for (const check of ENGINE3_CHECKS) test(`${check.group}: ${check.name}`, () => check.run(client));
    });
  }
});
