// What a socket hears: the events with their fields, in order, numbered without a gap, once each; the present on
// subscribing; refusals with and without acknowledgement; other tenants kept apart.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, nextEvent, record } from '../support/clients.mjs';
import { Account, Product, SHAPES } from '../support/product.mjs';
import { until } from '../support/wait.mjs';

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const STATUSES = ['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR'];

/** The fields that each event has at least; the guide's first. */
const FIELDS = {
  'instance:status:changed': ['instanceId', 'newStatus', 'oldStatus', 'timestamp', 'seq', 'metadata'],
  'instance:qr:generated': ['instanceId', 'qrCode', 'qrText', 'expiry', 'attempt', 'timestamp', 'seq'],
  'instance:pair-code:generated': ['instanceId', 'pairCode', 'expiry', 'timestamp', 'seq'],
  'instance:passkey:required': ['instanceId', 'options', 'expiry', 'timestamp', 'seq'],
  'instance:passkey:code': ['instanceId', 'verificationCode', 'expiry', 'timestamp', 'seq'],
  'instance:connected': ['instanceId', 'phone', 'displayName', 'timestamp', 'seq'],
  'instance:disconnected': ['instanceId', 'reason', 'timestamp', 'seq'],
  'instance:error': ['instanceId', 'error', 'code', 'timestamp', 'seq'],
};

function assertShape([name, data, ...more]) {
  assert.ok(FIELDS[name], `unknown event ${name}`);
  assert.equal(more.length, 0);
  for (const field of FIELDS[name]) assert.ok(field in data, `${name} lacks ${field}: ${JSON.stringify(data)}`);
  assert.match(data.timestamp, ISO_TIME);
  assert.ok(Number.isInteger(data.seq) && data.seq >= 0);
  if (name === 'instance:status:changed') {
    assert.ok(STATUSES.includes(data.newStatus), data.newStatus);
    assert.ok(STATUSES.includes(data.oldStatus), data.oldStatus);
    assert.ok('error' in data.metadata);
    assert.match(data.metadata.timestamp, ISO_TIME);
  }
  if (name === 'instance:error') {
    assert.equal(typeof data.error, 'string');
    assert.match(data.code, /^[A-Z_]+$/);
  }
}

const named = (events, name) => events.filter(([event]) => event === name).map(([, data]) => data);
const statuses = (events) => named(events, 'instance:status:changed').map(({ newStatus }) => newStatus);

for (const shape of SHAPES) {
  describe(`events, ${shape.name}`, { concurrency: 1 }, () => {
    let product;
    let clients;
    let account;
    let instances;
    before(async () => {
      product = await Product.start(shape);
      clients = new Clients(product.target);
      account = await Account.register(product.target);
      instances = await Promise.all(Array.from({ length: 5 }, () => account.createInstance()));
    });
    afterEach(() => clients.close());
    after(() => product?.stop());

    const listener = async (options = {}) => clients.connect({ auth: { token: account.token }, ...options });

    test('a whole life: connect, codes, scan, connected, drop, back again, logged out', async () => {
      const { id } = instances[0];
      const socket = await listener();
      const heard = record(socket);
      const answer = await ask(socket, 'subscribe:instance', id);
      assert.equal(answer.ok, true);
      assert.equal(answer.instanceId, id);
      assert.equal(answer.status, 'DISCONNECTED');
      await until(() => heard.length === 1, 'the present on subscribing');
      const [[name, present]] = heard;
      assert.equal(name, 'instance:status:changed');
      assert.equal(present.newStatus, 'DISCONNECTED');
      heard.length = 0;

      await account.act(id, 'connect');
      await until(() => named(heard, 'instance:qr:generated').length === 1, 'the first code');
      const order = heard.map(([event, data]) => (event === 'instance:status:changed' ? data.newStatus : event));
      assert.equal(order.at(-1), 'instance:qr:generated');
      assert.equal(order.at(-2), 'QR_REQUIRED', 'the status comes before the code');
      const [code] = named(heard, 'instance:qr:generated');
      assert.match(code.qrCode, /^data:image\/png;base64,/);
      assert.deepEqual(Buffer.from(code.qrCode.split(',')[1], 'base64').subarray(0, 8), PNG);
      assert.ok(code.qrText.length > 0 && !code.qrText.startsWith('data:'));
      assert.match(code.expiry, ISO_TIME);
      assert.equal(code.attempt, 1);
      const shown = await account.ok('GET', `/api/instances/${id}/qr`);
      assert.equal(shown.qrText, code.qrText);

      await account.act(id, 'disconnect');
      await until(() => statuses(heard).includes('DISCONNECTED'), 'no more codes');
      await account.act(id, 'connect');
      await until(() => named(heard, 'instance:qr:generated').length === 2, 'a code again');
      assert.notEqual(named(heard, 'instance:qr:generated')[1].qrText, code.qrText);

      await account.scan(id, { number: '491701234567', pushName: 'Ann Example' });
      await until(() => named(heard, 'instance:connected').length === 1, 'connected');
      await account.reaches(id, 'CONNECTED');
      const [connected] = named(heard, 'instance:connected');
      assert.equal(connected.phone, '491701234567');
      assert.equal(connected.displayName, 'Ann Example');
      const { metadata } = named(heard, 'instance:status:changed').findLast(({ newStatus }) => newStatus === 'CONNECTED');
      assert.equal(metadata.phone, '491701234567');
      assert.equal(metadata.displayName, 'Ann Example');
      assert.match(metadata.lastConnectedAt, ISO_TIME);
      assert.equal(metadata.qrCode, null);
      assert.equal(metadata.qrCodeExpiry, null);
      assert.equal(metadata.connectionAttempts, 0);

      await account.drop(id);
      await until(() => statuses(heard).includes('RECONNECTING'), 'the drop is heard');
      assert.equal(typeof named(heard, 'instance:disconnected').at(-1).reason, 'string');
      await until(() => named(heard, 'instance:connected').length === 2, 'connected again by itself');

      await account.act(id, 'logout');
      await account.reaches(id, 'DISCONNECTED');
      const stored = await account.events(id);
      await until(() => heard.at(-1)?.[1].seq === stored.at(-1).seq, 'the last event');

      heard.forEach(assertShape);
      const first = present.seq + 1;
      assert.deepEqual(heard.map(([, { seq }]) => seq), heard.map((_, n) => first + n), 'no gap, no copy');
      assert.deepEqual(stored.map(({ seq }) => seq), stored.map((_, n) => 1 + n), 'no gap in the log');
      const logged = stored.filter(({ seq }) => seq >= first);
      assert.deepEqual(logged.map(({ type }) => type), heard.map(([event]) => event));
      for (const [n, { payload }] of logged.entries()) {
        const { qrCode: drawn, ...live } = heard[n][1];
        const { qrCode: redrawn, ...kept } = payload;
        assert.deepEqual(kept, live, 'the log keeps what was sent');
      }
    });

    test('a subscriber who comes later is shown the present: status and live code', async () => {
      const { id } = instances[1];
      await account.act(id, 'connect');
      await account.reaches(id, 'QR_REQUIRED');
      const { qrText } = await account.ok('GET', `/api/instances/${id}/qr`);
      const socket = await listener();
      const heard = record(socket);
      const answer = await ask(socket, 'subscribe:instance', { instanceId: id });
      assert.deepEqual([answer.ok, answer.instanceId, answer.status], [true, id, 'QR_REQUIRED']);
      await until(() => heard.length === 2, 'status and code');
      assert.deepEqual(heard.map(([event]) => event), ['instance:status:changed', 'instance:qr:generated']);
      heard.forEach(assertShape);
      assert.equal(heard[0][1].newStatus, 'QR_REQUIRED');
      assert.equal(heard[1][1].qrText, qrText);
      // Subscribing once more shows it once more, and joins no second time.
      await ask(socket, 'subscribe:instance', id);
      await until(() => heard.length === 4, 'the present again');
      const { seq } = heard[2][1];
      assert.equal(seq, heard[0][1].seq, 'nothing has happened in between');
      await account.scan(id);
      await until(() => named(heard, 'instance:connected').length === 1, 'connected');
      await account.reaches(id, 'CONNECTED');
      const last = (await account.events(id)).at(-1).seq;
      await until(() => heard.at(-1)[1].seq === last, 'the last event');
      const live = heard.slice(4).map(([, data]) => data.seq);
      assert.deepEqual(live, live.map((_, n) => seq + 1 + n), 'one copy of each');
      await account.act(id, 'disconnect');
    });

    test('a code to type in and a passkey come in order, to subscribers alone, and to those who come later', async () => {
      const { id } = instances[4];
      const socket = await listener();
      const heard = record(socket);
      const stranger = record(await listener());
      await ask(socket, 'subscribe:instance', id);
      const phone = await product.phones.create({ passkey: true });
      await account.act(id, 'connect');
      await account.reaches(id, 'QR_REQUIRED');
      const present = async () => {
        const late = await listener();
        const told = record(late);
        await ask(late, 'subscribe:instance', id);
        await until(() => told.length === 2, 'the present');
        told.forEach(assertShape);
        late.disconnect();
        return told[1];
      };

      const { pairCode } = await account.ok('POST', `/api/instances/${id}/pair-code`, { phone: `+${phone.number}` });
      await until(() => named(heard, 'instance:pair-code:generated').length === 1, 'the code to type in');
      assert.equal(heard.at(-1)[1].pairCode, pairCode);
      const [codeEvent, code] = await present();
      assert.deepEqual([codeEvent, code.pairCode], ['instance:pair-code:generated', pairCode]);

      await phone.act('code', { code: pairCode.replace('-', '') });
      await until(() => named(heard, 'instance:passkey:required').length === 1, 'the passkey');
      const [required] = named(heard, 'instance:passkey:required');
      assert.equal(required.options.rpId, 'whatsapp.com');
      const [passkeyEvent, passkey] = await present();
      assert.deepEqual([passkeyEvent, passkey.options], ['instance:passkey:required', required.options]);

      const { assertion } = await phone.act('passkey-assertion', { options: required.options });
      await account.ok('POST', `/api/instances/${id}/passkey`, { assertion });
      await until(() => named(heard, 'instance:passkey:code').length === 1, 'the code to compare');
      const { linking } = await account.instance(id);
      assert.equal(heard.at(-1)[1].verificationCode, linking.passkey.verificationCode);
      assert.equal((await present())[0], 'instance:passkey:code');

      await phone.shows(({ verificationCode }) => verificationCode, 'the code to compare');
      await phone.act('passkey', { approve: true });
      await until(() => named(heard, 'instance:connected').length === 1, 'connected');
      heard.forEach(assertShape);
      const [, ...live] = heard.map(([, { seq }]) => seq);
      assert.deepEqual(live, live.map((_, n) => live[0] + n), 'without a gap');
      await until(() => named(stranger, 'instance:connected').length === 1, 'the rest of the subscription hears, too');
      const secret = stranger.map(([event]) => event).filter((event) => /qr|pair-code|passkey/.test(event));
      assert.deepEqual(secret, []);
      await account.act(id, 'logout');  // others link it again
    });

    test('without a subscription a login hears the statuses of all its instances, but no codes', async () => {
      const { id } = instances[2];
      const socket = await listener();
      const heard = record(socket);
      await account.act(id, 'connect');
      await account.reaches(id, 'QR_REQUIRED');
      await account.scan(id);
      await until(() => named(heard, 'instance:connected').length === 1, 'connected');
      heard.forEach(assertShape);
      assert.ok(heard.every(([, { instanceId }]) => instanceId === id));
      assert.equal(named(heard, 'instance:qr:generated').length, 0);
      await account.act(id, 'disconnect');
    });

    test('unsubscribing ends the codes, and is acknowledged', async () => {
      const { id } = instances[3];
      const socket = await listener();
      const heard = record(socket);
      await ask(socket, 'subscribe:instance', id);
      const answer = await ask(socket, 'unsubscribe:instance', { instanceId: id });
      assert.deepEqual([answer.ok, answer.instanceId], [true, id]);
      await account.act(id, 'connect');
      await account.reaches(id, 'QR_REQUIRED');
      await until(() => statuses(heard).includes('QR_REQUIRED'), 'the status, by the room of the subscription');
      assert.equal(named(heard, 'instance:qr:generated').length, 0);
      // Without an acknowledgement it is heard all the same.
      socket.emit('subscribe:instance', id);
      await until(() => named(heard, 'instance:qr:generated').length === 1, 'the code');
      socket.emit('unsubscribe:instance', id);
      await ask(socket, 'unsubscribe:instance', id);
      await account.act(id, 'disconnect');
      await account.reaches(id, 'DISCONNECTED');
      await account.act(id, 'connect');
      await account.reaches(id, 'QR_REQUIRED');
      const last = (await account.events(id)).findLast(({ type }) => type === 'instance:status:changed').seq;
      await until(() => heard.at(-1)[1].seq === last, 'the status, by the room of the subscription');
      await ask(socket, 'unsubscribe:instance', id);
      assert.equal(named(heard, 'instance:qr:generated').length, 1);
      await account.act(id, 'disconnect');
    });

    test('unsubscribing at once, before the subscription has begun, ends it too', async () => {
      const { id } = instances[3];
      await account.reaches(id, 'DISCONNECTED');
      for (let n = 0; n < 30; n += 1) {
        const socket = await listener({ transports: ['websocket'] });
        const subscribed = ask(socket, 'subscribe:instance', id);
        assert.equal((await ask(socket, 'unsubscribe:instance', id)).ok, true);
        await subscribed;
        const again = ask(socket, 'subscribe:instance', id);
        assert.equal((await again).ok, true, 'a later one counts');
        assert.equal((await ask(socket, 'unsubscribe:instance', id)).ok, true);
      }
      const sockets = await Promise.all(Array.from({ length: 30 }, async () => {
        const socket = await listener({ transports: ['websocket'] });
        const heard = record(socket);
        const subscribed = ask(socket, 'subscribe:instance', id);
        await Promise.all([subscribed, ask(socket, 'unsubscribe:instance', id)]);
        return heard;
      }));
      const seer = await listener({ transports: ['websocket'] });
      const seen = record(seer);
      await ask(seer, 'subscribe:instance', id);
      await account.act(id, 'connect');
      await until(() => named(seen, 'instance:qr:generated').length > 0, 'a code');
      await account.act(id, 'disconnect');
      await account.reaches(id, 'DISCONNECTED');
      for (const heard of sockets) {
        await until(() => statuses(heard).includes('DISCONNECTED'), 'the end, as all of the subscription');
        assert.deepEqual(named(heard, 'instance:qr:generated'), []);
      }
    });

    test('refusals: by acknowledgement, or by instance:error and error', async () => {
      const stranger = await Account.register(product.target);
      const foreign = await stranger.createInstance();
      const socket = await listener();
      for (const id of [foreign.id, { instanceId: foreign.id }, `c${'0'.repeat(24)}`, 'no id at all']) {
        const answer = await ask(socket, 'subscribe:instance', id);
        assert.equal(answer.ok, false);
        assert.equal(answer.code, 'INSTANCE_NOT_FOUND', JSON.stringify(id));
        assert.equal(typeof answer.error, 'string');
      }
      for (const id of ['', null, 7, [], {}, { instanceId: 1 }, 'x'.repeat(5000)]) {
        const answer = await ask(socket, 'subscribe:instance', id);
        assert.deepEqual([answer.ok, answer.code], [false, 'VALIDATION_ERROR'], JSON.stringify(id).slice(0, 50));
      }
      const refused = nextEvent(socket, 'instance:error');
      const spoken = nextEvent(socket, 'error');
      socket.emit('subscribe:instance', foreign.id);
      const [details] = await refused;
      assert.equal(details.instanceId, foreign.id);
      assert.equal(details.code, 'INSTANCE_NOT_FOUND');
      assert.equal(typeof details.error, 'string');
      assert.equal(typeof (await spoken)[0].message, 'string');
      // Nor does anything of the other tenant arrive afterwards.
      const heard = record(socket);
      await stranger.link(foreign.id);
      await ask(socket, 'unsubscribe:instance', foreign.id);
      assert.deepEqual(heard, []);
    });

    test('everybody who listens, on whatever shard, hears the same in the same order', async () => {
      const { id } = instances[4];
      const kinds = [['websocket'], ['polling'], ['polling', 'websocket']];
      const sockets = await Promise.all(Array.from({ length: 24 }, (_, n) => listener({ transports: kinds[n % 3] })));
      const heard = sockets.map(record);
      await Promise.all(sockets.map((socket) => ask(socket, 'subscribe:instance', id)));
      await until(() => heard.every((list) => list.length === 1), 'the present');
      const start = heard[0][0][1].seq;
      await account.link(id);
      for (let n = 1; n <= 5; n += 1) {
        await until(() => named(heard[0], 'instance:connected').length === n, `connected ${n} times`);
        await account.drop(id);
      }
      await until(() => named(heard[0], 'instance:connected').length === 6, 'connected for the last time');
      await account.reaches(id, 'CONNECTED');
      const last = (await account.events(id)).at(-1).seq;
      await until(() => heard.every((list) => list.at(-1)[1].seq === last), 'everybody hears the last');
      const wanted = Array.from({ length: last - start }, (_, n) => start + 1 + n);
      for (const list of heard) assert.deepEqual(list.slice(1).map(([, { seq }]) => seq), wanted);
    });
  });
}

describe('events, by configuration', { concurrency: 1 }, () => {
  test('--qr-format raw sends the text of the code for panels that draw it themselves', async () => {
    const product = await Product.start({ args: ['--qr-format', 'raw'] });
    const clients = new Clients(product.target);
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance();
      const socket = await clients.connect({ auth: { token: account.token } });
      await ask(socket, 'subscribe:instance', id);
      const code = nextEvent(socket, 'instance:qr:generated');
      await account.act(id, 'connect');
      const [{ qrCode, qrText }] = await code;
      assert.equal(qrCode, qrText);
      assert.equal((await account.ok('GET', `/api/instances/${id}/qr`)).qrCode, qrText);
    } finally {
      clients.close();
      await product.stop();
    }
  });

  test('codes follow each other until they run out, and then it is said why', async () => {
    const product = await Product.start();
    const clients = new Clients(product.target);
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance();
      const socket = await clients.connect({ auth: { token: account.token } });
      const heard = record(socket);
      await ask(socket, 'subscribe:instance', id);
      await account.ok('PUT', '/api/whatsapp/profile', { firstQrMs: 400, qrMs: 300 });
      await account.act(id, 'connect');
      await until(() => statuses(heard).includes('INIT') && statuses(heard).at(-1) === 'DISCONNECTED', 'the end');
      const codes = named(heard, 'instance:qr:generated');
      assert.deepEqual(codes.map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6]);
      assert.equal(new Set(codes.map(({ qrText }) => qrText)).size, 6);
      const { reason, nextStep, qrCode } = await account.instance(id);
      assert.equal(reason.code, 'QR_EXHAUSTED');
      assert.equal(nextStep.what, 'OPERATOR');
      assert.equal(qrCode, null);
    } finally {
      clients.close();
      await product.stop();
    }
  });

  test('what goes wrong on the WhatsApp side is told with a code and a reason, and kept', async () => {
    const product = await Product.start();
    const clients = new Clients(product.target);
    try {
      const account = await Account.register(product.target);
      const socket = await clients.connect({ auth: { token: account.token } });
      for (const [what, happens, status] of [
        ['a take-over', (phone) => phone.act('take-over'), undefined],
        ['a ban', (phone) => phone.act('ban', { kind: 'ban' }), 'ERROR'],
        ['the phone unlinking it', (phone) => phone.unlink(), 'DISCONNECTED'],
      ]) {
        const { id } = await account.createInstance();
        await account.link(id);
        const heard = record(socket);
        await happens(await account.phone(id));
        await until(() => named(heard, 'instance:disconnected').length + named(heard, 'instance:error').length > 0, what);
        if (status) await account.reaches(id, status);
        const mine = heard.filter(([, { instanceId }]) => instanceId === id);
        mine.forEach(assertShape);
        const view = await account.instance(id);
        assert.equal(typeof view.reason.code, 'string', what);
        assert.equal(typeof view.reason.text, 'string', what);
        assert.equal(typeof view.nextStep.what, 'string', what);
        if (status === 'ERROR') assert.ok(named(mine, 'instance:error').length > 0, 'an error event for an error state');
      }
    } finally {
      clients.close();
      await product.stop();
    }
  });

  test('the sandbox inside the server forgets its phones when the server ends: instances say that they are unlinked', async () => {
    const product = await Product.start();
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance();
      await account.link(id);
      await product.stop();
      await product.startAgain();
      await account.reaches(id, 'DISCONNECTED');
      assert.equal((await account.instance(id)).reason.code, 'UNLINKED_BY_PHONE');
    } finally {
      await product.stop();
    }
  });

  test('a deleted instance is gone for its listeners too', async () => {
    const product = await Product.start();
    const clients = new Clients(product.target);
    try {
      const account = await Account.register(product.target);
      const { id } = await account.createInstance();
      const socket = await clients.connect({ auth: { token: account.token } });
      assert.equal((await ask(socket, 'subscribe:instance', id)).ok, true);
      await account.link(id);
      await account.ok('DELETE', `/api/instances/${id}`);
      assert.equal((await ask(socket, 'subscribe:instance', id)).code, 'INSTANCE_NOT_FOUND');
    } finally {
      clients.close();
      await product.stop();
    }
  });
});
