// The files of npm's socket.io-client, served beside the endpoint for pages to load.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import vm from 'node:vm';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { connected } from '../support/clients.mjs';
import { REPOSITORY } from '../support/process.mjs';
import { Account, Product } from '../support/product.mjs';

const PACKAGE = join(REPOSITORY, 'panel/node_modules/socket.io-client');
const FILES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js']
  .flatMap((name) => [name, `${name}.map`]);

describe('the client that the server brings', { concurrency: 1 }, () => {
  let product;
  before(async () => { product = await Product.start(); });
  after(() => product?.stop());

  for (const name of FILES) {
    test(`${name} is that of the package, with its type, a tag, and gzip for who takes it`, async () => {
      const path = `/socket.io/${name}`;
      const original = readFileSync(join(PACKAGE, 'dist', name));
      const plain = await product.target.get(path);
      assert.equal(plain.status, 200);
      assert.ok(plain.body.equals(original));
      assert.match(plain.headers['content-type'], name.endsWith('.map') ? /^application\/json/ : /^text\/javascript; charset=utf-8$/);
      assert.equal(plain.headers['cache-control'], 'no-cache');
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.match(plain.headers.vary, /accept-encoding/i);

      const zipped = await product.target.get(path, { headers: { 'Accept-Encoding': 'gzip, deflate, br' } });
      assert.equal(zipped.headers['content-encoding'], 'gzip');
      assert.ok(zipped.body.length < original.length / 2);
      assert.ok(gunzipSync(zipped.body).equals(original));

      const known = await product.target.get(path, { headers: { 'If-None-Match': plain.headers.etag } });
      assert.equal(known.status, 304);
      assert.equal(known.body.length, 0);
      assert.equal(known.headers.etag, plain.headers.etag);
      const other = await product.target.get(path, { headers: { 'If-None-Match': '"another"' } });
      assert.equal(other.status, 200);
    });
  }

  test('is read with GET and HEAD, and nothing else is there', async () => {
    const head = await product.target.request('/socket.io/socket.io.js', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal((await product.target.post('/socket.io/socket.io.js', '')).status, 405);
    for (const name of ['socket.io.cjs', 'socket.io.js.map.map', 'package.json']) {
      assert.equal((await product.target.get(`/socket.io/${name}`)).status, 404, name);
    }
  });

  test('connects, loaded as a page loads a script', async () => {
    const account = await Account.register(product.target);
    const { text } = await product.target.get('/socket.io/socket.io.min.js');
    // The globals that a page has and this bundle uses; it runs in a context of its own.
    const page = {
      setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, WebSocket, XMLHttpRequest: undefined,
      location: new URL(product.target.url), document: { cookie: '' }, navigator: { product: 'test' }, Blob, ArrayBuffer, console,
      TextEncoder, TextDecoder, fetch, performance, addEventListener() {}, removeEventListener() {},
    };
    page.self = page;
    page.window = page;
    page.globalThis = page;
    vm.runInNewContext(text, page);
    const { version } = createRequire(import.meta.url)(join(PACKAGE, 'package.json'));
    assert.match(text, new RegExp(`v${version.replaceAll('.', '\\.')}`));
    const socket = page.io({ transports: ['websocket'], auth: { token: account.token } });
    try {
      await connected(socket);
      assert.ok(socket.id);
    } finally {
      socket.disconnect();
    }
  });
});
