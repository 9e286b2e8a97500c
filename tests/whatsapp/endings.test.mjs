// Every way in which WhatsApp, or the network, ends a connection or refuses a login: the instance's status, the reason it
// gives, whether it comes back by itself, and whether the link is kept. The sandbox must find nothing to complain of.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { sleep, until } from '../support/wait.mjs';

let product;
let account;
before(async () => { product = await Product.start(); });
// Each with a subscription of its own: the smallest one holds five instances.
beforeEach(async () => { account = await Account.register(product.target); });
afterEach(async () => assert.deepEqual(await product.phones.violations(), []));
after(() => product?.stop());

const present = async (id) => (await account.ok('GET', `/api/instances/${id}/status`)).status;

async function linked() {
  const { id } = await account.createInstance();
  await account.link(id);
  return { id, phone: await account.phone(id) };
}

/** What the log says since then of how the connection ended. */
async function disconnections(id, since) {
  return (await account.events(id, since)).filter(({ type }) => /disconnected|error/.test(type)).map(({ payload }) => payload.reasonCode ?? payload.code ?? payload.reason);
}

/** The end after which somebody has to act: it is said why, nothing is tried again, and the link is kept or gone. */
async function staysWith(id, phone, { reason, status, what, kept }) {
  const now = await until(async () => {
    const shown = await present(id);
    return shown.reason?.code === reason && shown;
  }, `${reason} of the instance`);
  assert.equal(now.databaseStatus, status);
  assert.equal(now.nextStep.what, what);
  assert.ok(now.reason.text.length > 10 && now.nextStep.text.length > 10);
  const last = (await account.events(id)).at(-1).seq;
  await sleep(700);  // longer than the longest delay before another attempt
  assert.equal((await account.events(id)).at(-1).seq, last, 'nothing is tried again');
  await phone.shows(({ devices }) => !devices.some(({ connected }) => connected), 'no connection');
  const begun = (await account.events(id)).at(-1).seq;
  await account.act(id, 'connect');
  const next = kept ? 'CONNECTED' : 'QR_REQUIRED';
  await until(async () => (await account.events(id, begun)).some(({ payload }) => [next, 'ERROR'].includes(payload.newStatus)), next);
}

/** The end after which the instance comes back by itself with the link it has. */
async function comesBack(id, phone, since) {
  await until(async () => (await account.events(id, since)).some(({ payload }) => payload.newStatus === 'RECONNECTING'), 'a status RECONNECTING');
  await account.reaches(id, 'CONNECTED');
  await phone.shows(({ devices }) => devices.length === 1 && devices[0].active, 'the same device, connected');
  const events = await account.events(id, since);
  assert.ok(!events.some(({ type }) => type === 'instance:qr:generated'), 'no code was asked for');
}

describe('the end of a stream', { concurrency: 1 }, () => {
  test('515 is a restart, and no disconnection to anybody', async () => {
    const { id, phone } = await linked();
    const before = (await account.events(id)).at(-1).seq;
    const { connections } = await product.phones.ask('GET', '');
    await phone.shows(({ devices }) => devices[0].active, 'active');
    await phone.act('stream-error', { code: 515 });
    await phone.shows(({ devices }) => devices[0].active, 'connected again');
    assert.ok(connections > 0);
    await account.reaches(id, 'CONNECTED');
    assert.deepEqual(await disconnections(id, before), []);
  });

  for (const [what, act] of [
    ['503', (phone) => phone.act('stream-error', { code: 503 })],
    ['an unknown code', (phone) => phone.act('stream-error', { code: 599 })],
    ['xmlstreamend', (phone) => phone.act('end')],
    ['a connection that just goes', (phone) => phone.act('drop')],
  ])
    test(`${what}: comes back by itself, with the link it has`, async () => {
      const { id, phone } = await linked();
      const since = (await account.events(id)).at(-1).seq;
      await act(phone);
      await comesBack(id, phone, since);
    });

  test('device_removed: the link is gone, a new code is needed', async () => {
    const { id, phone } = await linked();
    await phone.unlink();
    await staysWith(id, phone, { reason: 'UNLINKED_BY_PHONE', status: 'DISCONNECTED', what: 'OPERATOR', kept: false });
  });

  test('replaced: the link is kept, nothing is tried before somebody says so', async () => {
    const { id, phone } = await linked();
    await phone.act('take-over');
    await staysWith(id, phone, { reason: 'REPLACED', status: 'ERROR', what: 'OPERATOR', kept: true });
  });
});

describe('a login refused', { concurrency: 1 }, () => {
  for (const [code, expected] of [
    [400, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [401, { reason: 'UNLINKED_BY_PHONE', status: 'DISCONNECTED', what: 'OPERATOR', kept: false }],
    [403, { reason: 'BANNED', status: 'ERROR', what: 'OPERATOR', kept: false }],
    [405, { reason: 'CLIENT_OUTDATED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [406, { reason: 'BANNED', status: 'ERROR', what: 'OPERATOR', kept: false }],
    [409, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [413, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [414, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [415, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [418, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
    [501, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true }],
  ])
    test(`with ${code} is ${expected.reason}`, async () => {
      const { id, phone } = await linked();
      await product.phones.fault('refuse', { code, phone: phone.number });
      await account.act(id, 'restart');
      await staysWith(id, phone, expected);
    });

  for (const code of [500, 503])
    test(`with ${code} is tried again until it is let in`, async () => {
      const { id, phone } = await linked();
      const since = (await account.events(id)).at(-1).seq;
      await product.phones.fault('refuse', { code, phone: phone.number, count: 3 });
      await phone.act('drop');
      await comesBack(id, phone, since);
    });

  test('for a while: waits until the ban is over, as WhatsApp says, and returns', async () => {
    const { id, phone } = await linked();
    await phone.act('ban', { kind: 'temporary', seconds: 3 });
    const { nextStep } = await until(async () => {
      const now = await present(id);
      return now.reason?.code === 'TEMPORARILY_BANNED' && now;
    }, 'TEMPORARILY_BANNED of the instance');
    assert.equal(nextStep.what, 'RECONNECT');
    const wait = new Date(nextStep.at).getTime() - Date.now();
    assert.ok(wait > 0 && wait < 5_000, `it waits ${wait} ms`);
    await account.reaches(id, 'CONNECTED');
    await phone.shows(({ devices }) => devices.length === 1 && devices[0].active, 'the same device, connected');
  });

  test('because the phone is too old is said so', async () => {
    const { id, phone } = await linked();
    await product.phones.fault('downgrade', { phone: phone.number });
    await account.act(id, 'restart');
    await staysWith(id, phone, { reason: 'REFUSED', status: 'ERROR', what: 'OPERATOR', kept: true });
  });
});

describe('a fault of the network or the server', { concurrency: 1 }, () => {
  // Faults before a client says who it is are for everybody: one instance at a time is connected here.
  for (const [kind, more] of [
    ['refuse-tcp', { count: 2 }],
    ['refuse-http', { code: 503, count: 2 }],
    ['expired-certificate', {}],
    ['wrong-root', {}],
    ['wrong-leaf', {}],
  ])
    test(`${kind}: is overcome, with the link it has`, async () => {
      const { id, phone } = await linked();
      const since = (await account.events(id)).at(-1).seq;
      await product.phones.fault(kind, more);
      await phone.act('drop');
      await comesBack(id, phone, since);
      await account.ok('DELETE', `/api/instances/${id}`);
    });

  for (const [kind, more] of [
    ['drop', { afterFrames: 2 }],
    ['end', { afterFrames: 3 }],
    ['stream-error', { afterFrames: 3, code: 503 }],
    ['corrupt', { afterFrames: 3 }],
    ['replay', { afterFrames: 3 }],
    ['delay', { delayMs: 300 }],
    ['split', { bytes: 7 }],
  ])
    test(`${kind}: is overcome, with the link it has`, async () => {
      const { id, phone } = await linked();
      const since = (await account.events(id)).at(-1).seq;
      await product.phones.fault(kind, { phone: phone.number, ...more });
      await phone.act('drop');
      await comesBack(id, phone, since);
    });

  test('stall: silence is noticed and ended, although the socket stays open', async () => {
    const { id, phone } = await linked();
    await account.ok('PUT', `/api/instances/${id}`, { settings: { keepAliveIntervalMs: 10_000 } });
    await account.act(id, 'restart');
    await account.reaches(id, 'CONNECTED');
    const since = (await account.events(id)).at(-1).seq;
    await product.phones.fault('stall', { phone: phone.number, afterFrames: 8 });
    await phone.act('drop');
    await until(async () => (await disconnections(id, since)).length > 1, 'the silent connection given up', 60_000);
    await account.reaches(id, 'CONNECTED', 60_000);
  });
});

describe('logging out', { concurrency: 1 }, () => {
  const nobody = (phone) => phone.shows(({ devices }) => devices.length === 0, 'no device');

  for (const [how, leave] of [
    ['logout', (id) => account.act(id, 'logout')],
    ['delete', (id) => account.ok('DELETE', `/api/instances/${id}`)],
  ])
    test(`${how}, while disconnected, unlinks the phone too`, async () => {
      const { id, phone } = await linked();
      await account.act(id, 'disconnect');
      await account.reaches(id, 'DISCONNECTED');
      await leave(id);
      await nobody(phone);
    });

  test('while the connection is lost and tried again', async () => {
    const { id, phone } = await linked();
    await phone.act('ban', { kind: 'temporary', seconds: 3600 });
    await until(async () => (await present(id)).reason.code === 'TEMPORARILY_BANNED', 'the ban');
    await account.act(id, 'logout');
    const { databaseStatus, nextStep } = await until(async () => {
      const now = await present(id);
      return now.databaseStatus === 'DISCONNECTED' && now;
    }, 'the end of the logout');
    assert.equal(databaseStatus, 'DISCONNECTED');
    assert.match(nextStep.text, /Linked devices/, 'WhatsApp did not let it in: it is said what is left to do');
    await phone.act('unban');
  });
});
