// A server with ten thousand clients is told to end, and one with a few, and one with none.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Herd } from '../support/herd.mjs';
import { Account, call, Product } from '../support/product.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { sleep, until, within } from '../support/wait.mjs';

const CLIENTS = Number(process.env.PATCHBAY_HERD ?? 10_000);

/** Runs `stop` and returns how long it took. */
async function timed(stop) {
  const begun = performance.now();
  await stop();
  return performance.now() - begun;
}

describe('a stop under ten thousand clients', { concurrency: 1 }, () => {
  let product;
  let herd;
  let restarted;
  after(async () => {
    herd?.scatter();
    restarted?.scatter();
    await product?.kill();
  });

  test(`delivers what was accepted to ${CLIENTS} clients, lets them go one after the other, and takes them back`, async (t) => {
    product = await Product.start({ shards: 2, args: ['--log-level', 'warning', '--drain-timeout-ms', '15000'] });
    const account = await Account.register(product.target);
    const { id } = await account.createInstance();
    await account.link(id);
    const auth = { token: account.token };
    let begun = performance.now();
    const lap = (what) => {
      t.diagnostic(`${what}: ${Math.round(performance.now() - begun)} ms`);
      begun = performance.now();
    };

    herd = await Herd.gather(product.target, CLIENTS, { auth });
    assert.equal(herd.connected, CLIENTS);
    herd.emit('subscribe:instance', [id], 1);
    await herd.every(({ acks }) => acks.has(1), 'first acknowledgement', 30_000);
    lap('connected and subscribed');

    // An event for everybody, on its way when the server is told to end.
    const isDrop = (event) => event.includes('"oldStatus":"CONNECTED"') && !event.includes('"newStatus":"CONNECTED"');
    await account.drop(id);
    await until(() => herd.members.some(({ events }) => events.some(isDrop)), 'the first to hear', 10_000, 1);
    // Requests that are being answered then: one of each client, and one over REST.
    herd.emit('subscribe:instance', [id], 2);
    await until(() => herd.count(({ acks }) => acks.has(2)) >= CLIENTS / 2, 'half of the acknowledgements', 20_000, 1);
    const settings = account.call('PUT', `/api/instances/${id}`, { settings: { keepAliveIntervalMs: 12_345 } });
    await sleep(20);
    const stopping = performance.now();
    const stopped = product.stop();
    // Taken before the signal, or refused with the advice to come back; nothing between.
    const { status } = await settings;
    assert.ok(status === 200 || status === 503, `the request over REST was answered ${status}`);

    // Who comes now is told to come later, and by when.
    await until(() => herd.count(({ closedAt }) => closedAt) > 0, 'the first to be let go', 10_000, 1);
    const early = await product.target.get('/socket.io/?EIO=4&transport=polling');
    assert.equal(early.status, 503);
    assert.ok(Number(early.headers['retry-after']) >= 1);
    assert.equal((await product.target.get('/health')).status, 503);

    assert.deepEqual(await stopped, { code: 0, signal: null });
    lap('stopped');
    await herd.every(({ endedAt }) => endedAt, 'end of the connection', 5_000);
    await herd.every(({ closeCode }) => closeCode === 1000, 'close frame', 1);
    await herd.every(({ acks }) => acks.get(2)?.startsWith('[{"ok":true'), 'second acknowledgement', 1);
    await herd.every(({ events }) => events.some(isDrop), 'the event', 1);

    // Neither at once nor in a few bursts.
    const moments = herd.members.map(({ closedAt }) => closedAt - stopping);
    const span = Math.max(...moments);
    const tenths = Array(10).fill(0);
    for (const moment of moments) tenths[Math.min(9, Math.floor((10 * moment) / span))] += 1;
    t.diagnostic(`let go over ${Math.round(span)} ms, each tenth of it: ${tenths.join(', ')}`);
    assert.ok(span > 0.3 * CLIENTS, `all were let go within ${span} ms`);
    assert.ok(tenths.every((count) => count > CLIENTS / 50), `let go in bursts: ${tenths}`);

    await product.startAgain();
    lap('started again');
    restarted = await Herd.gather(product.target, CLIENTS, { auth });
    assert.equal(restarted.connected, CLIENTS);
    restarted.emit('subscribe:instance', [id], 1);
    await restarted.every(({ acks }) => acks.get(1)?.startsWith('[{"ok":true'), 'acknowledgement', 30_000);
    lap('all back');
    const { keepAliveIntervalMs } = (await account.instance(id)).settings;
    assert.ok((status === 200) === (keepAliveIntervalMs === 12_345), `${status}, but ${keepAliveIntervalMs} is stored`);
  });
});

describe('a stop takes no longer than it needs to', { concurrency: 1 }, () => {
  let product;
  let herd;
  after(async () => {
    herd?.scatter();
    await product?.kill();
  });

  test('with nobody there, and with a handful', async () => {
    product = await Product.start({ shards: 2 });
    const account = await Account.register(product.target);
    // Twice at most: this machine may be busy.
    const quickly = async (prepare, limit) => {
      for (let round = 1; ; round += 1) {
        await prepare();
        const took = await timed(() => product.stop());
        await product.startAgain();
        if (took < limit) return;
        assert.ok(round < 3, `it took ${took} ms`);
      }
    };
    await quickly(() => {}, 500);
    await quickly(async () => {
      herd = await Herd.gather(product.target, 8, { auth: { token: account.token } });
      assert.equal(herd.connected, 8);
    }, 1_000);
    assert.ok(herd.members.every(({ closeCode }) => closeCode === 1000));
  });

  test('with a request that takes longer, which is answered all the same', async () => {
    const slow = call(product.target, 'POST', '/api/auth/register',
      { email: 'slow@example.org', password: 'correct horse battery', name: 'Slow' });
    await sleep(10);
    await product.stop();
    const { status, body } = await slow;
    assert.ok(status === 201 || (status === 503 && body.error.code === 'SERVICE_UNAVAILABLE'), `it was answered ${status}`);
    await product.startAgain();
    const again = await call(product.target, 'POST', '/api/auth/login',
      { email: 'slow@example.org', password: 'correct horse battery' });
    assert.equal(again.status, status === 201 ? 200 : 401);
  });
});

for (const row of matrix(['one', 'four'])) {
  describe(`the library alone, ${row.name}`, { concurrency: 1 }, () => {
    let server;
    let herd;
    after(async () => {
      herd?.scatter();
      await server?.program.kill();
    });

    test('clients that are owed an acknowledgement get it before they are let go', async () => {
      server = await startServer(row, 'bench');
      const asked = [];
      herd = await Herd.gather(server.target, 200, {
        onEvent: (member, event, number) => { if (event.startsWith('["called-back"')) asked.push([member, number]); },
      });
      assert.equal(herd.connected, 200);
      // The server asks back, and answers when it has been answered.
      for (const [n, member] of herd.members.entries()) member.emit('call-back', ['answer', n], 7);
      await until(() => asked.length === 200, 'the questions of the server');
      const stopped = server.program.stop();
      await sleep(400);
      assert.equal(herd.connected, 200, 'they are waited for');
      for (const [member, number] of asked) member.acknowledge(number, ['done']);
      assert.deepEqual(await within(stopped, 'end of the server'), { code: 0, signal: null });
      await herd.every(({ endedAt }) => endedAt, 'end of the connection');
      await herd.every(({ acks }) => acks.get(7) === '["done"]', 'acknowledgement', 1);
      await herd.every(({ closeCode }) => closeCode === 1000, 'close frame', 1);
    });

    test('a second signal ends it at once', async () => {
      server = await startServer(row, 'bench');
      herd = await Herd.gather(server.target, 5, {});
      for (const member of herd.members) member.emit('call-back', ['never answered'], 7);
      await herd.every(({ events }) => events.length === 1, 'the question');
      server.program.child.kill('SIGTERM');
      await sleep(200);
      server.program.child.kill('SIGTERM');
      const { signal } = await within(server.program.exit, 'end of the server', 1_500);
      assert.equal(signal, 'SIGTERM');
    });
  });
}
