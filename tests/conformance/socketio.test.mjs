// Socket.IO v5 on every row of the matrix: the Engine.IO part on its path, then the packets of the protocol itself.

import { after, before, describe, test } from 'node:test';
import { matrix, startServer } from '../support/servers.mjs';
import { EngineClient, ENGINE_CHECKS } from './engineio_checks.mjs';
import { SOCKET_CHECKS } from './socketio_checks.mjs';

const CHECKS = [...ENGINE_CHECKS.filter((check) => !check.echo), ...SOCKET_CHECKS];

describe('Socket.IO v5', { concurrency: 3 }, () => {
  for (const row of matrix()) {
    describe(row.name, { concurrency: 1 }, () => {
      let server;
      let client;
      before(async () => {
        server = await startServer(row, 'suites');
        client = new EngineClient(server.target, '/socket.io/');
      });
      after(() => server?.program.stop());
      for (const check of CHECKS) test(`${check.group}: ${check.name}`, () => check.run(client));
    });
  }
});
