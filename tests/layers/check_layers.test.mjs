// scripts/check-layers must fail when the layering is broken: each case breaks one thing in a small tree.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/check-layers', import.meta.url));

const sound = {
  'docs/architecture.md': [
    '# Architecture',
    '<!-- layers:begin -->',
    '| module | may use | purpose |',
    '|---|---|---|',
    '| `base` | | the floor |',
    '| `net` | `base` | sockets |',
    '| `http` | `base`, `net` | requests |',
    '<!-- layers:end -->',
    '',
  ].join('\n'),
  'src/base/result.h': '#include <string>\n',
  'src/net/shard.h': '#include "base/result.h"\n',
  'src/net/CMakeLists.txt': 'patchbay_module(net DEPS patchbay::base)\n',
  'src/http/server.h': '#include "net/shard.h"\n#include "http/message.h"\n',
  'src/http/message.h': '',
};

// Runs the check on the sound tree with `changes` on top (null removes a file).
function check(changes = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'patchbay-layers-'));
  try {
    for (const [name, text] of Object.entries({ ...sound, ...changes })) {
      if (text === null) continue;
      mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function assertRefused(changes, expected) {
  const { status, output } = check(changes);
  assert.equal(status, 1, output);
  assert.match(output, expected);
}

test('a tree that keeps to the table passes', () => {
  const { status, output } = check();
  assert.equal(status, 0, output);
  assert.match(output, /4 files of 3 modules/);
});

test('an include of a module that stands above is refused with its file and line', () => {
  assertRefused({ 'src/net/shard.h': '#include "base/result.h"\n#include "http/server.h"\n' },
    /src\/net\/shard\.h:2: net must not include http/);
});

test('an include in a test or a source file counts like one in a header', () => {
  assertRefused({ 'src/base/result_test.cc': '  #  include "net/shard.h"\n' }, /result_test\.cc:1: base must not include net/);
});

test('an include of an unknown folder is refused', () => {
  assertRefused({ 'src/net/shard.h': '#include "vendor/thing.h"\n' }, /net must not include vendor/);
});

test('an include that hides its module is refused', () => {
  assertRefused({ 'src/http/server.h': '#include "../net/shard.h"\n' }, /must be written with its module/);
  assertRefused({ 'src/http/server.h': '#include "message.h"\n' }, /must be written with its module/);
});

test('a link against a module that stands above is refused', () => {
  assertRefused({ 'src/net/CMakeLists.txt': 'patchbay_module(net DEPS patchbay::base patchbay::http)\n' },
    /src\/net\/CMakeLists\.txt: net must not link http/);
});

test('a module that is missing in the table, or in the tree, is named', () => {
  assertRefused({ 'src/extra/extra.h': '' }, /src\/extra\/ is not in the table/);
  assertRefused({ 'src/http/server.h': null, 'src/http/message.h': null }, /there is no src\/http\//);
});

test('a table that points upwards is refused', () => {
  assertRefused({ 'docs/architecture.md': sound['docs/architecture.md'].replace('| `base` | |', '| `base` | `net` |') },
    /base may use net, which stands in no earlier row/);
});

test('a page without the table is refused rather than read as "nothing to check"', () => {
  assertRefused({ 'docs/architecture.md': '# Architecture\n' }, /no table between/);
});
