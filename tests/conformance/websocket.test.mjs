// Plays the cases of websocket_cases.mjs over the wire, each on a connection of its own, and lets the client of npm's ws
// speak compressed with us.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { constants, inflateRawSync } from 'node:zlib';
import WebSocket from 'ws';
import { frame, RawWebSocket } from '../support/raw.mjs';
import { startServer } from '../support/servers.mjs';
import { Peer } from '../support/target.mjs';
import { until } from '../support/wait.mjs';
import { CASES, CLOSE, MAX_PAYLOAD, OFFERS, PING, PONG, TEXT } from './websocket_cases.mjs';

const PATH = '/engine.io/?EIO=4&transport=websocket';
const COMPRESSED = 4;

/** What a frame of the server says; one frame is one message. */
function read({ opcode, fin, rsv, payload }, windowBits) {
  assert.ok(fin, 'the server does not fragment');
  if (rsv === 0) return { opcode, payload };
  assert.equal(rsv, COMPRESSED, 'no other bit than RSV1');
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  return { opcode, payload: inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH, windowBits }) };
}

async function open(target, offer) {
  const socket = await RawWebSocket.open(target, PATH, offer === undefined ? {} : { 'Sec-WebSocket-Extensions': offer });
  socket.socket.setNoDelay(true);
  assert.equal(socket.status, 101, socket.text.slice(0, 300));
  await until(() => socket.frames.length === 1, 'open packet', undefined, 2);
  return socket;
}

async function play(target, one) {
  const socket = await open(target, one.deflate);
  for (const bytes of one.send) {
    const size = one.cut ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size));
  }
  // A connection that goes on shows it: what is sent now comes back behind the rest.
  if (one.close === undefined) socket.write(frame(PING, 'still there')).write(frame(CLOSE, Buffer.from([3, 0xe8])));
  const code = await socket.closeCode();
  const got = socket.frames.slice(1).map((each) => ({ ...read(each, one.windowBits), compressed: each.rsv === COMPRESSED }));
  const closing = got.pop();
  if (one.close === undefined) {
    const pong = got.pop();
    assert.deepEqual([pong?.opcode, pong?.payload.toString()], [PONG, 'still there']);
  }
  assert.equal(closing.opcode, CLOSE);
  assert.equal(code, one.close === undefined ? 1000 : one.close ?? undefined);
  if (one.reason) assert.match(closing.payload.subarray(2).toString(), one.reason);
  assert.equal(got.length, one.back.length, `${got.length} frames came, not ${one.back.length}`);
  for (const [n, { opcode, payload, compressed }] of got.entries()) {
    assert.equal(opcode, one.back[n].opcode);
    assert.ok(payload.equals(one.back[n].payload), `message ${n}: ${payload.subarray(0, 60)} (${payload.length} bytes)`);
    if (one.mustCompress !== undefined) assert.equal(compressed, one.mustCompress);
  }
  await socket.end();
}

describe('WebSocket case by case', { concurrency: 1 }, () => {
  let plain;
  let deflating;
  before(async () => {
    const row = { program: 'testbed', shards: 1 };
    const extra = ['--ping-interval', '60000', '--ping-timeout', '60000'];
    [plain, deflating] = await Promise.all([
      startServer(row, 'suites', { extra }), startServer(row, 'suites', { extra: [...extra, '--deflate'] }),
    ]);
  });
  after(() => Promise.all([plain?.program.stop(), deflating?.program.stop()]));

  for (const group of new Set(CASES.map((one) => one.group))) {
    const chosen = CASES.filter((one) => one.group === group);
    describe(group, { concurrency: 8 }, () => {
      for (const one of chosen) {
        test(one.name, () => play(/^1[23]/.test(group) ? deflating.target : plain.target, one));
      }
    });
  }

  describe('13 offers', { concurrency: 8 }, () => {
    for (const [offer, wanted] of OFFERS) {
      test(`${offer.slice(0, 100) || 'nothing'}: ${wanted ?? 'no extension'}`, async () => {
        const socket = await RawWebSocket.open(deflating.target, PATH, { 'Sec-WebSocket-Extensions': offer });
        assert.equal(socket.status, wanted === 400 ? 400 : 101, socket.text.slice(0, 300));
        if (wanted !== 400) assert.equal(/^sec-websocket-extensions: (.*)\r$/im.exec(socket.text)?.[1], wanted);
        socket.destroy();
      });
    }

    test('a server that was not told to compress agrees on nothing', async () => {
      const socket = await RawWebSocket.open(plain.target, PATH, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
      assert.equal(socket.status, 101);
      assert.doesNotMatch(socket.text, /extensions/i);
      socket.destroy();
    });
  });

  test('a broadcast reaches those who agreed compressed and the others as it is, and is the same', async () => {
    const data = 'κόσμε '.repeat(500);
    const subscribe = async (offer) => {
      const socket = await RawWebSocket.open(deflating.target, '/socket.io/?EIO=4&transport=websocket',
        offer ? { 'Sec-WebSocket-Extensions': offer } : {});
      socket.write(frame(TEXT, '40')).write(frame(TEXT, '421["subscribe:instance","room"]'));
      await until(() => socket.frames.some(({ payload }) => payload.toString() === '431[true]'), 'the subscription', undefined, 5);
      return socket;
    };
    const offers = [undefined, 'permessage-deflate', 'permessage-deflate', 'permessage-deflate; server_max_window_bits=9'];
    const sockets = await Promise.all(offers.map(subscribe));
    sockets[0].write(frame(TEXT, `42["publish","room",${JSON.stringify(data)}]`));
    const received = await Promise.all(sockets.map((socket) => until(
      () => socket.frames.find((each) => each.payload.length > 500 || each.rsv === COMPRESSED), 'the broadcast', undefined, 5,
    )));
    for (const [n, each] of received.entries()) {
      assert.equal(each.rsv, offers[n] ? COMPRESSED : 0);
      assert.equal(read(each, offers[n]?.includes('bits=9') ? 9 : 15).payload.toString(), `42["instance:status:changed",${JSON.stringify(data)}]`);
      sockets[n].destroy();
    }
    assert.ok(received[1].payload.equals(received[2].payload));
  });

  test("the client of npm's ws speaks compressed with us, whatever it is set to", async () => {
    for (const options of [true, { serverNoContextTakeover: true, clientNoContextTakeover: true }, { threshold: 0 },
      { serverMaxWindowBits: 10, clientMaxWindowBits: 10 }]) {
      const peer = new Peer(new WebSocket(deflating.target.url.replace('http', 'ws') + PATH, { perMessageDeflate: options }));
      await peer.next();
      assert.match(peer.socket.extensions, /permessage-deflate/);
      for (const size of [1, 1000, 5000, 200_000, MAX_PAYLOAD - 1]) {
        const message = `4${'κόσμε '.repeat(size).slice(0, Math.floor(size / 2))}`;
        assert.equal(await peer.send(message).next(), message);
        const bytes = Buffer.alloc(size, 'binary');
        assert.ok((await peer.send(bytes).next()).equals(bytes));
      }
      peer.close();
    }
  });
});
