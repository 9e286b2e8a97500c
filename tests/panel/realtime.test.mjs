// The setup guide's cases of a realtime connection that does not work as it should: without authentication, refused,
// with the server gone and back.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Product } from '../support/product.mjs';
import { until } from '../support/wait.mjs';
import { launchBrowser, Visitor } from './browser.mjs';

const ADA = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'difference engine' };

/**
 * Makes this browser send a token that nobody accepts over Socket.IO, while REST goes on with the good one: a backend
 * whose realtime side does not know the panel's tokens.
 */
async function spoilRealtimeToken(visitor) {
  const token = await visitor.page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem('patchbay.session'));
    localStorage.setItem('patchbay.session', JSON.stringify({ ...session, token: 'not.a.token' }));
    return session.token;
  });
  await visitor.page.route('**/api/**', (route) => route.continue({
    headers: { ...route.request().headers(), authorization: `Bearer ${token}` },
  }));
  await visitor.page.reload();
}

const connectionInfo = (visitor) => visitor.page.evaluate(() => window.patchbay.getConnectionInfo());

describe('the live connection', { concurrency: 1 }, () => {
  let browser;
  let product;
  let ada;
  before(async () => { browser = await launchBrowser(); });
  afterEach(async () => {
    await ada?.leave();
    if (product && !product.program.exited) await product.stop();
    ada = product = undefined;
  });
  after(() => browser?.close());

  const arrive = async (options) => {
    product = await Product.start(options);
    ada = await Visitor.arrive(browser, product.target.url);
    await ada.register(ADA);
    await ada.seesConnection('live');
  };

  test('tells the console what it does, and its details on demand', async () => {
    await arrive();
    await ada.createInstance('front-desk');
    await until(() => ada.console.some(({ text }) => /subscribed to instance \w+ \(DISCONNECTED\)/.test(text)),
      'confirmation of the subscription in the console');
    const info = await connectionInfo(ada);
    assert.equal(info.status, 'live');
    assert.equal(info.transport, 'websocket');
    assert.equal(info.authentication, 'token');
    assert.deepEqual(info.subscriptions.map(({ state }) => state), ['confirmed']);
    assert.deepEqual(ada.warnings(), []);

    await ada.button('Live connection: Live').click();
    await ada.sees(ada.text(info.socketId));
    assert.doesNotMatch(product.stderr, /eyJ/, 'no token in the log of the server');
  });

  test('goes on without authentication where the server is in development mode, with a warning', async () => {
    await arrive({ args: ['--development'] });
    await ada.createInstance('front-desk');
    await spoilRealtimeToken(ada);
    await ada.seesConnection('live');
    assert.equal((await connectionInfo(ada)).authentication, 'none');
    assert.ok(ada.warnings().some((text) => text.includes('Authentication failed')), ada.warnings().join('\n'));
    assert.ok(ada.warnings().some((text) => text.includes('without authentication')));

    await ada.linkPhone();
    await ada.seesStatus('CONNECTED');
    await ada.goTo('Instances');
    await ada.seesStatus('CONNECTED');
    ada.assertNoErrors();
  });

  test('says that live updates are off where the server refuses, while the pages work on by asking', async () => {
    await arrive();
    await ada.createInstance('front-desk');
    await spoilRealtimeToken(ada);
    await ada.seesConnection('off');
    await ada.sees(ada.text('Live updates are off.'));
    assert.ok(ada.warnings().some((text) => text.includes('Authentication failed')));

    await ada.linkPhone();
    await ada.seesStatus('CONNECTED');
    await ada.sees(ada.text(/^Connected as /));
    assert.equal((await connectionInfo(ada)).status, 'off');
  });

  test('says that live updates are off when the server is gone, and recovers when it is back', async () => {
    await arrive();
    await ada.createInstance('front-desk');
    await ada.linkPhone();
    await ada.seesStatus('CONNECTED');

    await product.kill();
    await ada.seesConnection('reconnecting');
    await ada.seesConnection('off');
    await ada.sees(ada.text('Live updates are off.'));
    await ada.sees(ada.text(/The server cannot be reached\. .*Shown as of /));
    await ada.sees(ada.heading('front-desk'));

    await product.startAgain();
    await ada.button('Retry now').first().click();
    await ada.seesConnection('live');
    await ada.seesNo(ada.text('Live updates are off.'));
    await ada.seesNo(ada.text(/Shown as of /));
    // The sandbox began anew, too, and its WhatsApp knows no devices.
    await ada.seesStatus('DISCONNECTED');
    await ada.seesNow('UNLINKED_BY_PHONE');
    const numbers = await until(async () => {
      const seen = await ada.eventNumbers();
      return seen.length >= 8 && seen;
    }, 'the events of the server\'s new start');
    assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
    ada.assertNoErrors();
  });

  test('recovers by itself, without anybody asking', async () => {
    await arrive();
    await product.kill();
    await ada.seesConnection('off');
    await product.startAgain();
    await ada.seesConnection('live');
  });

  test('sends back to the login page when the session ends', async () => {
    await arrive();
    await ada.page.evaluate(() => {
      const session = JSON.parse(localStorage.getItem('patchbay.session'));
      localStorage.setItem('patchbay.session', JSON.stringify({ ...session, token: 'not.a.token' }));
    });
    await ada.page.goto('/instances/');
    await ada.sees(ada.text('Your session has ended. Log in again.'));
    assert.equal(await ada.page.evaluate(() => localStorage.getItem('patchbay.session')), null);
  });

  test('shows the codes of a server that sends raw text', async () => {
    await arrive({ args: ['--qr-format', 'raw'] });
    await ada.createInstance('front-desk');
    await ada.button('Connect').click();
    const picture = ada.dialog('Link a phone').getByRole('img', { name: 'QR code to scan with WhatsApp' });
    await ada.sees(picture);
    assert.equal(await picture.evaluate((element) => element.tagName), 'svg');
  });
});
