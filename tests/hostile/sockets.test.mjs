// Bad WebSocket frames, Engine.IO and Socket.IO packets: each ends its own connection with a reason, and nothing else.
// Among them every published weakness of other servers and parsers that this one could have had in its turn.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { EngineClient } from '../conformance/engineio_checks.mjs';
import { ask, Clients, record } from '../support/clients.mjs';
import { Account, Product } from '../support/product.mjs';
import { frame, RawConnection, RawWebSocket } from '../support/raw.mjs';
import { startServer } from '../support/servers.mjs';
import { until } from '../support/wait.mjs';

const MEGABYTE = 1 << 20;
const TEXT = 1;
const BINARY = 2;
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';

describe('bad packets', { concurrency: 1 }, () => {
  let server;
  let bench;
  let target;
  let client;
  let clients;
  let descriptors;
  before(async () => {
    [server, bench] = await Promise.all([
      startServer({ program: 'testbed', shards: 2 }, 'suites'), startServer({ program: 'testbed', shards: 2 }, 'bench'),
    ]);
    target = bench.target;
    client = new EngineClient(target, '/socket.io/');
    clients = new Clients(target);
    assert.equal((await target.get('/')).status, 404);
    descriptors = bench.program.descriptors();
  });
  afterEach(async () => {
    clients.close();
    assert.equal(bench.program.exited, undefined, bench.program.stderr);
    assert.equal(server.program.exited, undefined, server.program.stderr);
  });
  after(() => Promise.all([server?.program.stop(), bench?.program.stop()]));

  /** A WebSocket that has joined the main namespace, by hand. */
  const joined = async () => {
    const socket = await RawWebSocket.open(target, WEBSOCKET);
    socket.write(frame(TEXT, '40'));
    await until(() => socket.frames.length === 2, 'CONNECT');
    return socket;
  };

  const frames = [
    ['a frame that is not masked', () => frame(TEXT, '2', { mask: false }), 1002],
    ['a reserved bit', () => frame(TEXT, '2', { rsv: 1 }), 1002],
    ['a compressed frame nobody agreed on', () => frame(TEXT, '2', { rsv: 4 }), 1002],
    ['an unknown kind of frame', () => frame(3, '2'), 1002],
    ['an unknown control frame', () => frame(11, ''), 1002],
    ['a ping in pieces', () => frame(9, 'x', { fin: false }), 1002],
    ['a ping of 126 bytes', () => frame(9, 'x'.repeat(126)), 1002],
    ['a continuation of nothing', () => frame(0, 'x'), 1002],
    ['a new message inside another', () => Buffer.concat([frame(TEXT, 'a', { fin: false }), frame(TEXT, 'b')]), 1002],
    ['text that is no UTF-8', () => frame(TEXT, Buffer.from([0x34, 0xc3, 0x28])), 1007],
    ['half a surrogate', () => frame(TEXT, Buffer.from([0x34, 0xed, 0xa0, 0x80])), 1007],
    ['a closing frame of one byte', () => frame(8, Buffer.from([3])), 1002],
    ['a closing code nobody may send', () => frame(8, Buffer.from([0x03, 0xed])), 1002],
    ['a closing reason that is no UTF-8', () => frame(8, Buffer.from([0x03, 0xe8, 0xff])), 1007],
    ['a message announced beyond the limit', () => frame(BINARY, '', { length: 2_000_000 }), 1009],
    ['a message announced beyond all reason', () => Buffer.from([0x82, 0xff, 0x7f, ...Buffer.alloc(7, 255), 0, 0, 0, 0]), 1009],
    ['a length whose highest bit is set', () => Buffer.from([0x82, 0xff, ...Buffer.alloc(8, 255), 0, 0, 0, 0]), undefined],
    ['pieces that add up beyond the limit', () => Buffer.concat([frame(BINARY, Buffer.alloc(600_000), { fin: false }),
      frame(0, Buffer.alloc(600_000))]), 1009],
    ['a message of very many tiny pieces', () => Buffer.concat([frame(TEXT, '4', { fin: false }),
      ...Array.from({ length: 20_000 }, () => frame(0, 'x', { fin: false }))]), undefined],
    ['very many empty pieces', () => Buffer.concat([frame(TEXT, '4', { fin: false }),
      ...Array.from({ length: 20_000 }, () => frame(0, '', { fin: false }))]), undefined],
  ];
  for (const [name, bytes, code] of frames) {
    test(`WebSocket: ${name} ends the connection${code ? ` with ${code}` : ''}`, async () => {
      const socket = await joined();
      socket.write(bytes());
      const closed = await socket.closeCode();
      if (code) assert.equal(closed, code);
      await socket.end();
    });
  }

  test('WebSocket: a bad frame in the same packet as the handshake is not a surprise', async () => {
    const connection = new RawConnection(target);
    await connection.opened;
    connection.write(Buffer.concat([Buffer.from(`GET ${WEBSOCKET} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
      + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'), frame(TEXT, '40', { rsv: 3 })]));
    await connection.end();
  });

  const handshakes = [
    ['another version', { 'Sec-WebSocket-Version': '8' }, [400, 426]],
    ['no key', { 'Sec-WebSocket-Key': '' }, [400]],
    ['a key of the wrong length', { 'Sec-WebSocket-Key': 'AAAA' }, [400]],
    ['more headers than the limit', Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`X-${n}`, 'y'])), [431]],
    ['a very long list of protocols', { 'Sec-WebSocket-Protocol': `${'a, '.repeat(50_000)}b` }, [431]],
    ['odd extensions', { 'Sec-WebSocket-Extensions': 'permessage-deflate; __proto__; constructor="x"; a=;;,' }, [101, 400]],
  ];
  for (const [name, headers, statuses] of handshakes) {
    test(`WebSocket handshake with ${name}: ${statuses.join(' or ')}`, async () => {
      const socket = await RawWebSocket.open(target, WEBSOCKET, headers);
      assert.ok(statuses.includes(socket.status), socket.text.slice(0, 200));
      socket.destroy();
    });
  }

  for (const query of ['', '?', '?EIO=4', '?EIO=4&transport=constructor', '?EIO=4&transport=__proto__', '?transport=websocket',
    '?EIO=4&transport=websocket&sid=__proto__', '?EIO=4&transport=websocket&sid=constructor', '?EIO=4&transport=websocket&sid=',
    '?EIO=4&transport=websocket&sid=x', `?EIO=4&transport=websocket&sid=${'A'.repeat(5000)}`,
    '?__proto__[x]=1&EIO=4&transport=nothing', `?EIO=4&transport=websocket&sid=${'A'.repeat(20)}`, '?EIO=%00&transport=%ff']) {
    test(`a session cannot be had by ${query.slice(0, 60) || 'no query'}`, async () => {
      const socket = await RawWebSocket.open(target, `/socket.io/${query}`);
      assert.ok([400, 403].includes(socket.status), socket.text.slice(0, 200));
      socket.destroy();
      const polled = await target.get(`/socket.io/${query.replace('transport=websocket', 'transport=polling')}`);
      assert.equal(polled.status, 400);
      assert.equal(typeof JSON.parse(polled.text).code, 'number');
    });
  }

  test('an upgrade with another protocol version than the session\'s is refused', async () => {
    const { sid } = await client.open();
    for (const version of ['', 'EIO=3&', 'EIO=5&']) {
      const socket = await RawWebSocket.open(target, `/socket.io/?${version}transport=websocket&sid=${sid}`);
      assert.equal(socket.status, 400);
      socket.destroy();
    }
    assert.equal((await client.push(sid, '40')).status, 200, 'the session lives');
  });

  test('a payload that is sent as a binary stream is answered, and the connection is not kept open for ever', async () => {
    const { sid } = await client.open();
    const { status } = await client.push(sid, '4hello', { headers: { 'Content-Type': 'application/octet-stream' } });
    assert.ok([200, 400, 415].includes(status));
  });

  test('an upgrade that is refused and then reset leaves nothing behind', async () => {
    for (let n = 0; n < 100; n += 1) {
      const connection = new RawConnection(target);
      await connection.opened;
      connection.write('GET /socket.io/?EIO=9&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      connection.socket.resetAndDestroy();
    }
    assert.equal((await target.get(client.polling())).status, 200);
  });

  test('a polling payload beyond the limit is answered 413', async () => {
    const { sid } = await client.open();
    const { status } = await client.push(sid, `4${'x'.repeat(1_000_100)}`);
    assert.equal(status, 413);
  });

  test('a polling payload of very many tiny packets is taken in no time, or refused', async () => {
    const { sid } = await client.open();
    const started = Date.now();
    const { status } = await client.push(sid, Array.from({ length: 300_000 }, () => '3').join('\x1e'));
    assert.ok([200, 429].includes(status), `status ${status}`);
    assert.ok(Date.now() - started < 5000);
  });

  for (const payload of ['', '\x1e', '4a\x1e\x1e4b', '9', 'b', 'b####', 'b=', 'bAQ=', '0{}', '7', '\xff\xfe', '4'.repeat(10), '{"a":1}']) {
    test(`polling: the payload ${JSON.stringify(payload)} is answered`, async () => {
      const { sid } = await client.open();
      const { status } = await client.push(sid, payload);
      assert.ok([200, 400].includes(status), `${status}`);
    });
  }

  const packets = {
    'an unknown type': ['49'],
    'no type at all': ['4'],
    'an event without data': ['42'],
    'an event that is no array': ['42{"a":1}'],
    'an event of an empty array': ['42[]'],
    'an event whose name is an object': ['42[{"toString":1},1]'],
    'an event whose name is null': ['42[null]'],
    'broken JSON': ['42["echo",{]'],
    'JSON with something behind it': ['42["echo",1]x'],
    'JSON that is nested very deep': [`42["echo",${'['.repeat(100_000)}${']'.repeat(100_000)}]`],
    'JSON that is nested very deep and never closed': [`42["echo",${'{"a":'.repeat(100_000)}`],
    'a reserved name: connect': ['42["connect"]'],
    'a reserved name: connect_error': ['42["connect_error"]'],
    'a reserved name: disconnect': ['42["disconnect"]'],
    'a reserved name: disconnecting': ['42["disconnecting"]'],
    'an id that is no number': ['42a["echo"]'],
    'an id beyond all numbers': [`42${'9'.repeat(400)}["echo",1]`],
    'an acknowledgement that is no array': ['430{"a":1}'],
    'an acknowledgement without an id': ['43[1]'],
    'a binary event of no attachments': ['450-["echo",1]'],
    'a binary event of very many attachments': ['45100000-["echo",{"_placeholder":true,"num":0}]'],
    'a binary event whose count is no number': ['45x-["echo"]'],
    'a binary event without a count': ['45["echo"]'],
    'a placeholder that is no index': ['451-["echo",{"_placeholder":true,"num":"splice"}]', Buffer.from([1])],
    'a placeholder beyond the attachments': ['451-["echo",{"_placeholder":true,"num":7}]', Buffer.from([1])],
    'a placeholder below zero': ['451-["echo",{"_placeholder":true,"num":-1}]', Buffer.from([1])],
    'text in place of an attachment': ['451-["echo",{"_placeholder":true,"num":0}]', '42["echo",1]'],
    'an attachment nobody announced': [Buffer.from([1, 2, 3])],
    'a namespace that is far too long': [`40/${'x'.repeat(100_000)},`],
    'a packet for a namespace that was not joined': ['42/custom,["message",1]'],
    'a connect with data that is no object': ['40/custom,[1]'],
    'an error packet, which only servers send': ['44{"message":"x"}'],
  };
  // What need not end the connection: nobody is harmed, and Node ignores some of it too.
  const mayBeIgnored = /acknowledgement|was not joined|which only servers|beyond all numbers|very deep and|announced|no object|far too long/;
  for (const [name, sent] of Object.entries(packets)) {
    test(`Socket.IO: ${name} is not served`, async () => {
      const socket = await joined();
      const before = socket.frames.length;
      for (const message of sent) socket.write(frame(typeof message === 'string' ? TEXT : BINARY, message));
      if (mayBeIgnored.test(name)) {
        socket.write(frame(TEXT, '421["echo","alive"]'));
        await until(() => socket.isClosed || socket.frames.some(({ payload }) => payload.toString() === '431["alive"]'), 'outcome');
      } else {
        await socket.end();
      }
      const answers = socket.frames.slice(before).filter(({ opcode, payload }) => opcode === TEXT && /^4[23]/.test(payload));
      assert.deepEqual(answers.map(({ payload }) => payload.toString()).filter((text) => text !== '431["alive"]'), []);
      socket.destroy();
    });
  }

  test('a binary event before CONNECT ends the connection', async () => {
    const socket = await RawWebSocket.open(target, WEBSOCKET);
    socket.write(frame(TEXT, '451-["echo",{"_placeholder":true,"num":0}]')).write(frame(BINARY, Buffer.from([1])));
    await socket.end();
  });

  test('an event named "error" is an event like any other', async () => {
    const socket = await joined();
    socket.write(frame(TEXT, '42["error","x"]')).write(frame(TEXT, '421["echo","alive"]'));
    await until(() => socket.frames.some(({ payload }) => payload.toString() === '431["alive"]'), 'answer');
    socket.destroy();
  });

  test('names that mean something to JavaScript mean nothing here', async () => {
    const socket = await clients.connect();
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      const data = JSON.parse(`{"${name}":{"polluted":true}}`);
      assert.equal(JSON.stringify(await ask(socket, 'echo', data)), JSON.stringify(data));
      socket.emit(name, 1);
      assert.equal(await ask(socket, 'subscribe:instance', name) !== undefined, true);
    }
    assert.equal(await ask(socket, 'echo', 1), 1);
  });

  test('a hundred thousand pongs, or pings of WebSocket, start nothing', async () => {
    const socket = await joined();
    const before = bench.program.residentBytes();
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => frame(TEXT, '3')));
    const pings = Buffer.concat(Array.from({ length: 100 }, () => frame(9, 'x')));
    for (let n = 0; n < 100; n += 1) socket.write(flood);
    for (let n = 0; n < 50; n += 1) socket.write(pings);
    socket.write(frame(TEXT, '421["echo","alive"]'));
    await until(() => socket.isClosed || socket.text.includes('431["alive"]'), 'outcome');
    assert.ok(bench.program.residentBytes() - before < 16 * MEGABYTE);
    socket.destroy();
  });

  test('a client that joins namespace after namespace is bounded', async () => {
    const socket = await RawWebSocket.open(server.target, WEBSOCKET);
    socket.write(frame(TEXT, '40'));
    for (let n = 0; n < 10_000; n += 1) socket.write(frame(TEXT, `40/n${n},`));
    await until(() => socket.isClosed || socket.frames.filter(({ payload }) => payload.toString().startsWith('44/')).length >= 9000,
      'refusals', 20_000);
    socket.destroy();
  });

  test('random frames by the thousand end their connections and nothing else', async () => {
    const other = await clients.connect();
    const { id } = other;
    for (let n = 0; n < 150; n += 1) {
      const socket = await RawWebSocket.open(target, WEBSOCKET);
      if (n % 3 === 0) socket.write(frame(TEXT, '40'));
      if (n % 2 === 0) socket.write(randomBytes(1 + (n * 37) % 4000));
      else for (let m = 0; m < 20; m += 1) socket.write(frame(1 + (m % 2), randomBytes(1 + (m * 13) % 200)));
      if (n % 5 === 0) socket.destroy();
      else await Promise.race([socket.end(), until(() => socket.received.length > 0, 'anything')]);
      socket.destroy();
    }
    assert.equal(await ask(other, 'echo', 'undisturbed'), 'undisturbed');
    assert.equal(other.id, id);
  });

  test('attachments that never come, and messages that never end, cost no more than their connection', async () => {
    const open = async () => {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => joined()));
      for (const [n, socket] of sockets.entries()) {
        if (n % 2) socket.write(frame(TEXT, '4510-["echo",{"_placeholder":true,"num":0}]')).write(frame(BINARY, Buffer.alloc(200_000)));
        else socket.write(frame(TEXT, `4${'x'.repeat(200_000)}`, { fin: false }));
      }
      return sockets;
    };
    for (const socket of await open()) socket.destroy();
    const before = bench.program.residentBytes();
    for (let round = 0; round < 5; round += 1) for (const socket of await open()) socket.destroy();
    await until(() => bench.program.residentBytes() - before < 16 * MEGABYTE, 'memory back');
  });

  test('a client that never reads is ended before it holds much memory', async () => {
    const [reader, publisher] = [await joined(), await clients.connect({ transports: ['websocket'] })];
    reader.write(frame(TEXT, '421["subscribe:instance","room"]'));
    await until(() => reader.text.includes('431['), 'subscribed');
    const before = bench.program.residentBytes();
    reader.socket.pause();
    const text = 'x'.repeat(500_000);
    for (let n = 0; n < 200; n += 1) await ask(publisher, 'publish', 'room', { text });
    const grown = bench.program.residentBytes() - before;
    assert.ok(grown < 60 * MEGABYTE, `grown by ${Math.round(grown / MEGABYTE)} MB for 100 MB that nobody read`);
    reader.destroy();
  });

  test('after all that no connection is still held', async () => {
    clients.close();
    await until(() => bench.program.descriptors() <= descriptors, 'descriptors given back', 30_000);
  });
});

describe('bad use of the realtime contract', { concurrency: 1 }, () => {
  let product;
  let clients;
  let account;
  before(async () => {
    product = await Product.start({ args: ['--max-subscriptions-per-socket', '3'] });
    clients = new Clients(product.target);
    account = await Account.register(product.target);
  });
  afterEach(() => clients.close());
  after(() => product?.stop());

  test('ten thousand subscriptions on one socket: each answered, those of others refused, memory flat', async () => {
    const socket = await clients.connect({ auth: { token: account.token }, transports: ['websocket'] });
    const stranger = await Account.register(product.target);
    const { id } = await stranger.createInstance();
    const storm = async () => {
      const answers = await Promise.all(Array.from({ length: 10_000 }, (_, n) => ask(socket, 'subscribe:instance',
        n % 2 ? id : `c${String(n).padStart(24, '0')}`)));
      assert.ok(answers.every(({ ok, code }) => ok === false && code === 'INSTANCE_NOT_FOUND'));
    };
    await storm();
    const before = product.program.residentBytes();
    await storm();
    assert.ok(product.program.residentBytes() - before < 16 * MEGABYTE);
  });

  test('a burst of subscriptions is no way around the limit', async () => {
    const burst = await Account.register(product.target);
    const instances = await Promise.all(Array.from({ length: 5 }, () => burst.createInstance()));
    for (const transports of [['websocket'], ['polling']]) {
      const socket = await clients.connect({ auth: { token: burst.token }, transports });
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(socket, 'subscribe:instance', instances[n % 5].id)));
      const accepted = new Set(answers.filter(({ ok }) => ok).map(({ instanceId }) => instanceId));
      assert.equal(accepted.size, 3);
      assert.ok(answers.every(({ ok, code }) => ok || code === 'TOO_MANY_SUBSCRIPTIONS'));
    }
  });

  test('more subscriptions than allowed are refused with a code that says so, and can be given back', async () => {
    const instances = await Promise.all(Array.from({ length: 5 }, () => account.createInstance()));
    const socket = await clients.connect({ auth: { token: account.token } });
    const answers = [];
    for (const { id } of instances) answers.push(await ask(socket, 'subscribe:instance', id));
    const refused = answers.filter(({ ok }) => !ok);
    assert.ok(refused.length >= 2, JSON.stringify(answers));
    for (const { code, error } of refused) {
      assert.equal(code, 'TOO_MANY_SUBSCRIPTIONS');
      assert.match(error, /3/);
    }
    await ask(socket, 'unsubscribe:instance', instances[0].id);
    assert.equal((await ask(socket, 'subscribe:instance', instances[4].id)).ok, true);
  });

  test('the same subscription ten thousand times is one', async () => {
    const { instances: [{ id }] } = await account.ok('GET', '/api/instances');
    const socket = await clients.connect({ auth: { token: account.token }, transports: ['websocket'] });
    const heard = record(socket);
    await Promise.all(Array.from({ length: 2000 }, () => ask(socket, 'subscribe:instance', id)));
    heard.length = 0;
    await account.act(id, 'connect');
    await account.reaches(id, 'QR_REQUIRED');
    await until(() => heard.some(([name]) => name === 'instance:qr:generated'), 'the code');
    const numbers = heard.map(([, { seq }]) => seq);
    assert.equal(new Set(numbers).size, numbers.length);
  });

  test('unknown events and too many arguments are passed over', async () => {
    const socket = await clients.connect({ auth: { token: account.token } });
    socket.emit('no:such:event', { a: 1 });
    socket.emit('subscribe:instance');
    socket.emit('unsubscribe:instance');
    socket.emit('subscribe:instance', ...Array.from({ length: 1000 }, () => 'x'));
    const answer = await ask(socket, 'subscribe:instance', 'x', 'y', 'z');
    assert.equal(answer.ok, false);
  });

  test('a credential of a megabyte is refused, not read', async () => {
    const error = await clients.refused({ auth: { token: 'x'.repeat(900_000) } });
    assert.match(error.message, /^Authentication (failed|required)$/);
  });
});
