// WebSocket (RFC 6455) and permessage-deflate (RFC 7692) case by case, against a server that sends every message back:
// what is sent, what must come back, and how the connection must end. Texts begin with "4", as Engine.IO's messages do.
// Only data here; websocket.test.mjs plays it.

import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { frame } from '../support/raw.mjs';

export const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
/** The server's limits: of a message in bytes, and of its fragments. */
export const MAX_PAYLOAD = 1_000_000;
const MAX_FRAGMENTS = 1024;
const RSV1 = 4;

/**
 * A case: `send` is what goes out in one write each ('bytes' cut: one byte a write; a number: that many); `back` is what
 * must come back, in order; `close` is the code of the server's closing frame, and without it the connection must still
 * serve and close in order when asked. `deflate`: the offer of the handshake, for the server that takes it.
 */
const cases = [];
const add = (group, name, one) => cases.push({ group, name, back: [], ...one });

const text = (value, options) => frame(TEXT, value, options);
const binary = (value, options) => frame(BINARY, value, options);
const echo = (opcode, payload) => ({ opcode, payload: Buffer.from(payload) });
const closing = (code, reason = '') => {
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([body, Buffer.from(reason)]));
};
/** The message in as many frames as there are pieces. */
const fragments = (opcode, pieces, options = {}) => pieces.map((piece, n) => frame(n === 0 ? opcode : CONTINUATION, piece, {
  fin: n === pieces.length - 1, rsv: n === 0 ? options.rsv : 0,
}));
const cutAt = (bytes, ...positions) => [0, ...positions].map((from, n) => bytes.subarray(from, positions[n] ?? bytes.length));
const pieces = (bytes, size) => Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
const hex = (string) => Buffer.from(string.replaceAll(' ', ''), 'hex');

// --- 1 Framing
for (const size of [1, 125, 126, 127, 128, 65_535, 65_536]) {
  const message = `4${'*'.repeat(size - 1)}`;
  add('1 framing', `a text of ${size} bytes`, { send: [text(message)], back: [echo(TEXT, message)] });
}
for (const size of [0, 1, 125, 126, 127, 128, 65_535, 65_536]) {
  const message = Buffer.alloc(size, 0xfe);
  add('1 framing', `a binary message of ${size} bytes`, { send: [binary(message)], back: [echo(BINARY, message)] });
}
for (const [opcode, name] of [[TEXT, 'text'], [BINARY, 'binary message']]) {
  const message = Buffer.alloc(65_536, '4');
  add('1 framing', `a ${name} of 65536 bytes in writes of 997 bytes`,
    { send: [frame(opcode, message)], cut: 997, back: [echo(opcode, message)] });
  add('1 framing', `a ${name} one byte a write`,
    { send: [frame(opcode, message.subarray(0, 200))], cut: 1, back: [echo(opcode, message.subarray(0, 200))] });
}
add('1 framing', 'many messages in one write',
  { send: [Buffer.concat(Array.from({ length: 100 }, (_, n) => text(`4${n}`)))], back: Array.from({ length: 100 }, (_, n) => echo(TEXT, `4${n}`)) });
for (const [name, bytes] of Object.entries({
  '125 in 16 bits': hex('82fe007d'),
  '0 in 16 bits': hex('82fe0000'),
  '65535 in 64 bits': hex('82ff000000000000ffff'),
  '1 in 64 bits': hex('82ff0000000000000001'),
  'a length with its highest bit set': hex('82ff8000000000000001'),
})) add('1 framing', `a length not in its shortest form: ${name}`, { send: [bytes], close: 1002 });

// --- Masking
add('1 masking', 'a text without a mask', { send: [text('4x', { mask: false })], close: 1002 });
add('1 masking', 'an empty binary message without a mask', { send: [binary('', { mask: false })], close: 1002 });
add('1 masking', 'a ping without a mask', { send: [frame(PING, '', { mask: false })], close: 1002 });
add('1 masking', 'a key of zeros', { send: [Buffer.concat([hex('8185 00000000'), Buffer.from('4zero')])], back: [echo(TEXT, '4zero')] });
add('1 masking', 'a good message before one without a mask',
  { send: [text('4x'), text('4y', { mask: false })], back: [echo(TEXT, '4x')], close: 1002 });

// --- 2 Pings and pongs
add('2 ping and pong', 'an empty ping', { send: [frame(PING)], back: [echo(PONG, '')] });
add('2 ping and pong', 'a ping with text', { send: [frame(PING, 'Hello, world!')], back: [echo(PONG, 'Hello, world!')] });
add('2 ping and pong', 'a ping with bytes that are no text', { send: [frame(PING, hex('00fffe fdfc fb00ff'))], back: [echo(PONG, hex('00fffefdfcfb00ff'))] });
add('2 ping and pong', 'a ping of 125 bytes', { send: [frame(PING, Buffer.alloc(125, 0xfe))], back: [echo(PONG, Buffer.alloc(125, 0xfe))] });
add('2 ping and pong', 'a ping of 126 bytes', { send: [frame(PING, Buffer.alloc(126))], close: 1002 });
add('2 ping and pong', 'a pong of 126 bytes', { send: [frame(PONG, Buffer.alloc(126))], close: 1002 });
add('2 ping and pong', 'a ping of 125 bytes, one byte a write',
  { send: [frame(PING, Buffer.alloc(125, 0xfe))], cut: 1, back: [echo(PONG, Buffer.alloc(125, 0xfe))] });
add('2 ping and pong', 'an unsolicited empty pong', { send: [frame(PONG)] });
add('2 ping and pong', 'an unsolicited pong with a payload', { send: [frame(PONG, 'unsolicited')] });
add('2 ping and pong', 'an unsolicited pong, then a ping', { send: [frame(PONG, 'x'), frame(PING, 'y')], back: [echo(PONG, 'y')] });
const ten = Array.from({ length: 10 }, (_, n) => frame(PING, `payload-${n}`));
const tenPongs = Array.from({ length: 10 }, (_, n) => echo(PONG, `payload-${n}`));
add('2 ping and pong', 'ten pings', { send: ten, back: tenPongs });
add('2 ping and pong', 'ten pings in one write', { send: [Buffer.concat(ten)], back: tenPongs });
add('2 ping and pong', 'ten pings, one byte a write', { send: ten, cut: 1, back: tenPongs });

// --- 3 Reserved bits, when nothing was agreed on
for (let rsv = 1; rsv <= 7; rsv += 1) {
  for (const [opcode, name] of [[TEXT, 'text'], [BINARY, 'binary'], [PING, 'ping'], [PONG, 'pong'], [CLOSE, 'close']]) {
    add('3 reserved bits', `RSV ${rsv} on ${name}`, { send: [frame(opcode, opcode === TEXT ? '4x' : '', { rsv })], close: 1002 });
  }
}
add('3 reserved bits', 'a good message before a bad bit', { send: [text('4ok'), text('4x', { rsv: 2 })], back: [echo(TEXT, '4ok')], close: 1002 });
add('3 reserved bits', 'a bad bit in the first byte of many, one byte a write', { send: [text('4x', { rsv: 1 })], cut: 1, close: 1002 });
add('3 reserved bits', 'a bad bit on a continuation',
  { send: [text('4x', { fin: false }), frame(CONTINUATION, 'y', { rsv: 1 })], close: 1002 });

// --- 4 Opcodes
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  add('4 opcodes', `reserved opcode ${opcode}`, { send: [frame(opcode)], close: 1002 });
  add('4 opcodes', `reserved opcode ${opcode} with a payload, after a good message`,
    { send: [text('4ok'), frame(opcode, 'reserved'), frame(PING)], back: [echo(TEXT, '4ok')], close: 1002 });
}

// --- 5 Fragmentation
const hello = '4hello fragments';
add('5 fragments', 'a ping in two', { send: fragments(PING, ['a', 'b']), close: 1002 });
add('5 fragments', 'a pong in two', { send: fragments(PONG, ['a', 'b']), close: 1002 });
add('5 fragments', 'a close in two', { send: fragments(CLOSE, [hex('03e8'), '']), close: 1002 });
for (const [how, shape] of [['a frame a write', {}], ['in one write', { joined: true }], ['a byte a write', { cut: 1 }]]) {
  const send = (frames) => (shape.joined ? [Buffer.concat(frames)] : frames);
  add('5 fragments', `a text in two, ${how}`, { ...shape, send: send(fragments(TEXT, ['4fragment1', 'fragment2'])), back: [echo(TEXT, '4fragment1fragment2')] });
  add('5 fragments', `a ping between two, ${how}`, {
    ...shape,
    send: send([text('4one', { fin: false }), frame(PING, 'p'), frame(CONTINUATION, 'two')]),
    back: [echo(PONG, 'p'), echo(TEXT, '4onetwo')],
  });
  add('5 fragments', `five with pings between, ${how}`, {
    ...shape,
    send: send([text('41', { fin: false }), frame(CONTINUATION, '2', { fin: false }), frame(PING, 'a'),
      frame(CONTINUATION, '3', { fin: false }), frame(CONTINUATION, '4', { fin: false }), frame(PING, 'b'), frame(CONTINUATION, '5')]),
    back: [echo(PONG, 'a'), echo(PONG, 'b'), echo(TEXT, '412345')],
  });
  add('5 fragments', `a continuation of nothing, the last one, ${how}`, { ...shape, send: send([frame(CONTINUATION, 'x'), text('4late')]), close: 1002 });
  add('5 fragments', `a continuation of nothing, not the last one, ${how}`,
    { ...shape, send: send([frame(CONTINUATION, 'x', { fin: false }), text('4late')]), close: 1002 });
  add('5 fragments', `a continuation after a whole message, ${how}`,
    { ...shape, send: send([...fragments(TEXT, ['4a', 'b']), frame(CONTINUATION, 'c')]), back: [echo(TEXT, '4ab')], close: 1002 });
  add('5 fragments', `a text inside a text, ${how}`, { ...shape, send: send([text('4a', { fin: false }), text('4b')]), close: 1002 });
  add('5 fragments', `a binary message inside a text, ${how}`, { ...shape, send: send([text('4a', { fin: false }), binary('b', { fin: false })]), close: 1002 });
}
add('5 fragments', 'empty fragments', { send: fragments(TEXT, ['', '4', '', 'x', '']), back: [echo(TEXT, '4x')] });
add('5 fragments', 'a binary message of empty fragments', { send: fragments(BINARY, ['', '', '']), back: [echo(BINARY, '')] });
add('5 fragments', 'a pong between two', { send: [text('4a', { fin: false }), frame(PONG, 'x'), frame(CONTINUATION, 'b')], back: [echo(TEXT, '4ab')] });
add('5 fragments', 'a close between two', { send: [text(hello, { fin: false }), closing(1000)], close: 1000 });
add('5 fragments', 'as many as the limit', { send: fragments(BINARY, pieces(Buffer.alloc(MAX_FRAGMENTS), 1)), back: [echo(BINARY, Buffer.alloc(MAX_FRAGMENTS))] });
add('5 fragments', 'one more than the limit', { send: [Buffer.concat(fragments(BINARY, pieces(Buffer.alloc(MAX_FRAGMENTS + 1), 1)))], close: 1008 });
add('5 fragments', 'empty ones beyond the limit',
  { send: [Buffer.concat([text('4', { fin: false }), ...Array.from({ length: MAX_FRAGMENTS }, () => frame(CONTINUATION, '', { fin: false }))])], close: 1008 });

// --- 6 UTF-8
const good = {
  'Greek': 'κόσμε', 'two, three and four bytes': 'Hello-µ@ßöäüàá-€-UTF-8-😀!!',
  'the first of each length': '\u0000\u0080\u0800\u{10000}', 'the last of each length': '\u007f\u07ff\uffff\u{10ffff}',
  'around the surrogates': '\ud7ff\ue000', 'noncharacters': '\ufdd0\ufffe\u{1fffe}\u{1ffff}', 'the replacement character': '\ufffd',
};
for (const [name, value] of Object.entries(good)) {
  const message = Buffer.from(`4${value}`);
  add('6 UTF-8', `good: ${name}`, { send: [text(message)], back: [echo(TEXT, message)] });
  add('6 UTF-8', `good: ${name}, a byte a fragment`, { send: fragments(TEXT, pieces(message, 1)), back: [echo(TEXT, message)] });
  for (let at = 1; at < message.length; at += 1) {
    add('6 UTF-8', `good: ${name}, fragments cut before byte ${at}`, { send: fragments(TEXT, cutAt(message, at)), back: [echo(TEXT, message)] });
  }
}
const bad = {
  'a lone continuation byte': '80', 'the last continuation byte': 'bf', 'two continuation bytes': '8080',
  'a two-byte start alone': 'c3', 'a three-byte start alone': 'e2', 'a four-byte start alone': 'f0',
  'a two-byte start and a letter': 'c328', 'a three-byte start, one byte and a letter': 'e28228', 'a four-byte start, two bytes and a letter': 'f09f9828',
  'overlong slash in two': 'c0af', 'overlong slash in three': 'e080af', 'overlong slash in four': 'f08080af',
  'the largest overlong of two': 'c1bf', 'of three': 'e09fbf', 'of four': 'f08fbfbf', 'overlong zero': 'c080',
  'the first surrogate': 'eda080', 'the last surrogate': 'edbfbf', 'a pair of surrogates': 'eda080edb080',
  'beyond U+10FFFF': 'f4908080', 'a start of five': 'f888808080', 'a start of six': 'fc8480808080', 'FE': 'fe', 'FF': 'ff', 'FE FE FF FF': 'fefeffff',
};
for (const [name, bytes] of Object.entries(bad)) {
  const message = Buffer.concat([Buffer.from('4ok κόσμε '), hex(bytes)]);
  add('6 UTF-8', `bad: ${name}`, { send: [text(message)], close: 1007 });
  add('6 UTF-8', `bad: ${name}, more behind it`, { send: [text(Buffer.concat([message, Buffer.from('more')]))], close: 1007 });
  for (let at = message.length - hex(bytes).length; at < message.length; at += 1) {
    add('6 UTF-8', `bad: ${name}, fragments cut before byte ${at}`, { send: fragments(TEXT, cutAt(message, at)), close: 1007 });
  }
}
add('6 UTF-8', 'bad text is refused before its message is whole', { send: [text(hex('34 c0af'), { fin: false })], close: 1007 });
add('6 UTF-8', 'bad text is refused before its frame is whole', { send: [text(hex('34 f4908080'), { length: 100_000 })], close: 1007 });
add('6 UTF-8', 'binary messages are not text', { send: [binary(hex('c0af fe ff'))], back: [echo(BINARY, hex('c0affeff'))] });

// --- 7 Closing
add('7 closing', 'a message, then close', { send: [text('4x'), closing(1000)], back: [echo(TEXT, '4x')], close: 1000 });
add('7 closing', 'close twice', { send: [closing(1000), closing(1001)], close: 1000 });
add('7 closing', 'a ping after close is not answered', { send: [closing(1000), frame(PING)], close: 1000 });
add('7 closing', 'a message after close is not served', { send: [Buffer.concat([closing(1000), text('4late')])], close: 1000 });
add('7 closing', 'close, then bytes that are no frame', { send: [Buffer.concat([closing(1000), randomBytes(500)])], close: 1000 });
add('7 closing', 'a large message, then close', { send: [binary(Buffer.alloc(262_144)), closing(1000)], back: [echo(BINARY, Buffer.alloc(262_144))], close: 1000 });
add('7 closing', 'close without a code', { send: [frame(CLOSE)], close: null });
add('7 closing', 'half a code', { send: [frame(CLOSE, hex('03'))], close: 1002 });
add('7 closing', 'a reason', { send: [closing(1000, 'Hello World!')], close: 1000 });
add('7 closing', 'a reason of 123 bytes', { send: [closing(1000, '*'.repeat(123))], close: 1000 });
add('7 closing', 'a reason of 124 bytes', { send: [closing(1000, '*'.repeat(124))], close: 1002 });
add('7 closing', 'a reason that is no UTF-8', { send: [frame(CLOSE, hex('03e8 cebae1bdb9cf83cebcceb5 eda080'))], close: 1007 });
add('7 closing', 'one byte a write', { send: [closing(1000, 'bye')], cut: 1, close: 1000 });
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
  add('7 closing', `code ${code} is sent back`, { send: [closing(code)], close: code });
}
for (const code of [0, 1, 999, 1004, 1005, 1006, 1012, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]) {
  add('7 closing', `code ${code} may not be sent`, { send: [closing(code)], close: 1002 });
}

// --- 9 Limits
for (const [opcode, name] of [[TEXT, 'text'], [BINARY, 'binary message']]) {
  const whole = Buffer.alloc(MAX_PAYLOAD, '4');
  add('9 limits', `a ${name} of the limit`, { send: [frame(opcode, whole)], back: [echo(opcode, whole)] });
  for (const size of [4096, 65_536, 262_144]) {
    add('9 limits', `a ${name} of the limit in fragments of ${size}`, { send: fragments(opcode, pieces(whole, size)), back: [echo(opcode, whole)] });
  }
  for (const size of [1024, 16_384]) {
    add('9 limits', `a ${name} of the limit in writes of ${size}`, { send: [frame(opcode, whole)], cut: size, back: [echo(opcode, whole)] });
  }
  add('9 limits', `a ${name} past the limit, from its header`, { send: [frame(opcode, '', { length: MAX_PAYLOAD + 1 })], close: 1009, reason: /1000000/ });
  add('9 limits', `a ${name} of fragments past the limit`,
    { send: fragments(opcode, [Buffer.alloc(600_000, '4'), Buffer.alloc(400_001, '4')]), close: 1009, reason: /1000000/ });
}
add('9 limits', 'a message of 2^62 bytes', { send: [hex('82ff 4000000000000000 00000000')], close: 1009 });
add('9 limits', 'a text of 65536 bytes in frames of 1300',
  { send: fragments(TEXT, pieces(Buffer.alloc(65_536, '4'), 1300)), back: [echo(TEXT, Buffer.alloc(65_536, '4'))] });

// --- 12 permessage-deflate
const TAIL = hex('0000ffff');
const OFFER = 'permessage-deflate; client_max_window_bits';
/** One message as a sender without context takeover compresses it. */
export const deflate = (message, options) => {
  const whole = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH, ...options });
  return whole.subarray(-4).equals(TAIL) ? whole.subarray(0, -4) : whole;
};
const compressed = (opcode, message, options) => frame(opcode, deflate(message, options), { rsv: RSV1 });
const json = (size) => {
  let value = '4';
  for (let n = 0; value.length < size; n += 1) value += `{"id":${n},"status":"CONNECTED","name":"κ${n * 7919}"},`;
  // No character is cut: the end is plain ASCII.
  const bytes = Buffer.from(value).subarray(0, size - 4);
  return Buffer.concat([Buffer.from(bytes.toString().replace(/\ufffd+$/, '')), Buffer.from('end.')]);
};
for (const size of [16, 64, 256, 1024, 4096, 8192, 32_768, 131_072, 900_000]) {
  const message = json(size);
  add('12 compression', `a text of ${size} bytes`, { deflate: OFFER, send: [compressed(TEXT, message)], back: [echo(TEXT, message)] });
  add('12 compression', `a binary message of ${size} zeros`, { deflate: OFFER, send: [compressed(BINARY, Buffer.alloc(size))], back: [echo(BINARY, Buffer.alloc(size))] });
  add('12 compression', `a text of ${size} bytes, compressed in fragments of 100`,
    { deflate: OFFER, send: fragments(TEXT, pieces(deflate(message), Math.max(100, size >> 8)), { rsv: RSV1 }), back: [echo(TEXT, message)] });
}
for (const level of [0, 1, 9]) {
  add('12 compression', `level ${level}`, { deflate: OFFER, send: [compressed(TEXT, json(20_000), { level })], back: [echo(TEXT, json(20_000))] });
}
for (const windowBits of [9, 10, 12, 15]) {
  add('12 compression', `a sender's window of ${windowBits} bits`, { deflate: OFFER, send: [compressed(TEXT, json(20_000), { windowBits })], back: [echo(TEXT, json(20_000))] });
}
{
  const noise = randomBytes(20_000);
  const incompressible = deflate(noise);
  const many = Array.from({ length: 50 }, (_, n) => json(500 + n * 50));
  const message = json(5000);
  const packed = deflate(message);
  add('12 compression', 'noise, which grows', { deflate: OFFER, send: [frame(BINARY, incompressible, { rsv: RSV1 })], back: [echo(BINARY, noise)] });
  add('12 compression', 'a message of the limit', { deflate: OFFER, send: [compressed(BINARY, Buffer.alloc(MAX_PAYLOAD, 7))], back: [echo(BINARY, Buffer.alloc(MAX_PAYLOAD, 7))] });
  const full = randomBytes(MAX_PAYLOAD);
  add('12 compression', 'a message of the limit that grew by compression', { deflate: OFFER, send: [compressed(BINARY, full, { level: 0 })], back: [echo(BINARY, full)] });
  add('12 compression', 'fifty messages in one write', { deflate: OFFER, send: [Buffer.concat(many.map((one) => compressed(TEXT, one)))], back: many.map((one) => echo(TEXT, one)) });
  add('12 compression', 'compressed and plain in turn',
    { deflate: OFFER, send: [compressed(TEXT, message), text('4plain'), compressed(TEXT, message)], back: [echo(TEXT, message), echo(TEXT, '4plain'), echo(TEXT, message)] });
  add('12 compression', 'one byte a write', { deflate: OFFER, send: [compressed(TEXT, json(600))], cut: 1, back: [echo(TEXT, json(600))] });
  add('12 compression', 'a ping among the fragments', {
    deflate: OFFER,
    send: [frame(TEXT, packed.subarray(0, 50), { rsv: RSV1, fin: false }), frame(PING, 'p'), frame(CONTINUATION, packed.subarray(50))],
    back: [echo(PONG, 'p'), echo(TEXT, message)],
  });
  add('12 compression', 'the empty message', { deflate: OFFER, send: [frame(BINARY, hex('00'), { rsv: RSV1 })], back: [echo(BINARY, '')] });
  add('12 compression', 'RFC 7692 §7.2.3.1', { deflate: OFFER, send: [frame(BINARY, hex('f248cdc9c90700'), { rsv: RSV1 })], back: [echo(BINARY, 'Hello')] });
  add('12 compression', 'RFC 7692 §7.2.3.1, in two fragments',
    { deflate: OFFER, send: fragments(BINARY, [hex('f248cd'), hex('c9c90700')], { rsv: RSV1 }), back: [echo(BINARY, 'Hello')] });
  add('12 compression', 'RFC 7692 §7.2.3.3: a block without compression', { deflate: OFFER, send: [frame(BINARY, hex('000500faff48656c6c6f00'), { rsv: RSV1 })], back: [echo(BINARY, 'Hello')] });
  add('12 compression', 'RFC 7692 §7.2.3.4: a block that says it is the last', { deflate: OFFER, send: [frame(BINARY, hex('f348cdc9c9070000'), { rsv: RSV1 })], back: [echo(BINARY, 'Hello')] });
  add('12 compression', 'RFC 7692 §7.2.3.5: two blocks', { deflate: OFFER, send: [frame(BINARY, hex('f24805000000ffffcac9c90700'), { rsv: RSV1 })], back: [echo(BINARY, 'Hello')] });

  add('12 compression', 'the bit on a continuation',
    { deflate: OFFER, send: [frame(TEXT, packed.subarray(0, 50), { rsv: RSV1, fin: false }), frame(CONTINUATION, packed.subarray(50), { rsv: RSV1 })], close: 1002 });
  add('12 compression', 'the bit on the second fragment only', { deflate: OFFER, send: [text('4a', { fin: false }), frame(CONTINUATION, packed, { rsv: RSV1 })], close: 1002 });
  for (const [opcode, name] of [[PING, 'ping'], [PONG, 'pong'], [CLOSE, 'close']]) {
    add('12 compression', `the bit on a ${name}`, { deflate: OFFER, send: [frame(opcode, '', { rsv: RSV1 })], close: 1002 });
  }
  for (const rsv of [1, 2, 3, 5, 6, 7]) add('12 compression', `RSV ${rsv} where only RSV1 was agreed on`, { deflate: OFFER, send: [frame(TEXT, packed, { rsv })], close: 1002 });
  add('12 compression', 'the bit where compression was not offered', { deflate: undefined, send: [frame(TEXT, packed, { rsv: RSV1 })], close: 1002 });
  add('12 compression', 'bytes that are no DEFLATE data', { deflate: OFFER, send: [frame(TEXT, hex('ffffffff'), { rsv: RSV1 })], close: 1007 });
  add('12 compression', 'a reserved kind of block', { deflate: OFFER, send: [frame(TEXT, hex('06'), { rsv: RSV1 })], close: 1007 });
  add('12 compression', 'half a message', { deflate: OFFER, send: [frame(TEXT, packed.subarray(0, packed.length / 2), { rsv: RSV1 })], close: 1007 });
  add('12 compression', 'something behind the last block', { deflate: OFFER, send: [frame(BINARY, hex('f348cdc9c9070041414141'), { rsv: RSV1 })], close: 1007 });
  add('12 compression', 'a reference past the beginning', { deflate: OFFER, send: [frame(BINARY, hex('020200'), { rsv: RSV1 })], close: 1007 });
  add('12 compression', 'text that is no UTF-8 once inflated', { deflate: OFFER, send: [compressed(TEXT, hex('34c328'))], close: 1007 });
  add('12 compression', 'text that ends inside a character', { deflate: OFFER, send: [compressed(TEXT, hex('34e282'))], close: 1007 });
  add('12 compression', 'binary that is no UTF-8', { deflate: OFFER, send: [compressed(BINARY, hex('34c328'))], back: [echo(BINARY, hex('34c328'))] });
  add('12 compression', 'a message one byte past the limit', { deflate: OFFER, send: [compressed(BINARY, Buffer.alloc(MAX_PAYLOAD + 1))], close: 1009, reason: /^\d+ compressed bytes .* 1000000 / });
  add('12 compression', 'a bomb', { deflate: OFFER, send: [compressed(BINARY, Buffer.alloc(100_000_000))], close: 1009, reason: /^\d+ compressed bytes .* 1000000 / });
  add('12 compression', 'a bomb in fragments',
    { deflate: OFFER, send: fragments(BINARY, pieces(deflate(Buffer.alloc(50_000_000)), 1000), { rsv: RSV1 }), close: 1009, reason: /1000000/ });
  add('12 compression', 'compressed bytes past any message of the limit', { deflate: OFFER, send: [frame(BINARY, '', { rsv: RSV1, length: 1_100_000 })], close: 1009 });
  add('12 compression', 'no context is taken over', {
    // The second message refers to the first, as a sender that kept its window would make it.
    deflate: OFFER, send: [compressed(TEXT, message), frame(TEXT, takenOver(message), { rsv: RSV1 })], back: [echo(TEXT, message)], close: 1007,
  });
}

/** `message` compressed by somebody who remembers having sent it before. */
function takenOver(message) {
  return deflate(message, { dictionary: message });
}

// --- 13 What may be offered
const AGREED = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
/** [offer, the server's Sec-WebSocket-Extensions or nothing, or 400]. */
export const OFFERS = [
  ['permessage-deflate', AGREED],
  ['permessage-deflate; client_max_window_bits', AGREED],
  ['permessage-deflate; client_max_window_bits=8', AGREED],
  ['permessage-deflate; client_no_context_takeover; server_no_context_takeover', AGREED],
  ['permessage-deflate; server_max_window_bits=9', `${AGREED}; server_max_window_bits=9`],
  ['permessage-deflate; server_max_window_bits="15"', `${AGREED}; server_max_window_bits=15`],
  ['permessage-deflate; server_max_window_bits=8', `${AGREED}; server_max_window_bits=8`],
  ['permessage-deflate; server_max_window_bits=9; client_max_window_bits=9, permessage-deflate', `${AGREED}; server_max_window_bits=9`],
  ['permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=10', `${AGREED}; server_max_window_bits=10`],
  ['x-webkit-deflate-frame, permessage-deflate', AGREED],
  ['permessage-deflate; server_max_window_bits=16', undefined],
  ['permessage-deflate; server_max_window_bits=7', undefined],
  ['permessage-deflate; server_max_window_bits', undefined],
  ['permessage-deflate; client_max_window_bits=x', undefined],
  ['permessage-deflate; server_no_context_takeover=1', undefined],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', undefined],
  ['permessage-deflate; nonsense', undefined],
  ['x-unknown', undefined],
  ['', undefined],
  ['permessage-deflate;', 400],
  ['permessage-deflate; a=', 400],
  ['permessage-deflate; a="', 400],
  ['permessage-deflate permessage-deflate', 400],
  [';', 400],
  [`${'a,'.repeat(1000)}a`, 400],
];
for (const windowBits of [9, 10, 11, 12, 13, 14, 15]) {
  const offer = `permessage-deflate; server_max_window_bits=${windowBits}`;
  add('13 windows', `the server compresses with ${windowBits} bits when asked to`,
    { deflate: offer, windowBits, send: [compressed(TEXT, json(40_000))], back: [echo(TEXT, json(40_000))], mustCompress: true });
}
add('13 windows', 'the server sends everything as it is to a window of 8 bits',
  { deflate: 'permessage-deflate; server_max_window_bits=8', send: [compressed(TEXT, json(40_000))], back: [echo(TEXT, json(40_000))], mustCompress: false });
add('13 windows', 'what is short is not compressed', { deflate: OFFER, send: [text(`4${'x'.repeat(1000)}`)], back: [echo(TEXT, `4${'x'.repeat(1000)}`)], mustCompress: false });
add('13 windows', 'what is long is compressed', { deflate: OFFER, send: [text(`4${'x'.repeat(2000)}`)], back: [echo(TEXT, `4${'x'.repeat(2000)}`)], mustCompress: true });
add('13 windows', 'nothing is compressed for those who did not offer', { send: [text(`4${'x'.repeat(2000)}`)], back: [echo(TEXT, `4${'x'.repeat(2000)}`)], mustCompress: false });

export const CASES = cases;
