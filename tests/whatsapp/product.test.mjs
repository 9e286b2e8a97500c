// The whole product over the native client: an instance is linked to a phone of the sandbox in every way, lives through
// what WhatsApp and the network do to it, and says why and what comes next. The sandbox must find nothing to complain of.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Account, call, Product } from '../support/product.mjs';
import { until } from '../support/wait.mjs';

describe('an instance on the native client', { concurrency: 1 }, () => {
  let product;
  let administrator;
  let account;
  let numbers = 491_600_000_000;

  const sandbox = async (method, path, body) => {
    const { status, body: answer } = await call(product.target, method, `/api/sandbox${path}`, body);
    assert.equal(answer.success, true, `${method} ${path} was answered ${status} ${JSON.stringify(answer)}`);
    return answer.data;
  };
  const newPhone = (more = {}) => {
    numbers += 1;
    return sandbox('POST', '/phones', { number: String(numbers), pushName: 'Ann', ...more });
  };
  const present = async (id) => (await account.ok('GET', `/api/instances/${id}/status`)).status;
  const reaches = (id, code, ms) => until(async () => (await present(id)).reason?.code === code, `${code} of the instance`, ms);

  /** A new instance that shows its codes. */
  async function waiting() {
    const { id } = await account.createInstance();
    await account.act(id, 'connect');
    await account.reaches(id, 'QR_REQUIRED');
    return id;
  }
  async function scan(id, phone) {
    const { qrText } = await account.ok('GET', `/api/instances/${id}/qr`);
    await sandbox('POST', `/phones/${phone.number}/scan`, { qr: qrText });
  }
  async function linked(more) {
    const phone = await newPhone(more);
    const id = await waiting();
    await scan(id, phone);
    await account.reaches(id, 'CONNECTED');
    return { id, phone };
  }

  before(async () => {
    product = await Product.start();
    administrator = await Account.register(product.target);
  });
  // Each with a subscription of its own: the smallest one holds five instances.
  beforeEach(async () => { account = await Account.register(product.target); });
  afterEach(async () => assert.deepEqual((await sandbox('GET', '/violations')).violations, []));
  after(() => product?.stop());

  test('is linked by QR code: the restart that WhatsApp demands is no disconnection', async () => {
    const { id, phone } = await linked();
    const { phone: number, displayName } = (await account.ok('GET', `/api/instances/${id}/status`)).status.realTimeStatus;
    assert.deepEqual([number, displayName], [phone.number, 'Ann']);
    const events = await account.events(id);
    assert.ok(!events.some(({ event, type }) => (event ?? type) === 'instance:disconnected'), JSON.stringify(events));
    const device = await until(async () => (await sandbox('GET', `/phones/${phone.number}`)).devices.find(({ active, prekeys }) => active && prekeys === 812), 'device with its prekeys');
    assert.equal(device.os, 'Ubuntu');
  });

  test('is linked by a code that is typed into the phone', async () => {
    const phone = await newPhone();
    const id = await waiting();
    await account.ok('POST', `/api/instances/${id}/pair-code`, { phone: phone.number });
    const { linking } = await present(id);
    assert.match(linking.pairCode, /^[1-9A-Z]{4}-[1-9A-Z]{4}$/);
    await sandbox('POST', `/phones/${phone.number}/code`, { code: linking.pairCode.replace('-', '') });
    await account.reaches(id, 'CONNECTED');
  });

  test('says of a code that was mistyped that it was, and of a number without WhatsApp that it has none', async () => {
    const phone = await newPhone();
    const id = await waiting();
    const asked = await account.call('POST', `/api/instances/${id}/pair-code`, { phone: '491799999999' });
    assert.equal(asked.status, 400);
    assert.equal(asked.body.error.code, 'VALIDATION_ERROR');
    const { pairCode } = await account.ok('POST', `/api/instances/${id}/pair-code`, { phone: phone.number });
    const typed = (pairCode.startsWith('A') ? 'B' : 'A') + pairCode.slice(1).replace('-', '');
    await sandbox('POST', `/phones/${phone.number}/code`, { code: typed });
    await reaches(id, 'REFUSED');
    const { databaseStatus, reason, nextStep } = await present(id);
    assert.equal(databaseStatus, 'DISCONNECTED');
    assert.match(reason.text, /mistyped/);
    assert.equal(nextStep.what, 'OPERATOR');
    assert.match(nextStep.text, /new code/);
  });

  test('is told the passkey step, and linked once it was taken', async () => {
    const phone = await newPhone({ passkey: true });
    const id = await waiting();
    await scan(id, phone);
    const options = await until(async () => (await present(id)).linking?.passkey?.options, 'the passkey request');
    const { assertion } = await sandbox('POST', `/phones/${phone.number}/passkey-assertion`, { options });
    await account.ok('POST', `/api/instances/${id}/passkey`, { assertion });
    const shown = await until(async () => (await present(id)).linking?.passkey?.verificationCode, 'the verification code');
    const { verificationCode } = await until(async () => {
      const state = await sandbox('GET', `/phones/${phone.number}`);
      return state.verificationCode && state;
    }, 'the code on the phone');
    assert.equal(shown.replace('-', ''), verificationCode.replace('-', ''));
    await sandbox('POST', `/phones/${phone.number}/passkey`, { approve: true });
    await account.reaches(id, 'CONNECTED');
  });

  test('rests, and says so, when the phone refuses while the codes are compared', async () => {
    const phone = await newPhone({ passkey: true });
    const id = await waiting();
    await scan(id, phone);
    const options = await until(async () => (await present(id)).linking?.passkey?.options, 'the passkey request');
    const { assertion } = await sandbox('POST', `/phones/${phone.number}/passkey-assertion`, { options });
    await account.ok('POST', `/api/instances/${id}/passkey`, { assertion });
    await until(async () => (await present(id)).linking?.passkey?.verificationCode, 'the verification code');
    const before = (await account.events(id)).at(-1).seq;
    await sandbox('POST', `/phones/${phone.number}/passkey`, { approve: false });
    await account.reaches(id, 'DISCONNECTED');
    const { reason, nextStep } = await present(id);
    assert.equal(reason.code, 'REFUSED');
    assert.match(reason.text, /The phone refused/);
    assert.equal(nextStep.what, 'OPERATOR');
    assert.match(nextStep.text, /passkey/);
    const since = await account.events(id, before);
    assert.ok(!since.some(({ type }) => type === 'instance:qr:generated'), JSON.stringify(since));
  });

  test('comes back by itself when the network goes, without a new code', async () => {
    const { id, phone } = await linked();
    const before = await account.events(id);
    await sandbox('POST', `/phones/${phone.number}/drop`, {});
    await until(async () => (await account.events(id, before.at(-1).seq)).some(({ newStatus, payload }) => (newStatus ?? payload?.newStatus) === 'RECONNECTING'), 'a status RECONNECTING');
    await account.reaches(id, 'CONNECTED');
    const since = await account.events(id, before.at(-1).seq);
    assert.ok(!JSON.stringify(since).includes('qrText'), 'no code was asked for');
  });

  for (const [what, act, code, status] of [
    ['unlinked on the phone', (phone) => ['unlink', { device: phone.devices[0].number }], 'UNLINKED_BY_PHONE', 'DISCONNECTED'],
    ['replaced by another client with its keys', () => ['take-over', {}], 'REPLACED', undefined],
    ['banned', () => ['ban', { kind: 'ban' }], 'BANNED', 'ERROR'],
  ])
    test(`says that it was ${what}, and does not try again`, async () => {
      const { id, phone } = await linked();
      const [action, body] = act(await sandbox('GET', `/phones/${phone.number}`));
      await sandbox('POST', `/phones/${phone.number}/${action}`, body);
      await reaches(id, code);
      const now = await present(id);
      if (status) assert.equal(now.databaseStatus, status);
      assert.ok(now.reason.text.length > 10);
      assert.ok(now.nextStep.text.length > 10);
    });

  test('keeps its link when WhatsApp refuses its version, and returns with a newer one', async () => {
    const { id, phone } = await linked();
    await sandbox('POST', '/faults', { kind: 'refuse', code: 405, phone: phone.number });
    await account.act(id, 'restart');
    await reaches(id, 'CLIENT_OUTDATED');
    assert.equal(await account.status(id), 'ERROR');
    const { profile } = await administrator.ok('GET', '/api/whatsapp/profile');
    await administrator.ok('PUT', '/api/whatsapp/profile', { ...profile, version: '2.3000.1999999999' });
    await account.reaches(id, 'CONNECTED');
    assert.equal((await sandbox('GET', `/phones/${phone.number}`)).devices.length, 1);
  });

  test('refuses a server whose certificate is not under the pinned root', async () => {
    const { id } = await linked();
    const fault = await sandbox('POST', '/faults', { kind: 'wrong-root' });
    const before = (await account.events(id)).at(-1).seq;
    await account.act(id, 'restart');
    await until(async () => /certificate/i.test(JSON.stringify(await account.events(id, before))), 'a reason that names the certificate');
    await account.reaches(id, 'CONNECTED');
    assert.ok(fault);
  });

  test('is unlinked at WhatsApp when it is logged out', async () => {
    const { id, phone } = await linked();
    await account.act(id, 'logout');
    await until(async () => (await sandbox('GET', `/phones/${phone.number}`)).devices.length === 0, 'the device gone at the phone');
    assert.equal(await account.status(id), 'DISCONNECTED');
  });
});
