// Messages of a client that nobody here wrote, to instances of the product. It cannot read them yet: it keeps them, and
// acknowledges what it keeps, so that nothing is delivered twice and the sandbox has nothing to complain of.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { Sandbox } from '../support/sandbox.mjs';
import { until } from '../support/wait.mjs';
import { Baileys } from './baileys_client.mjs';

const ANSWER_DEADLINE_MS = 1_000;

describe('messages', { concurrency: 1 }, () => {
  let sandbox;
  let product;
  let account;
  let friend;
  before(async () => {
    sandbox = await Sandbox.start('--answer-deadline-ms', String(ANSWER_DEADLINE_MS));
    product = await Product.start({ sandbox });
    account = await Account.register(product.target);
    const { number } = await sandbox.post('/phones', { number: '491700000001', pushName: 'Friend' });
    friend = await new Baileys(sandbox).pairByQr(number);
  });
  after(async () => {
    await friend?.disconnect();
    await product?.stop();
    await sandbox?.stop();
  });

  async function linked() {
    const { id } = await account.createInstance();
    await account.link(id);
    const phone = await account.phone(id);
    // Only then is there a key for whoever writes first.
    await phone.shows(({ devices }) => devices[0].prekeys > 0, 'prekeys');
    return { id, phone };
  }
  const held = async (id) => (await account.ok('GET', `/api/instances/${id}/status`)).status.heldMessages;
  const holds = (id, count) => until(async () => (await held(id)) === count, `${count} messages held`);
  const say = (phone, text) => friend.send(`${phone.number}@s.whatsapp.net`, text);
  /** As long as a client may take for an answer, and then some. */
  const quiet = async () => {
    await new Promise((resolve) => { setTimeout(resolve, ANSWER_DEADLINE_MS + 700); });
    assert.deepEqual(await sandbox.violations(), []);
  };

  test('a message is kept and acknowledged, live and from the queue, once', async () => {
    const { id, phone } = await linked();
    const first = await say(phone, 'one');
    await friend.status(first.key.id, 3);
    const before = await held(id);
    assert.equal(before, 1, 'the token that came with it is no message');
    await account.act(id, 'disconnect');
    await account.reaches(id, 'DISCONNECTED');
    for (const text of ['two', 'three']) await say(phone, text);
    await account.act(id, 'connect');
    await account.reaches(id, 'CONNECTED');
    await holds(id, before + 2);
    await quiet();
    await account.act(id, 'restart');
    await account.reaches(id, 'CONNECTED');
    await quiet();
    assert.equal(await held(id), before + 2, 'nothing was delivered again');
  });

  test('what was kept survives kill -9, and is not kept twice', async () => {
    const { id, phone } = await linked();
    const first = await say(phone, 'one');
    await friend.status(first.key.id, 3);
    const before = await held(id);
    await product.kill();
    const second = await say(phone, 'two');
    await product.startAgain();
    await account.reaches(id, 'CONNECTED');
    await friend.status(second.key.id, 3);
    await holds(id, before + 1);
    await quiet();
  });

  test('what was kept goes with the link', async () => {
    const { id, phone } = await linked();
    await friend.status((await say(phone, 'one')).key.id, 3);
    assert.ok((await held(id)) > 0);
    await account.act(id, 'logout');
    await account.reaches(id, 'DISCONNECTED');
    await holds(id, 0);
  });
});
