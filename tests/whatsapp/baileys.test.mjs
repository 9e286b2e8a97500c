// The sandbox judged by a client that nobody here wrote: Baileys, unmodified but for the address. Whatever it does, the
// sandbox must find no violation in it: it is how clients are.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Sandbox } from '../support/sandbox.mjs';
import { sleep, until } from '../support/wait.mjs';
import { Baileys } from './baileys_client.mjs';

describe('the sandbox and Baileys', { concurrency: 1 }, () => {
  let sandbox;
  const clients = [];
  const newClient = (options, at = sandbox) => {
    clients.push(new Baileys(at, options));
    return clients.at(-1);
  };
  const newPhone = (body = {}) => sandbox.post('/phones', body);

  before(async () => { sandbox = await Sandbox.start('--seed', '7'); });
  afterEach(async () => assert.deepEqual(await sandbox.violations(), []));
  after(async () => {
    for (const client of clients) await client.disconnect();
    await sandbox?.stop();
  });

  let anna;
  let annaPhone;
  let bert;
  let bertPhone;

  test('is paired by QR code, logs in, and uploads its prekeys', async () => {
    annaPhone = await newPhone({ number: '491700000001', pushName: 'Anna' });
    anna = await newClient().pairByQr(annaPhone.number);
    assert.equal(anna.number, annaPhone.number);
    const device = await sandbox.device(annaPhone.number, ({ active, prekeys }) => active && prekeys === 812, 'active with prekeys');
    assert.equal(device.jid, anna.jid);
    assert.equal(device.os, 'Mac OS');
    assert.equal(anna.socket.user.lid, device.lid);
    assert.equal(anna.socket.authState.creds.platform, 'android');
    assert.deepEqual(anna.closes, [515]);
  });

  test('reconnects with what it saved', async () => {
    await anna.disconnect();
    await sandbox.device(annaPhone.number, ({ connected }) => !connected, 'disconnected');
    await (await anna.connect()).opened();
    await sandbox.device(annaPhone.number, ({ active }) => active, 'active');
    assert.equal(anna.qr, undefined);
    assert.equal((await sandbox.phone(annaPhone.number)).devices.length, 1);
  });

  test('is paired by code', async () => {
    bertPhone = await newPhone({ number: '491700000002', pushName: 'Bert', businessName: 'Bert & Sons' });
    bert = await newClient({ browser: ['Ubuntu', 'Chrome', '22.04.4'] }).pairByCode(bertPhone.number);
    assert.equal(bert.number, bertPhone.number);
    const device = await sandbox.device(bertPhone.number, ({ active, prekeys }) => active && prekeys === 812, 'active with prekeys');
    assert.equal(device.os, 'Ubuntu');
    assert.equal((await sandbox.phone(bertPhone.number)).lastPairing, 'linked');
  });

  test('a mistyped code links nothing', async () => {
    const phone = await newPhone();
    const client = await newClient().connect();
    await client.nextQr();
    const code = await client.socket.requestPairingCode(phone.number);
    const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`;
    await until(() => sandbox.post(`/phones/${phone.number}/code`, { code: wrong }), 'the code to be waited for');
    const { lastPairing, devices } = await until(async () => {
      const view = await sandbox.phone(phone.number);
      return view.lastPairing.startsWith('failed') && view;
    }, 'the failed pairing');
    assert.match(lastPairing, /mistyped/);
    assert.deepEqual(devices, []);
    await client.disconnect();
  });

  test('finds out which numbers there are', async () => {
    const found = await anna.socket.onWhatsApp(bertPhone.number, '499999999999');
    assert.deepEqual(found.map(({ jid, exists }) => [jid, exists]), [[bertPhone.jid, true]]);
  });

  test('two accounts exchange messages, both ways, and see them delivered', async () => {
    const sent = await anna.send(bertPhone.jid, 'Hello Bert');
    const received = await bert.received('Hello Bert');
    assert.equal(received.key.id, sent.key.id);
    assert.equal(received.pushName, 'Anna');
    await anna.status(sent.key.id, 3);
    await bert.send(annaPhone.jid, 'Hello Anna');
    await anna.received('Hello Anna');
    await anna.send(bertPhone.jid, 'How are you?');
    const question = await bert.received('How are you?');
    await bert.socket.readMessages([question.key]);
    await anna.status(question.key.id, 4);
  });

  test('what is sent to somebody who is away comes when they are back', async () => {
    await bert.disconnect();
    await sandbox.device(bertPhone.number, ({ connected }) => !connected, 'disconnected');
    await anna.send(bertPhone.jid, 'While you were away');
    await sandbox.device(bertPhone.number, ({ queued }) => queued > 0, 'with something queued');
    await (await bert.connect()).opened();
    await bert.received('While you were away');
    await sandbox.device(bertPhone.number, ({ queued }) => queued === 0, 'with nothing queued');
  });

  test('a second device of the account gets what the first one sends', async () => {
    const second = await newClient({ browser: ['Windows', 'Edge', '10'] }).pairByQr(annaPhone.number);
    await sandbox.device(annaPhone.number, ({ active, prekeys }) => active && prekeys > 0, 'active', 2);
    await bert.send(annaPhone.jid, 'To both of you');
    await Promise.all([anna.received('To both of you'), second.received('To both of you')]);
    await anna.send(bertPhone.jid, 'From the first one');
    assert.equal((await second.received('From the first one')).key.fromMe, true);
    await second.socket.logout();
    await until(async () => (await sandbox.phone(annaPhone.number)).devices.length === 1, 'the second device to be gone');
  });

  test('a group is created, and its messages come', async () => {
    const group = await anna.socket.groupCreate('Two of us', [bertPhone.jid]);
    await anna.send(group.id, 'Hello group');
    const received = await bert.received('Hello group');
    assert.equal(received.key.remoteJid, group.id);
    await bert.send(group.id, 'Hello from Bert');
    await anna.received('Hello from Bert');
  });

  test('pairs and exchanges messages while frames are cut, joined and late', async () => {
    const split = await sandbox.post('/faults', { kind: 'split', bytes: 17, count: null });
    const delay = await sandbox.post('/faults', { kind: 'delay', delayMs: 20, count: null });
    const phone = await newPhone();
    const client = await newClient().pairByQr(phone.number);
    await client.send(annaPhone.jid, 'Piece by piece');
    await anna.received('Piece by piece');
    await sandbox.remove(`/faults/${split.id}`);
    await sandbox.remove(`/faults/${delay.id}`);
    await client.disconnect();
  });

  test('a scripted phone: taken over is 440, unlinked is 401', async () => {
    await sandbox.post(`/phones/${bertPhone.number}/take-over`, {});
    assert.equal(await bert.ended(), 440);
    await (await bert.connect()).opened();
    const { devices } = await sandbox.phone(bertPhone.number);
    await sandbox.post(`/phones/${bertPhone.number}/unlink`, { device: devices[0].number });
    assert.equal(await bert.ended(), 401);
    await bert.connect();
    assert.equal(await bert.ended(), 401);
  });

  for (const [body, code] of [[{ kind: 'ban' }, 406], [{ kind: 'lock' }, 403], [{ kind: 'temporary', seconds: 60 }, 402]]) {
    test(`an account in trouble (${body.kind}) is refused with ${code}`, async () => {
      await sandbox.post(`/phones/${annaPhone.number}/ban`, body);
      assert.equal(await anna.ended(), 503);
      await anna.connect();
      assert.equal(await anna.ended(), code);
      await sandbox.post(`/phones/${annaPhone.number}/unban`);
      await (await anna.connect()).opened();
    });
  }

  test('faults come as they were ordered', async () => {
    const expectations = [
      [{ kind: 'refuse', code: 500, phone: annaPhone.number }, 500],
      [{ kind: 'downgrade', phone: annaPhone.number }, 411],
      [{ kind: 'stream-error', code: 503, afterFrames: 3, phone: annaPhone.number }, 503],
      [{ kind: 'end', afterFrames: 4, phone: annaPhone.number }, 428],
      [{ kind: 'drop', afterFrames: 2 }, 428],
    ];
    for (const [fault, code] of expectations) {
      await anna.disconnect();
      await sandbox.post('/faults', fault);
      await anna.connect();
      assert.equal(await anna.ended(), code, JSON.stringify(fault));
    }
    assert.deepEqual(await sandbox.get('/faults'), []);
    await (await anna.connect()).opened();
  });

  test('an old version is refused with 405', async () => {
    const modern = await Sandbox.start('--min-version', '2.3000.2000000000');
    try {
      const client = await newClient({}, modern).connect();
      assert.equal(await client.ended(), 405);
      assert.deepEqual(await modern.violations(), []);
    } finally {
      await modern.stop();
    }
  });

  test('acks that never come would be seen: all have come', async () => {
    await sleep(100);
    for (const { number } of await sandbox.get('/phones')) {
      for (const device of (await sandbox.phone(number)).devices.filter(({ connected }) => connected)) {
        await sandbox.device(number, ({ queued }) => queued === 0, 'with nothing queued', device.number);
      }
    }
  });
});
