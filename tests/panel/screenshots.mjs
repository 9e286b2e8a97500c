// Takes the screenshots of docs/images anew: `./patchbay screenshots`. Everything in them is the sandbox's.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Phones } from '../support/phones.mjs';
import { REPOSITORY } from '../support/process.mjs';
import { Account, Product } from '../support/product.mjs';
import { DESKTOP, launchBrowser, PHONE, Visitor } from './browser.mjs';

const FOLDER = join(REPOSITORY, 'docs/images');
const ADA = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'difference engine' };

/** Slow enough that a picture can be taken of what passes. */
const SLOW = ['--reconnect-delay-ms', '600000', '--reconnect-delay-max-ms', '600000'];

/** Phones, and instances in as many states as a dashboard may show. */
async function furnish(account) {
  const create = async (name, more) => (await account.ok('POST', '/api/instances', { name, ...more })).instance.id;
  const linked = async (name, number, pushName) => {
    const id = await create(name);
    await account.link(id, { number, pushName });
    return id;
  };
  await linked('support-desk', '15550109901', 'Support');
  await linked('sales-eu', '15550109902', 'Sales EU');
  const alerts = await linked('alerts', '15550109903', 'Alerts');
  await account.drop(alerts);
  await account.reaches(alerts, 'RECONNECTING');
  const marketing = await linked('marketing', '15550109904', 'Marketing');
  await (await account.phone(marketing)).act('ban');
  await account.reaches(marketing, 'RECONNECTING');
  await account.act(marketing, 'connect'); // it learns of the ban at its next login
  await account.reaches(marketing, 'ERROR');
  await account.target.phones.fault('refuse', { code: 405, phone: '15550109903' });
  await account.target.phones.fault('delay', { delayMs: 250, count: null, phone: '15550109902' });
  const frontDesk = await create('front-desk', { description: 'Bookings and questions at the hotel desk' });
  await account.phone(frontDesk, { number: '15550109905', pushName: 'Front desk' });
  return frontDesk;
}

async function takeAll(browser, product, frontDesk, account, look, options) {
  const visitor = await Visitor.arrive(browser, product.target.url, options);
  const take = (name, fullPage = false) =>
    visitor.page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage, animations: 'disabled' });

  await visitor.logIn(ADA);
  await visitor.seesConnection('live');
  await visitor.seesCount('CONNECTED', 2);
  await take('dashboard');

  await visitor.goTo('Instances');
  await visitor.sees(visitor.link('front-desk'));
  await take('instances');

  await visitor.page.goto(`/instance/?id=${frontDesk}`);
  await visitor.button('Connect').click();
  await visitor.sees(visitor.dialog('Link a phone').getByText('Code 1 of 6'));
  await visitor.page.waitForTimeout(500);
  await take('qr-code');

  await account.scan(frontDesk);
  await visitor.seesStatus('CONNECTED');
  await visitor.seesNo(visitor.dialog('Link a phone'));
  await visitor.sees(visitor.text('Connected as Front desk, +15550109905'));
  await visitor.page.mouse.move(0, 0);
  await visitor.page.waitForTimeout(500);
  await take('instance', look !== 'phone');

  await visitor.goTo('Sandbox');
  await visitor.sees(visitor.page.getByRole('region', { name: 'Faults' }).getByText(/250 ms/));
  await visitor.page.mouse.move(0, 0);
  await take('sandbox');

  await account.act(frontDesk, 'logout');
  visitor.assertNoErrors();
  await visitor.leave();
}

const browser = await launchBrowser();
const product = await Product.start({ sandbox: false, args: ['--sandbox', ...SLOW] });
try {
  mkdirSync(FOLDER, { recursive: true });
  const registrar = await Visitor.arrive(browser, product.target.url);
  await registrar.register(ADA);
  const token = await registrar.page.evaluate(() => JSON.parse(localStorage.getItem('patchbay.session')).token);
  await registrar.leave();
  const account = new Account(product.target, { token });
  product.target.phones = new Phones((...request) => account.ok(...request));
  const frontDesk = await furnish(account);
  await account.ok('POST', `/api/instances/${frontDesk}/keys`, {
    name: 'Booking system', permissions: { messages: { send: true, receive: true }, instance: { info: true } },
  });
  for (const [look, options] of [
    ['light', { ...DESKTOP, colorScheme: 'light' }],
    ['dark', { ...DESKTOP, colorScheme: 'dark' }],
    ['phone', { ...PHONE, colorScheme: 'light' }],
  ]) {
    await takeAll(browser, product, frontDesk, account, look, options);
  }
  console.log(`screenshots are in ${FOLDER}`);
} finally {
  await browser.close();
  await product.stop();
}
