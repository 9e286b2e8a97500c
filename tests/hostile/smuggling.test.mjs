// HTTP requests that two implementations could read differently (request smuggling), and other bytes that are no request.
// Each is answered once, with the exact status, and the connection ends: what stands behind it is never served as a
// request. Everything is sent whole and again byte by byte.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RawConnection } from '../support/raw.mjs';
import { startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

const PATH = '/socket.io/?EIO=4&transport=polling';
/** What must not be served: a handshake, whose answer holds a "sid". */
const SMUGGLED = `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`;

const get = (headers = 'Host: x\r\n', target = PATH, version = 'HTTP/1.1') => `GET ${target} ${version}\r\n${headers}\r\n`;
const post = (headers, body) => `POST ${PATH} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;
const chunked = (body, headers = '') => post(`Transfer-Encoding: chunked\r\n${headers}`, body);

const REFUSED = {
  'two lengths': [
    ['that differ', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'), 400],
    ['that differ, the larger first', post('Content-Length: 60\r\nContent-Length: 5\r\n', 'hello'), 400],
    ['in one header', post('Content-Length: 5, 6\r\n', 'hello'), 400],
    ['the same twice in one header', post('Content-Length: 5, 5\r\n', 'hello'), 400],
  ],
  'a length that is no number': [
    ['negative', post('Content-Length: -5\r\n', 'hello'), 400],
    ['with a plus', post('Content-Length: +5\r\n', 'hello'), 400],
    ['hexadecimal', post('Content-Length: 0x5\r\n', 'hello'), 400],
    ['with a space inside', post('Content-Length: 1 0\r\n', 'hello'), 400],
    ['with an underscore', post('Content-Length: 1_0\r\n', 'hello'), 400],
    ['with an exponent', post('Content-Length: 1e1\r\n', 'hello'), 400],
    ['with a fraction', post('Content-Length: 5.0\r\n', 'hello'), 400],
    ['in quotes', post('Content-Length: "5"\r\n', 'hello'), 400],
    ['empty', post('Content-Length:\r\n', 'hello'), 400],
    ['in other digits', post('Content-Length: \u00b2\r\n', 'hello'), 400],
    ['a word', post('Content-Length: chunked\r\n', 'hello'), 400],
  ],
  'a length beyond the limit': [
    ['of the body', post('Content-Length: 100000000\r\n', ''), 413],
    ['of 32 bits', post('Content-Length: 4294967301\r\n', 'hello'), 413],
    ['of 64 bits', post('Content-Length: 18446744073709551621\r\n', 'hello'), 413],
    ['of all numbers', post(`Content-Length: ${'9'.repeat(300)}\r\n`, 'hello'), 413],
  ],
  'a length and chunks': [
    ['the length first', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['the chunks first', post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'), 400],
    ['a length of nothing', post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'), 400],
    ['in HTTP/1.0', `POST ${PATH} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ],
  'Transfer-Encoding in disguise': [
    ['twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['and then another', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'), 400],
    ['after another', post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 501],
    ['xchunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 501],
    ['chunked, identity', post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), 501],
    ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501],
    ['chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 501],
    ['with a parameter', post('Transfer-Encoding: chunked;q=0.5\r\n', '0\r\n\r\n'), 501],
    ['in quotes', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 501],
    ['empty', post('Transfer-Encoding:\r\n', '0\r\n\r\n'), 501],
    ['behind a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), 400],
    ['before a NUL', post('Transfer-Encoding: chunked\0\r\n', '0\r\n\r\n'), 400],
    ['before a non-breaking space', post('Transfer-Encoding: chunked\xa0\r\n', '0\r\n\r\n'), 501],
    ['a space before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), 400],
    ['a tab before the colon', post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n'), 400],
    ['a NUL in the name', post('Transfer\0-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['its value on a second line', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), 501],
    ['as the continuation of another header', post('X: y\r\n Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['behind a bare CR', post('X: y\rTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['behind a bare LF', post('X: y\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ],
  'line ends': [
    ['LF alone behind the first line', `GET ${PATH} HTTP/1.1\nHost: x\r\n\r\n`, 400],
    ['LF alone behind a header', get('Host: x\n'), 400],
    ['LF alone at the end of the headers', `GET ${PATH} HTTP/1.1\r\nHost: x\r\n\n`, 400],
    ['LF alone everywhere', `GET ${PATH} HTTP/1.1\nHost: x\n\n`, 400],
    ['CR alone behind the first line', `GET ${PATH} HTTP/1.1\rHost: x\r\n\r\n`, 400],
    ['CR CR LF', get('Host: x\r\r\n'), 400],
    ['CR in a value', get('Host: x\r\nX: a\rb\r\n'), 400],
    ['two empty lines before the request', `\r\n\r\n${get()}`, 400],
    ['LF before the request', `\n${get()}`, 400],
  ],
  'header lines': [
    ['folded with a space', get('Host: x\r\nX: a\r\n b\r\n'), 400],
    ['folded with a tab', get('Host: x\r\nX: a\r\n\tb\r\n'), 400],
    ['folded at once', get(' Host: x\r\n'), 400],
    ['a space before the colon', get('Host : x\r\n'), 400],
    ['no name', get('Host: x\r\n: y\r\n'), 400],
    ['no colon', get('Host: x\r\nContent-Length 5\r\n'), 400],
    ['a space in the name', get('Host: x\r\nContent Length: 5\r\n'), 400],
    ['a bracket in the name', get('Host: x\r\n[X]: 5\r\n'), 400],
    ['bytes past ASCII in the name', get('Host: x\r\nContent-L\xe9ngth: 5\r\n'), 400],
    ['NUL in the value', get('Host: x\r\nX: a\0b\r\n'), 400],
    ['DEL in the value', get('Host: x\r\nX: a\x7fb\r\n'), 400],
    ['escape in the value', get('Host: x\r\nX: a\x1bb\r\n'), 400],
    ['more than a hundred', get(`Host: x\r\n${Array.from({ length: 101 }, (_, n) => `X${n}: y\r\n`).join('')}`), 431],
    ['more than 32 KiB', get(`Host: x\r\nX: ${'y'.repeat(33_000)}\r\n`), 431],
    ['an expectation of something else', get('Host: x\r\nExpect: 200-ok\r\n'), 417],
  ],
  Host: [
    ['missing', get(''), 400],
    ['twice', get('Host: x\r\nHost: y\r\n'), 400],
    ['the same twice', get('Host: x\r\nHost: x\r\n'), 400],
    ['two in one', get('Host: x, y\r\n'), 400],
    ['with a space', get('Host: x y\r\n'), 400],
    ['with user information', get('Host: user@x\r\n'), 400],
    ['with a path', get('Host: x/y\r\n'), 400],
    ['missing behind an absolute address', get('', `http://x${PATH}`), 400],
  ],
  'the first line': [
    ['tabs for spaces', `GET\t${PATH}\tHTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['two spaces', `GET  ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['a space in the address', get(undefined, '/a b'), 400],
    ['a space at the end', `GET ${PATH} HTTP/1.1 \r\nHost: x\r\n\r\n`, 400],
    ['a space at the beginning', ` GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['no version', `GET ${PATH}\r\nHost: x\r\n\r\n`, 400],
    ['HTTP/1.2', get(undefined, PATH, 'HTTP/1.2'), 505],
    ['HTTP/2.0', get(undefined, PATH, 'HTTP/2.0'), 505],
    ['HTTP/01.1', get(undefined, PATH, 'HTTP/01.1'), 400],
    ['http/1.1', get(undefined, PATH, 'http/1.1'), 400],
    ['a method that is no token', `G(T ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['NUL in the address', get(undefined, '/\0'), 400],
    ['an encoded NUL', get(undefined, '/%00'), 400],
    ['an encoded slash', get(undefined, '/a%2fb'), 400],
    ['out of the root', get(undefined, '/../x'), 400],
    ['a fragment', get(undefined, `${PATH}#x`), 400],
    ['another scheme', get(undefined, 'ftp://x/'), 400],
    ['an absolute address without a host', get(undefined, 'http:///x'), 400],
    ['an absolute address with user information', get(undefined, 'http://user@x/'), 400],
    ['longer than the limit', get(undefined, `/${'x'.repeat(9000)}`), 414],
  ],
  'chunk sizes': [
    ['0x5', chunked('0x5\r\nhello\r\n0\r\n\r\n'), 400],
    ['-5', chunked('-5\r\nhello\r\n0\r\n\r\n'), 400],
    ['+5', chunked('+5\r\nhello\r\n0\r\n\r\n'), 400],
    ['a space before', chunked(' 5\r\nhello\r\n0\r\n\r\n'), 400],
    ['a space behind', chunked('5 \r\nhello\r\n0\r\n\r\n'), 400],
    ['nothing', chunked('\r\nhello\r\n0\r\n\r\n'), 400],
    ['a word', chunked('five\r\nhello\r\n0\r\n\r\n'), 400],
    ['with an underscore', chunked('0_5\r\nhello\r\n0\r\n\r\n'), 400],
    ['LF alone behind', chunked('5\nhello\r\n0\r\n\r\n'), 400],
    ['an extension that ends with LF alone', chunked('5;x\nhello\r\n0\r\n\r\n'), 400],
    ['an extension with a control character', chunked('5;x=\x01\r\nhello\r\n0\r\n\r\n'), 400],
    ['an extension without its semicolon', chunked('5 x=y\r\nhello\r\n0\r\n\r\n'), 400],
    ['extensions beyond the limit', chunked(`5;${'x'.repeat(33_000)}\r\nhello\r\n0\r\n\r\n`), 431],
    ['zeros without end', chunked(`${'0'.repeat(30)}5\r\nhello\r\n0\r\n\r\n`), 400],
    ['sixteen digits', chunked('fffffffffffffff6\r\nhello\r\n0\r\n\r\n'), 400],
    ['fifteen digits', chunked('fffffffffffffff\r\nhello\r\n0\r\n\r\n'), 413],
    ['beyond the limit', chunked('ffffff\r\nhello\r\n0\r\n\r\n'), 413],
  ],
  chunks: [
    ['longer than the size says', chunked('5\r\nhello world\r\n0\r\n\r\n'), 400],
    ['ended by LF alone', chunked('5\r\nhello\n0\r\n\r\n'), 400],
    ['ended by CR alone', chunked('5\r\nhello\r0\r\n\r\n'), 400],
    ['ended by LF CR', chunked('5\r\nhello\n\r0\r\n\r\n'), 400],
    ['a folded trailer', chunked('5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n'), 400],
    ['a trailer without a colon', chunked('5\r\nhello\r\n0\r\nX\r\n\r\n'), 400],
    ['a space before a trailer\'s colon', chunked('5\r\nhello\r\n0\r\nX : y\r\n\r\n'), 400],
    ['trailers beyond the limit', chunked(`5\r\nhello\r\n0\r\n${'X: y\r\n'.repeat(101)}\r\n`), 431],
    ['LF alone at the very end', chunked('5\r\nhello\r\n0\r\n\n'), 400],
  ],
};

/** What is read in one way only: [name, bytes, the statuses of its answers]. The server has no such session: 400 or 200. */
const SERVED = [
  ['one empty line before', `\r\n${get()}`, [200]],
  ['the same length twice', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), [400]],
  ['leading zeros in the length', post('Content-Length: 0005\r\n', 'hello'), [400]],
  ['chunks with extensions and trailers', chunked('5;a=b;c="d"\r\nhello\r\n0\r\nX: y\r\n\r\n'), [400]],
  ['Chunked in capitals, behind a tab', post('Transfer-Encoding:\tCHUNKED \r\n', '5\r\nhello\r\n0\r\n\r\n'), [400]],
  ['a size in capitals with zeros before', chunked('00A\r\nhelloworld\r\n0\r\n\r\n'), [400]],
  ['a request inside a body', post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED), [400]],
  ['a request inside a chunk', chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`), [400]],
  ['a header that is only nearly Transfer-Encoding', post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', 'hello'), [400]],
  ['an absolute address of another host', get(undefined, `http://elsewhere${PATH}`), [200]],
];

describe('request smuggling', { concurrency: 1 }, () => {
  let server;
  let descriptors;
  before(async () => {
    server = await startServer({ program: 'testbed', shards: 1 }, 'bench');
    assert.equal((await server.target.get('/')).status, 404);
    descriptors = server.program.descriptors();
  });
  after(() => server?.program.stop());

  const send = async (bytes, size) => {
    const connection = new RawConnection(server.target);
    await connection.opened;
    connection.socket.setNoDelay(true);
    const buffer = Buffer.from(bytes, 'latin1');
    for (let at = 0; at < buffer.length; at += size) connection.write(buffer.subarray(at, at + size));
    return connection;
  };
  const statuses = (connection) => [...connection.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

  for (const [group, rows] of Object.entries(REFUSED)) {
    describe(group, { concurrency: 8 }, () => {
      for (const [name, bytes, status] of rows) {
        test(`${name}: ${status}, and nothing behind it is served`, async () => {
          for (const size of bytes.length > 2000 ? [1 << 20, 500] : [1 << 20, 1]) {
            const connection = await send(bytes + SMUGGLED, size);
            await connection.end();
            assert.deepEqual(statuses(connection), [status], connection.text.slice(0, 600));
            assert.match(connection.text, /^connection: close\r$/im);
            assert.ok(!connection.text.includes('"sid"'), 'the request behind it was served');
            const { success, message } = JSON.parse(connection.text.split('\r\n\r\n')[1]);
            assert.equal(success, false);
            assert.ok(message.length > 10, 'the answer says what is wrong');
          }
        });
      }
    });
  }

  describe('what can be read in one way only is served, and so is what stands behind it', { concurrency: 8 }, () => {
    for (const [name, bytes, wanted] of SERVED) {
      test(name, async () => {
        for (const size of [1 << 20, 1]) {
          const connection = await send(bytes + SMUGGLED, size);
          await until(() => statuses(connection).length > wanted.length || connection.isClosed, 'answers', undefined, 5);
          assert.deepEqual(statuses(connection), [...wanted, 200], connection.text.slice(0, 900));
          assert.equal(connection.text.match(/"sid"/g).length, 1 + wanted.filter((status) => status === 200).length);
          connection.destroy();
        }
      });
    }
  });

  test('a good request is answered, rubbish behind it is refused and ends the connection', async () => {
    for (const rubbish of ['\0\0\0\0', 'rubbish\r\n\r\n', '\r\n\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n', '\x16\x03\x01']) {
      const connection = await send(get() + rubbish + SMUGGLED, 1 << 20);
      await connection.end();
      assert.deepEqual(statuses(connection), [200, 400], JSON.stringify(rubbish));
    }
  });

  test('after all that no connection is still held', async () => {
    await until(() => server.program.descriptors() <= descriptors, 'descriptors given back');
    assert.equal((await server.target.get(PATH)).status, 200);
  });
});
