// scripts/generate-tokens: the dictionaries in the source are those of the pinned package.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const data = 'src/binary/token_data.h';

const run = (script, ...args) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

test('the dictionaries that are checked in are, byte for byte, what the generator writes', () => {
  const { status, stdout, stderr } = run(path.join(root, 'scripts/generate-tokens'), '--check');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^tokens: /);
});

test('the generator notices another file and another version of the package, and writes the same file again', (t) => {
  const copy = mkdtempSync(path.join(tmpdir(), 'generate-tokens-'));
  t.after(() => rmSync(copy, { recursive: true }));
  const script = path.join(copy, 'scripts/generate-tokens');
  const constants = 'tests/node_modules/baileys/lib/WABinary/constants.js';
  for (const file of ['scripts/generate-tokens', 'tests/package.json', 'tests/node_modules/baileys/package.json', constants, data]) {
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(copy, file));
  }
  const original = readFileSync(path.join(root, data), 'utf8');
  writeFileSync(path.join(copy, data), original.replace('"receipt\\0"', '"receipts\\0"'));
  const changed = run(script, '--check');
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /token_data\.h is not what this script writes/);

  assert.equal(run(script).status, 0);
  assert.equal(readFileSync(path.join(copy, data), 'utf8'), original);

  const manifest = path.join(copy, 'tests/package.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/("baileys": ")[^"]+/, '$17.0.0-rc.9'));
  const other = run(script, '--check');
  assert.equal(other.status, 1);
  assert.match(other.stderr, /tests\/package\.json pins 7\.0\.0-rc\.9/);
});
