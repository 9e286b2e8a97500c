// The installed package: what a project that finds it gets, and what it does not get.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from '../support/process.mjs';

const PREFIX = process.env.PATCHBAY_PREFIX ?? join(REPOSITORY, 'build/install');
const files = readdirSync(PREFIX, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(PREFIX, join(entry.parentPath ?? entry.path, entry.name)));
const headers = files.filter((name) => name.startsWith('include/'));

test('the headers include nothing that is not installed', () => {
  assert.ok(headers.length > 30, `there are ${headers.length} headers`);
  for (const header of headers) {
    for (const [, included] of readFileSync(join(PREFIX, header), 'utf8').matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)) {
      assert.ok(existsSync(join(PREFIX, 'include/patchbay', included)), `${header} includes ${included}`);
    }
  }
});

test('nothing of the product, of the tests or of the inside of a module is installed', () => {
  const modules = new Set(headers.map((name) => name.split('/').slice(0, 3).join('/')));
  assert.deepEqual([...modules].sort(),
    ['base', 'engineio', 'http', 'net', 'socketio', 'websocket'].map((name) => `include/patchbay/${name}`));
  for (const header of headers) {
    const top = readFileSync(join(PREFIX, header), 'utf8').split('#pragma once')[0].replace(/\n\/\/ ?/g, ' ');
    assert.doesNotMatch(top, /Internal to the module|For tests only/, header);
    assert.doesNotMatch(header, /test|_rig/);
  }
  assert.deepEqual(files.filter((name) => /^(bin|sbin)\//.test(name)), []);
});

test('every header says at its top what it is for', () => {
  for (const header of headers) {
    const [top] = readFileSync(join(PREFIX, header), 'utf8').split('#pragma once');
    assert.match(top, /^\/\/ [A-Z]/, header);
    assert.ok(top.replace(/[/\s]/g, '').length >= 40, `${header} begins with a comment that says something`);
  }
});

test('the package needs nothing but threads, OpenSSL, zlib and Boost.JSON', () => {
  const config = readFileSync(join(PREFIX, files.find((name) => name.endsWith('/patchbayConfig.cmake'))), 'utf8');
  const found = [...config.matchAll(/^find_dependency\((\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(found.sort(), ['Boost', 'OpenSSL', 'Threads', 'ZLIB']);
  const targets = readFileSync(join(PREFIX, files.find((name) => name.endsWith('/patchbayTargets.cmake'))), 'utf8');
  const linked = new Set([...targets.matchAll(/INTERFACE_LINK_LIBRARIES "([^"]*)"/g)]
    .flatMap(([, list]) => list.split(';').map((name) => name.replace(/^\\\$<LINK_ONLY:(.*)>$/, '$1'))));
  for (const name of linked) {
    assert.match(name, /^(patchbay::(base|net|http|websocket|engineio|socketio)|Boost::json|OpenSSL::(SSL|Crypto)|Threads::Threads|ZLIB::ZLIB|)$/);
  }
});
