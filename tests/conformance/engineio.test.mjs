// Engine.IO v4 on every row of the matrix, first on Node's own implementation, so that a wrong check shows.

import { after, before, describe, test } from 'node:test';
import { matrix, startServer } from '../support/servers.mjs';
import { EngineClient, ENGINE_CHECKS } from './engineio_checks.mjs';

describe('Engine.IO v4', { concurrency: 3 }, () => {
  for (const row of matrix()) {
    describe(row.name, { concurrency: 1 }, () => {
      let server;
      let client;
      before(async () => {
        server = await startServer(row, 'suites');
        client = new EngineClient(server.target, '/engine.io/');
      });
      after(() => server?.program.stop());
      for (const check of ENGINE_CHECKS) test(`${check.group}: ${check.name}`, () => check.run(client));
    });
  }
});
