// Every published weakness of Socket.IO and WebSocket servers that could have its like here: what it took to trigger it,
// and what must happen instead. docs/security.md lists them, and those that cannot apply with the reason.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { EngineClient } from '../conformance/engineio_checks.mjs';
import { frame, RawConnection, RawWebSocket, speak } from '../support/raw.mjs';
import { startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

const MEGABYTE = 1 << 20;
const [CONTINUATION, TEXT, BINARY, CLOSE, PING] = [0, 1, 2, 8, 9];
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const MESSAGE_TIMEOUT_MS = 400;

describe('advisories', { concurrency: 1 }, () => {
  let server;  // as it is by default, with one shard so that ids and memory are easy to follow
  let strict;  // one that serves its own pages only, compresses, and is impatient with unfinished messages
  let target;
  let client;
  before(async () => {
    [server, strict] = await Promise.all([
      startServer({ program: 'testbed', shards: 1 }, 'bench'),
      startServer({ program: 'testbed', shards: 2 }, 'bench',
        { extra: ['--same-origin', '--deflate', '--message-timeout-ms', String(MESSAGE_TIMEOUT_MS)] }),
    ]);
    target = server.target;
    client = new EngineClient(target, '/socket.io/');
    assert.equal((await target.get('/')).status, 404);
  });
  afterEach(async () => {
    for (const each of [server, strict]) {
      assert.equal(each.program.exited, undefined, each.program.stderr);
      assert.equal((await each.target.get(client.polling())).status, 200, 'it still serves others');
    }
  });
  after(() => Promise.all([server?.program.stop(), strict?.program.stop()]));

  const open = (to = target, headers = {}) => RawWebSocket.open(to, WEBSOCKET, headers);
  const joined = async (to = target) => {
    const socket = await open(to);
    socket.write(frame(TEXT, '40'));
    await until(() => socket.frames.length === 2, 'CONNECT', undefined, 5);
    return socket;
  };
  /** The connection goes on: it answers an event. */
  const alive = async (socket) => {
    socket.write(frame(TEXT, '427["echo","alive"]'));
    await until(() => socket.isClosed || socket.frames.some(({ payload }) => payload.toString() === '437["alive"]'), 'answer', undefined, 5);
    assert.ok(!socket.isClosed, 'the connection goes on');
    socket.destroy();
  };
  const endsWith = async (socket, code, ...messages) => {
    for (const message of messages) socket.write(frame(typeof message === 'string' ? TEXT : BINARY, message));
    assert.equal(await socket.closeCode(), code);
    await socket.end();
  };
  /** Memory comes back to where it was before `work`, give or take. */
  const memoryFlat = async (program, work, slack = 24 * MEGABYTE) => {
    const start = program.residentBytes();
    await work();
    await until(() => program.residentBytes() - start < slack, `memory back to ${start}`);
  };
  const descriptorsFlat = async (program, work) => {
    const start = program.descriptors();
    await work();
    await until(() => program.descriptors() <= start, `descriptors back to ${start}`);
  };

  // --- Engine.IO ------------------------------------------------------------------------------------------------------

  test('CVE-2026-102599: an upgrade of another protocol version than the session\'s is 400, and the heartbeat goes on', async () => {
    for (const version of ['', 'EIO=3&', 'EIO=5&', 'EIO=4.0&', 'EIO=__proto__&']) {
      const { sid } = await client.open();
      const socket = await RawWebSocket.open(target, `/socket.io/?${version}transport=websocket&sid=${sid}`);
      assert.equal(socket.status, 400, version);
      socket.destroy();
      assert.equal((await target.get(`/socket.io/?${version}transport=polling&sid=${sid}`)).status, 400);
      assert.equal((await client.push(sid, '3')).status, 200, 'the session lives');
    }
  });

  const strangeIds = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', 'A'.repeat(20), 'A'.repeat(10_000 >> 2), '%00'];
  test('CVE-2026-102600: ids that are names of JavaScript are ids that nobody has', async () => {
    for (const sid of strangeIds) {
      const answers = [await client.poll(sid || '%20'), await client.push(sid || '%20', '4x')];
      for (const { status, text } of answers) assert.deepEqual([status, JSON.parse(text).code], [400, 1], sid);
      const socket = await RawWebSocket.open(target, `${WEBSOCKET}&sid=${sid}`);
      assert.equal(socket.status, 400);
      socket.destroy();
    }
  });

  test('CVE-2026-59724: there is no WebTransport to open with such an id', async () => {
    for (const sid of ['', '&sid=__proto__']) {
      const { status, text } = await target.get(`/socket.io/?EIO=4&transport=webtransport${sid}`);
      assert.deepEqual([status, JSON.parse(text).code], [400, 0]);
    }
    const socket = await joined();
    socket.write(frame(TEXT, '0{"sid":"__proto__"}'));
    await alive(socket);
  });

  test('CVE-2026-59725: a binary POST of revision 4 is answered, and its connection is not kept', async () => {
    await descriptorsFlat(server.program, async () => {
      for (let n = 0; n < 50; n += 1) {
        const { sid } = await client.open();
        const { status } = await client.push(sid, '4hello', { headers: { 'Content-Type': 'application/octet-stream' } });
        assert.equal(status, 400);
      }
    });
  });

  test('GHSA-cgwc-pv48-fhj5: pongs and connects start no thread, and leave nothing behind', async () => {
    const threads = () => readdirSync(`/proc/${server.program.pid}/task`).length;
    const before = threads();
    await memoryFlat(server.program, async () => {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => joined()));
      const pongs = Buffer.concat(Array.from({ length: 2000 }, () => frame(TEXT, '3')));
      for (const socket of sockets) socket.write(pongs);
      for (const socket of sockets) await alive(socket);
    });
    assert.equal(threads(), before);
  });

  test('CVE-2023-31125: an upgrade with a query that makes no sense is 400', async () => {
    for (const query of ['', '?', '?EIO=4', '?EIO=4&transport=', '?EIO=4&transport=constructor', '?EIO=4&transport=__proto__',
      '?EIO=4&transport=polling', '?transport=websocket', '?EIO=5&transport=websocket', '?EIO=4&transport[]=websocket', '?%']) {
      const socket = await RawWebSocket.open(target, `/socket.io/${query}`);
      assert.equal(socket.status, 400, query);
      socket.destroy();
    }
  });

  test('CVE-2022-41940: connections that are reset while their upgrade is refused are nothing special', async () => {
    await descriptorsFlat(server.program, async () => {
      for (let n = 0; n < 100; n += 1) {
        const connection = new RawConnection(target);
        await connection.opened;
        connection.write(`GET /socket.io/?EIO=${n % 2 ? 4 : 9}&transport=websocket&sid=nobody HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n`
          + 'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
        connection.socket.resetAndDestroy();
      }
    });
  });

  test('CVE-2022-21676: a bad frame in one packet with the handshake ends its connection only', async () => {
    const request = `GET ${WEBSOCKET} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
      + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    for (const bad of [frame(TEXT, '40', { rsv: 3 }), frame(TEXT, '40', { rsv: 4 }), frame(3, ''), frame(TEXT, '40', { mask: false })]) {
      const socket = new RawWebSocket(target);
      await socket.opened;
      socket.write(Buffer.concat([Buffer.from(request), bad]));
      assert.equal(await socket.closeCode(), 1002);
      await socket.end();
    }
  });

  test('CVE-2020-36048: a POST of very many tiny packets is a flood, a smaller one is taken, a large one refused', async () => {
    const tiny = (count) => Array.from({ length: count }, () => '3').join('\x1e');
    const { sid } = await client.open();
    assert.equal((await client.push(sid, tiny(1_000))).status, 200);
    assert.equal((await client.push(sid, tiny(600_000))).status, 413, 'more than maxPayload');
    assert.equal((await client.push(sid, tiny(400_000))).status, 429, 'more packets than a session may send');
    assert.equal((await client.poll(sid)).status, 400, 'and the session is over');
  });

  test('CVE-2020-28481: pages of other origins are refused unless they are allowed', async () => {
    const path = client.polling();
    const headers = { Origin: 'https://attacker.example' };
    const refused = await strict.target.get(path, { headers });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
    assert.match(refused.text, /attacker\.example/, 'the answer names the origin');
    const preflight = await strict.target.request(path, { method: 'OPTIONS', headers: { ...headers, 'Access-Control-Request-Method': 'POST' } });
    assert.equal(preflight.status, 403);
    assert.equal((await strict.target.get(path, { headers: { Origin: strict.target.url } })).status, 200);
  });

  test('CVE-2019-13611: a WebSocket of another origin is refused too', async () => {
    for (const origin of ['https://attacker.example', 'null', 'http://127.0.0.1', `${strict.target.url}.attacker.example`]) {
      const socket = await open(strict.target, { Origin: origin });
      assert.equal(socket.status, 403, origin);
      socket.destroy();
    }
    const own = await open(strict.target, { Origin: strict.target.url });
    assert.equal(own.status, 101);
    own.destroy();
  });

  test('CVE-2017-16031: ids cannot be guessed: 19 random characters behind the shard\'s, and the socket\'s is another', async () => {
    const ids = new Set();
    const seen = Array.from({ length: 20 }, () => new Set());
    for (let n = 0; n < 300; n += 1) {
      const { sid } = await client.open();
      assert.match(sid, /^[\w-]{20}$/);
      ids.add(sid);
      [...sid].forEach((character, at) => seen[at].add(character));
    }
    assert.equal(ids.size, 300);
    // Of 64 characters, 300 draws leave fewer than half unseen with a chance beyond imagining.
    for (const characters of seen.slice(1)) assert.ok(characters.size > 32);
    const socket = await joined();
    const [opened, connected] = socket.frames.map(({ payload }) => JSON.parse(payload.toString().replace(/^\d+/, '')).sid);
    assert.notEqual(opened, connected);
    socket.destroy();
  });

  // --- WebSocket ------------------------------------------------------------------------------------------------------

  test('CVE-2026-62389: a message whose fragments never end is ended by its deadline, however lively', async () => {
    const sockets = await Promise.all([
      [frame(BINARY, Buffer.alloc(1000), { fin: false })],
      [frame(TEXT, '4x', { fin: false }), frame(CONTINUATION, 'y', { fin: false })],
      [frame(BINARY, Buffer.alloc(10), { length: 100_000 })],
      [Buffer.from([0x82])],
    ].map(async (beginning) => {
      const socket = await open(strict.target);
      for (const bytes of beginning) socket.write(bytes);
      return socket;
    }));
    // Pings between the fragments, and a trickle of fragments, win no time.
    const lively = await open(strict.target);
    lively.write(frame(BINARY, 'x', { fin: false }));
    const trickle = setInterval(() => lively.write(frame(PING)).write(frame(CONTINUATION, 'x', { fin: false })), 50);
    try {
      for (const socket of [...sockets, lively]) {
        assert.equal(await socket.closeCode(), 1008);
        assert.match(socket.frames.at(-1).payload.subarray(2).toString(), /not whole within 400 ms/);
        await socket.end();
      }
    } finally {
      clearInterval(trickle);
    }
  });

  test('CVE-2026-48779: very many tiny fragments or chunks are bounded, and cost no more than their bytes', async () => {
    await memoryFlat(server.program, async () => {
      const socket = await open();
      socket.write(frame(BINARY, 'x', { fin: false }));
      for (let n = 0; n < 50; n += 1) socket.write(Buffer.concat(Array.from({ length: 1000 }, () => frame(CONTINUATION, 'x', { fin: false }))));
      assert.equal(await socket.closeCode(), 1008);
      await socket.end();
      const { sid } = await client.open();
      const body = `1\r\n4\r\n${'1\r\nx\r\n'.repeat(300_000)}0\r\n\r\n`;
      const { status } = await speak(target, `POST ${client.polling(sid)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
      assert.equal(status, 200);
      const extended = `1;${'x'.repeat(100)}\r\nx\r\n`.repeat(1000);
      assert.equal((await speak(target, `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${extended}`)).status, 431);
    });
  });

  test('CVE-2026-45736: a closing frame holds what it should and no byte of anything else', async () => {
    for (const [payload, wanted] of [[Buffer.from([3, 0xe8]), '03e8'], [Buffer.from([0x0f, 0xa0, 0x62, 0x79, 0x65]), '0fa0'], [Buffer.alloc(0), '']]) {
      const socket = await open();
      socket.write(frame(CLOSE, payload));
      await socket.end();
      assert.equal(socket.frames.at(-1).payload.toString('hex'), wanted);
    }
    const refused = await open();
    refused.write(frame(TEXT, '4x', { mask: false }));
    await refused.end();
    assert.match(refused.frames.at(-1).payload.subarray(2).toString('latin1'), /^[\x20-\x7e]+$/);
  });

  test('CVE-2026-42786: continuation frames without end are refused at the limit of their number', async () => {
    const socket = await open();
    await memoryFlat(server.program, async () => {
      socket.write(frame(TEXT, '4', { fin: false }));
      const empty = Buffer.concat(Array.from({ length: 1000 }, () => frame(CONTINUATION, '', { fin: false })));
      for (let n = 0; n < 100; n += 1) socket.write(empty);
      assert.equal(await socket.closeCode(), 1008);
      await socket.end();
    });
  });

  test('CVE-2024-37890: an upgrade with more headers than the limit is 431', async () => {
    for (const count of [96, 101, 2000, 5000]) {
      const socket = await open(target, Object.fromEntries(Array.from({ length: count }, (_, n) => [`X-${n}`, 'y'])));
      assert.equal(socket.status, 431, `${count}`);
      socket.destroy();
    }
  });

  test('CVE-2021-32640: long lists of subprotocols are read in linear time', async () => {
    const lists = [`a${' '.repeat(30_000)}b`, `${'a, '.repeat(10_000)}b`, `a${','.repeat(30_000)}`, `${'\t '.repeat(15_000)},a`];
    const rounds = await Promise.all(lists.flatMap((list) => Array.from({ length: 20 }, () => open(target, { 'Sec-WebSocket-Protocol': list }))));
    for (const socket of rounds) {
      assert.ok([101, 400].includes(socket.status), socket.text.slice(0, 100));
      socket.destroy();
    }
  });

  test('CVE-2016-10518: a pong holds the bytes of its ping and no others', async () => {
    const socket = await joined();
    for (const size of [0, 1, 50, 125]) socket.write(frame(PING, Buffer.alloc(size, 0x61)));
    await until(() => socket.frames.filter(({ opcode }) => opcode === 10).length === 4, 'pongs');
    assert.deepEqual(socket.frames.slice(2).map(({ payload }) => payload.toString()), [0, 1, 50, 125].map((size) => 'a'.repeat(size)));
    socket.write(frame(TEXT, '421["echo",100]'));
    await until(() => socket.frames.at(-1).payload.toString() === '431[100]', 'a number is a number');
    socket.destroy();
  });

  test('CVE-2016-10542: a huge frame is refused from its header, before memory is set aside', async () => {
    await memoryFlat(server.program, async () => {
      for (const length of [1_000_001, 100_000_000, 2 ** 40]) {
        const socket = await open();
        socket.write(frame(BINARY, '', { length }));
        assert.equal(await socket.closeCode(), 1009);
        assert.match(socket.frames.at(-1).payload.subarray(2).toString(), /1000000/, 'the limit is named');
        await socket.end();
      }
      // Announced within the limit and not sent: the memory follows the bytes that came.
      const quiet = await Promise.all(Array.from({ length: 100 }, () => open()));
      for (const socket of quiet) socket.write(frame(BINARY, 'x', { length: 1_000_000 }));
      await alive(await joined());
      assert.ok(server.program.residentBytes() < 100 * MEGABYTE);
      for (const socket of quiet) socket.destroy();
    });
  });

  test('GHSA-5v72-xg48-5rpm: strange extensions in the handshake are passed over or refused', async () => {
    for (const to of [target, strict.target]) {
      for (const offer of ['constructor', '__proto__; a=b', 'permessage-deflate; __proto__; constructor=x', 'toString; hasOwnProperty', ', ,',
        'permessage-deflate; a=;;,', '=', ';', 'permessage-deflate; server_max_window_bits=99999999999999999999', `x${'; y'.repeat(5000)}`,
        'permessage-deflate; a="\\', `permessage-deflate; a="${'\\x'.repeat(10_000)}"`]) {
        const socket = await open(to, { 'Sec-WebSocket-Extensions': offer });
        assert.ok([101, 400].includes(socket.status), offer.slice(0, 80));
        if (socket.status === 101) assert.doesNotMatch(socket.text, /sec-websocket-extensions/i);
        socket.destroy();
      }
    }
  });

  test('compression bombs are refused at the limit, and memory stays flat', async () => {
    const bomb = deflateRawSync(Buffer.alloc(60 * MEGABYTE), { level: 9 });
    await memoryFlat(strict.program, async () => {
      for (let n = 0; n < 20; n += 1) {
        const socket = await open(strict.target, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
        socket.write(frame(BINARY, bomb, { rsv: 4 }));
        assert.equal(await socket.closeCode(), 1009);
        await socket.end();
      }
    });
  });

  // --- Socket.IO ------------------------------------------------------------------------------------------------------

  test('CVE-2026-69185: a binary packet of no attachments is refused', async () => {
    for (const packet of ['450-["echo",1]', '460-1[1]', '45-["echo"]', '4500-["echo"]']) await endsWith(await joined(), 1002, packet);
  });

  test('CVE-2026-33151: a huge number of attachments is refused at once, and so are too many bytes of them', async () => {
    for (const count of ['11', '100000000', '99999999999999999999']) {
      await endsWith(await joined(), 1002, `45${count}-["echo",{"_placeholder":true,"num":0}]`);
    }
    await memoryFlat(server.program, async () => {
      const socket = await joined();
      await endsWith(socket, 1002, '4510-["echo",{"_placeholder":true,"num":0}]', Buffer.alloc(600_000), Buffer.alloc(600_000));
    });
  });

  test('CVE-2026-48804: binary before CONNECT is refused at once, and what is missing is given back with the connection', async () => {
    await endsWith(await open(), 1002, Buffer.from([1, 2, 3]));
    // An event in MessagePack, which some clients speak: {type: 2, data: ["echo"], nsp: "/"}.
    await endsWith(await open(), 1002, Buffer.from('\x83\xa4type\x02\xa4data\x91\xa4echo\xa3nsp\xa1/', 'latin1'));
    // Not when its attachments are there: when the packet is.
    await endsWith(await open(), 1002, '452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    await endsWith(await open(), 1002, '461-1[{"_placeholder":true,"num":0}]');
    await endsWith(await joined(), 1002, '451-/custom,["echo",{"_placeholder":true,"num":0}]');
    await memoryFlat(server.program, async () => {
      const holding = await Promise.all(Array.from({ length: 40 }, () => joined()));
      for (const socket of holding) {
        socket.write(frame(TEXT, '452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'));
        socket.write(frame(BINARY, Buffer.alloc(900_000)));
      }
      await alive(await joined());
      for (const socket of holding) socket.destroy();
    });
  });

  test('CVE-2024-38355: an event named "error" is an event like any other', async () => {
    const socket = await joined();
    socket.write(frame(TEXT, '42["error"]')).write(frame(TEXT, '42["error",{"message":"x"}]')).write(frame(TEXT, '421["error"]'));
    await alive(socket);
  });

  test('CVE-2023-32695: an event whose name is no string or number is refused', async () => {
    for (const name of ['{"toString":"x"}', '{"toString":1}', '[]', 'null', 'true', '{}']) await endsWith(await joined(), 1002, `42[${name},1]`);
    const socket = await joined();
    socket.write(frame(TEXT, '42[1,"x"]'));
    await alive(socket);
  });

  test('CVE-2022-2421: a placeholder names an attachment that is there, or the packet is refused', async () => {
    for (const index of ['"splice"', '"__proto__"', '"0"', '-1', '1', '0.5', '1e0', 'null', '{}', '[0]', '18446744073709551616', 'true']) {
      await endsWith(await joined(), 1002, `451-["echo",{"_placeholder":true,"num":${index}}]`);
    }
    await endsWith(await joined(), 1002, '451-["echo",{"_placeholder":true}]');
    const socket = await joined();
    socket.write(frame(TEXT, '451-1["echo",{"_placeholder":true,"num":0}]')).write(frame(BINARY, Buffer.from('whole')));
    await until(() => socket.frames.at(-1).payload.toString() === 'whole', 'the attachment comes back');
    await alive(socket);
  });

  test('CVE-2020-36049: a large packet is read in linear time, however it is cut', async () => {
    const large = `421["echo","${'x'.repeat(900_000)}"]`;
    const { sid } = await client.open();
    assert.equal((await client.push(sid, '40')).status, 200);
    for (const body of [large, `42["nobody",${'['.repeat(900)}${']'.repeat(900)}]`]) {
      const { status } = await client.push(sid, body);
      assert.ok([200, 400].includes(status));
    }
    const socket = await joined();
    const bytes = frame(TEXT, large);
    for (let at = 0; at < bytes.length; at += 100) socket.write(bytes.subarray(at, at + 100));
    await until(() => socket.frames.length >= 3, 'the echo', 30_000, 50);
    assert.equal(socket.frames[2].payload.length, large.length - '"echo",'.length);
    socket.write(frame(TEXT, `40/${'x'.repeat(900_000)}`));
    await socket.end();
  });
});
