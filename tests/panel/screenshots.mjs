// Takes the screenshots of docs/images anew: `./patchbay screenshots`. Everything in them is simulated.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/process.mjs';
import { Account, Product } from '../support/product.mjs';
import { DESKTOP, launchBrowser, PHONE, Visitor } from './browser.mjs';

const FOLDER = join(REPOSITORY, 'docs/images');
const ADA = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'difference engine' };

/** Slow enough that a picture can be taken of what passes. */
const ARGUMENTS = ['--simulation', '--simulation-connect-delay-ms', '50', '--reconnect-delay-ms', '600000',
  '--reconnect-delay-max-ms', '600000'];

/** Instances in as many states as a dashboard may show. */
async function furnish(account) {
  const create = async (name, more) => (await account.ok('POST', '/api/instances', { name, ...more })).instance.id;
  for (const [name, displayName, phone] of [['support-desk', 'Support', '15550109901'], ['sales-eu', 'Sales EU', '15550109902']]) {
    const id = await create(name);
    await account.link(id, { phone, displayName });
  }
  const alerts = await create('alerts');
  await account.link(alerts, { phone: '15550109903', displayName: 'Alerts' });
  await account.simulate(alerts, 'drop');
  await account.reaches(alerts, 'RECONNECTING');
  const marketing = await create('marketing');
  await account.link(marketing, { phone: '15550109904', displayName: 'Marketing' });
  await account.simulate(marketing, 'ban');
  await account.reaches(marketing, 'ERROR');
  return create('front-desk', { description: 'Bookings and questions at the hotel desk' });
}

async function takeAll(browser, product, frontDesk, account, look, options) {
  const visitor = await Visitor.arrive(browser, product.target.url, options);
  const take = (name, fullPage = false) =>
    visitor.page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage, animations: 'disabled' });

  await visitor.logIn(ADA);
  await visitor.seesConnection('live');
  await visitor.seesCount('CONNECTED', 2);
  await take('dashboard');

  await visitor.page.goto(`/instance/?id=${frontDesk}`);
  await visitor.button('Connect').click();
  await visitor.sees(visitor.dialog('Link a phone').getByText('Code 1 of 3'));
  await visitor.page.waitForTimeout(500);
  await take('qr-code');

  await account.simulate(frontDesk, 'scan', { phone: '15550109905', displayName: 'Front desk' });
  await visitor.seesStatus('CONNECTED');
  await visitor.seesNo(visitor.dialog('Link a phone'));
  await visitor.sees(visitor.text('Connected as Front desk, +15550109905'));
  await visitor.page.mouse.move(0, 0);
  await visitor.page.waitForTimeout(500);
  await take('instance', look !== 'phone');

  await account.act(frontDesk, 'logout');
  visitor.assertNoErrors();
  await visitor.leave();
}

const browser = await launchBrowser();
const product = await Product.start({ simulation: false, args: ARGUMENTS });
try {
  mkdirSync(FOLDER, { recursive: true });
  const registrar = await Visitor.arrive(browser, product.target.url);
  await registrar.register(ADA);
  const token = await registrar.page.evaluate(() => JSON.parse(localStorage.getItem('patchbay.session')).token);
  await registrar.leave();
  const account = new Account(product.target, { token });
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
