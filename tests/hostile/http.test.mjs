// Bad HTTP: too much of everything, too slow, half open, another protocol. Each gets a clear answer or the end of its
// connection, nobody else notices, and nothing is kept.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Account, call, Product } from '../support/product.mjs';
import { RawConnection, speak } from '../support/raw.mjs';
import { sleep, until } from '../support/wait.mjs';

const MEGABYTE = 1 << 20;
const REQUEST_TIMEOUT_MS = 700;

/** Every refusal of HTTP is the usual envelope with a message that says what to do. */
function assertRefusal({ status, body }, wanted) {
  assert.equal(status, wanted, body.slice(0, 300));
  const { success, message, error } = JSON.parse(body);
  assert.equal(success, false);
  assert.ok(message.length > 10, message);
  assert.equal(message, error.message);
  assert.match(error.code, /^[A-Z_]+$/);
}

describe('bad HTTP', { concurrency: 1 }, () => {
  let product;
  let secure;
  let target;
  let account;
  let descriptors;
  before(async () => {
    const args = ['--request-timeout-ms', String(REQUEST_TIMEOUT_MS)];
    [product, secure] = await Promise.all([Product.start({ args, sandbox: false }), Product.start({ args, sandbox: false, tls: true })]);
    target = product.target;
    account = await Account.register(target);
    descriptors = product.program.descriptors();
  });
  after(() => Promise.all([product?.stop(), secure?.stop()]));

  /** The server still serves others, in both flavours. */
  const assertAlive = async () => {
    for (const server of [product, secure]) {
      assert.equal(server.program.exited, undefined);
      assert.equal((await server.target.get('/health')).status, 200);
    }
  };

  const get = (path, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
  const post = (headers, body) => `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
  const rows = [
    ['a request line beyond the limit', () => get(`/${'x'.repeat(100_000)}`), 414],
    ['a request line that never ends', () => `GET /${'x'.repeat(100_000)}`, 414],
    ['a header beyond the limit', () => get('/health', `X: ${'x'.repeat(100_000)}\r\n`), 431],
    ['a header that never ends', () => `GET /health HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`, 431],
    ['thousands of headers', () => get('/health', Array.from({ length: 5000 }, (_, n) => `X${n}: y\r\n`).join('')), 431],
    ['a body announced beyond the limit', () => post('Content-Length: 100000000\r\n', ''), 413],
    ['a chunked body beyond the limit', () => post('Transfer-Encoding: chunked\r\n',
      `100000\r\n${'x'.repeat(0x100000)}\r\n`.repeat(3)), 413],
    ['a body length that is no number', () => post('Content-Length: many\r\n', ''), 400],
    ['a negative body length', () => post('Content-Length: -1\r\n', ''), 400],
    ['two different body lengths', () => post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'), 400],
    ['a length and chunks at once', () => post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['a chunk size that is no number', () => post('Transfer-Encoding: chunked\r\n', 'zz\r\n'), 400],
    ['a folded header', () => get('/health', 'X: a\r\n b\r\n'), 400],
    ['a zero byte in a header', () => get('/health', 'X: a\0b\r\n'), 400],
    ['a header without a colon', () => get('/health', 'nonsense\r\n'), 400],
    ['no Host', () => 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['garbage in place of a request', () => 'hello, is anybody there?\r\n\r\n', 400],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ];
  for (const [name, bytes, status] of rows) {
    test(`${name} is answered ${status}`, async () => {
      assertRefusal(await speak(target, bytes()), status);
      assertRefusal(await speak(secure.target, bytes()), status);
      await assertAlive();
    });
  }

  test('bodies that are no JSON object are answered 400 and say so', async () => {
    for (const body of ['', '{', '{"email":', 'null', '[]', '7', '"text"', `{"a":${'['.repeat(20_000)}`, '{"a":1}{"b":2}',
      `{"email":"${'\u0001'}"}`, `{"email": ${'9'.repeat(400)}}`]) {
      const { status, body: answer } = await request(Buffer.from(body));
      assert.equal(status, 400, body.slice(0, 40));
      assert.equal(answer.success, false);
      assert.match(answer.error.code, /^(BAD_REQUEST|VALIDATION_ERROR)$/);
    }
    assert.equal((await request(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]))).status, 400, 'invalid UTF-8');
    async function request(body) {
      const { status, text } = await target.request('/api/auth/login', {
        method: 'POST', body, headers: { 'Content-Type': 'application/json' },
      });
      return { status, body: JSON.parse(text) };
    }
  });

  test('fields of the wrong kind and size are named in the answer, secrets are not repeated', async () => {
    const { status, body } = await call(target, 'POST', '/api/auth/register', {
      email: ['a'], password: 'abc', name: 'x'.repeat(5000),
    });
    assert.equal(status, 400);
    assert.equal(body.error.code, 'VALIDATION_ERROR');
    const text = JSON.stringify(body);
    for (const field of ['email', 'password', 'name']) assert.ok(text.includes(field), field);
    assert.ok(!text.includes('"abc"'));
    assert.ok(text.length < 2000, 'what was wrong is repeated in part only');
  });

  test('another content type is 415, another method 405, an unknown path 404, all as JSON', async () => {
    const form = await target.request('/api/auth/login', { method: 'POST', body: '<a/>', headers: { 'Content-Type': 'text/xml' } });
    assertRefusal({ status: form.status, body: form.text }, 415);
    for (const method of ['DELETE', 'PATCH', 'TRACE', 'BREW']) {
      const { status, text } = await target.request('/api/auth/login', { method: method === 'BREW' ? 'PROPFIND' : method });
      assertRefusal({ status, body: text }, 405);
    }
    const lost = await target.get('/api/no/such/thing');
    assertRefusal({ status: lost.status, body: lost.text }, 404);
  });

  test('paths that try to leave their folder find nothing', async () => {
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc%2fpasswd', '//etc/passwd',
      '/\\..\\..\\etc\\passwd', '/%00', '/%zz', '/%c0%ae%c0%ae/etc/passwd']) {
      const { status, body } = await speak(target, get(path));
      assert.ok(!/root:.*:0:0/.test(body), path);
      assert.ok([200, 301, 308, 400, 404].includes(status), `${path}: ${status}`);
    }
  });

  test('ids of other tenants and impossible ids find nothing, by every method', async () => {
    const stranger = await Account.register(target);
    const { id } = await stranger.createInstance();
    const key = await stranger.createKey(id);
    const paths = [['GET', ''], ['PUT', '', { settings: {} }], ['DELETE', ''], ['POST', '/connect'], ['POST', '/disconnect'],
      ['POST', '/restart'], ['POST', '/logout'], ['GET', '/status'], ['GET', '/qr'], ['GET', '/events'], ['GET', '/keys'],
      ['POST', '/keys', { name: 'mine now' }], ['DELETE', `/keys/${key.id}`], ['GET', `/keys/${key.id}`]];
    for (const [method, path, body] of paths) {
      const answer = await account.call(method, `/api/instances/${id}${path}`, body);
      assert.equal(answer.status, 404, `${method} ${path}`);
      assert.equal(answer.body.error.code, 'INSTANCE_NOT_FOUND');
    }
    for (const wrong of ['x', "' OR 1=1 --", '%00', '../users', 'c'.repeat(5000), '__proto__']) {
      const { status } = await account.call('GET', `/api/instances/${encodeURIComponent(wrong)}`);
      assert.ok([400, 404].includes(status), wrong.slice(0, 20));
    }
    assert.equal((await stranger.instance(id)).id, id);
  });

  test('binary rubbish and other protocols end their connection, no matter how much of it', async () => {
    const rubbish = [randomBytes(100_000), Buffer.alloc(100_000), Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, ...randomBytes(500)])];
    for (const bytes of rubbish) {
      for (const { target: to } of [product, secure]) {
        const connection = new RawConnection(to, false);
        await connection.opened;
        connection.write(bytes);
        await connection.end();
      }
    }
    await assertAlive();
  });

  test('TLS on the plain port ends, plain HTTP on the TLS port is told what to do', async () => {
    const lost = new RawConnection(target, true);
    await lost.end();
    const { status, body } = await speak(secure.target, get('/health'), { secure: false });
    assert.equal(status, 400);
    assert.match(body, /https/);
    await assertAlive();
  });

  const slow = [
    ['a request that stops in its first line', (connection) => connection.write('GET /hea'), [408, undefined]],
    ['a request that stops in its headers', (connection) => connection.write('GET /health HTTP/1.1\r\nHost: x\r\n'), [408]],
    ['a body that stops half way', (connection) => connection.write(post('Content-Length: 100\r\n', '{"email"')), [408]],
    ['a connection that says nothing at all', () => {}, [408, undefined]],
  ];
  for (const [name, begin, statuses] of slow) {
    test(`${name} is ended by its deadline`, async () => {
      for (const { target: to } of [product, secure]) {
        const connection = new RawConnection(to);
        await connection.opened;
        begin(connection);
        await connection.end();
        assert.ok(statuses.includes(connection.status), connection.text.slice(0, 200));
      }
    });
  }

  test('a client that sends a byte now and then does not win time by it', async () => {
    const connection = new RawConnection(target);
    await connection.opened;
    connection.write('GET /health HTTP/1.1\r\nHost: x\r\nX: ');
    const started = Date.now();
    while (!connection.isClosed) {
      connection.write('y');
      await sleep(50);
      assert.ok(Date.now() - started < REQUEST_TIMEOUT_MS + 10_000, 'it goes on and on');
    }
    assert.equal(connection.status, 408);
  });

  test('a TLS handshake that stops half way is ended too', async () => {
    const connection = new RawConnection(secure.target, false);
    await connection.opened;
    connection.write(Buffer.from([0x16, 0x03, 0x01]));
    await connection.end();
  });

  test('five hundred half-open clients at once disturb nobody, and nothing is kept of them', async () => {
    const crowd = async () => {
      const connections = Array.from({ length: 500 }, () => new RawConnection(target));
      await Promise.all(connections.map(({ opened }) => opened));
      for (const connection of connections) connection.write(`POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n${'x'.repeat(20_000)}`);
      assert.equal((await target.get('/health')).status, 200);
      await Promise.all(connections.map((connection) => connection.end(30_000)));
    };
    // The heap keeps for the next crowd what it once had, so the first ones are not counted; of the others each sends 10 MB.
    const crowds = 5;
    for (let n = 0; n < crowds; n += 1) await crowd();
    const before = product.program.residentBytes();
    for (let n = 0; n < crowds; n += 1) await crowd();
    const grown = product.program.residentBytes() - before;
    assert.ok(grown < 16 * MEGABYTE, `grown by ${grown} bytes`);
    await assertAlive();
  });

  test('clients that send and never read the answers are ended, and bounded', async () => {
    const before = product.program.residentBytes();
    const connection = new RawConnection(target);
    await connection.opened;
    connection.socket.pause();
    const batch = get('/api/openapi.json').repeat(200);
    for (let n = 0; n < 20; n += 1) connection.write(batch);
    await sleep(500);
    const grown = product.program.residentBytes() - before;
    assert.ok(grown < 40 * MEGABYTE, `grown by ${grown} bytes`);
    connection.destroy();
    await assertAlive();
  });

  test('after all that no connection is still held', async () => {
    await until(() => product.program.descriptors() <= descriptors, 'descriptors given back');
  });
});
