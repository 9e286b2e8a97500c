// A stranger's way from an empty folder to a connected instance and on, in the browser alone: no phone, no other
// program, only what `serve --sandbox` offers. Register, create, connect, scan, drop, log out, link by code, with a
// passkey, break the network, delete.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Account, Product } from '../support/product.mjs';
import { launchBrowser, PHONE, Visitor } from './browser.mjs';

const ADA = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'difference engine' };

describe('the panel', { concurrency: 1 }, () => {
  let product;
  let browser;
  let ada;
  let phone; // as the panel writes its number
  before(async () => {
    browser = await launchBrowser();
    product = await Product.start();
    ada = await Visitor.arrive(browser, product.target.url);
  });
  after(async () => {
    await browser?.close();
    await product?.stop();
  });

  test('sends whoever is not logged in to the login page, and says that this is a sandbox', async () => {
    await ada.page.goto('/instances/');
    await ada.page.waitForURL('**/login/?next=%2Finstances%2F');
    await ada.sees(ada.text('Sandbox: no real WhatsApp.'));
    await ada.sees(ada.text('Not affiliated with, endorsed by or connected to WhatsApp or Meta.'));
  });

  test('says beside each field what is wrong with it before anything is sent', async () => {
    await ada.page.goto('/register/');
    await ada.button('Create account').click();
    await ada.sees(ada.text('Enter an email address.'));
    assert.equal(await ada.page.getByLabel('Email').getAttribute('aria-invalid'), 'true');
  });

  test('registers, and greets with an empty dashboard that is live', async () => {
    await ada.register(ADA);
    await ada.sees(ada.text('Link your first WhatsApp account'));
    await ada.seesConnection('live');
    await ada.seesCount('CONNECTED', 0);
  });

  test('creates an instance', async () => {
    await ada.createInstance('front-desk');
    await ada.seesStatus('DISCONNECTED');
    await ada.sees(ada.text('Nothing has happened yet'));
  });

  test('keeps to its proxy, and says which proxy is none', async () => {
    await ada.page.goto('/instances/');
    await ada.button('New instance').first().click();
    await ada.page.getByLabel('Name', { exact: true }).fill('behind-a-proxy');
    await ada.page.getByLabel('Proxy (optional)').fill('ftp://proxy.example');
    await ada.button('Create instance').click();
    await ada.sees(ada.text('Begin with http:// or socks5://.'));
    await ada.page.getByLabel('Proxy (optional)').fill('socks5://ann:secret@127.0.0.1:1');
    await ada.button('Create instance').click();
    await ada.sees(ada.heading('behind-a-proxy'));
    await ada.sees(ada.text('socks5://127.0.0.1:1'));
    assert.equal(await ada.text('secret').count(), 0);
    await ada.button('Connect').click();
    await ada.sees(ada.text(/WhatsApp could not be reached/));
    await ada.choose('Delete instance', 'Delete instance');
    await ada.sees(ada.link('front-desk'));
    await ada.link('front-desk').click();
    await ada.seesStatus('DISCONNECTED');
  });

  test('shows the QR code by itself after Connect', async () => {
    await ada.button('Connect').click();
    const dialog = ada.dialog('Link a phone');
    await ada.sees(dialog);
    const picture = dialog.getByAltText('QR code to scan with WhatsApp');
    assert.match(await picture.getAttribute('src'), /^data:image\/png;base64,/);
    assert.ok((await picture.evaluate((image) => image.naturalWidth)) >= 200);
    await ada.sees(dialog.getByText(/^Valid for \d+:\d\d$/));
    await ada.sees(dialog.getByText('Code 1 of 6'));
    await ada.sees(dialog.getByText('only its own phones can be linked.'));
  });

  test('shows the code again after a reload, and keeps it closed once it was closed', async () => {
    await ada.page.reload();
    await ada.sees(ada.dialog('Link a phone'));
    await ada.page.keyboard.press('Escape');
    await ada.seesNo(ada.dialog('Link a phone'));
    await ada.seesStatus('QR_REQUIRED');
    await ada.button('Show QR code').click();
    await ada.sees(ada.dialog('Link a phone'));
  });

  test('closes the QR code by itself when it was scanned, and shows who is connected', async () => {
    await ada.button('Scan with a sandbox phone').click();
    await ada.seesNo(ada.dialog('Link a phone'));
    await ada.seesStatus('CONNECTED');
    phone = await ada.text(/^\+\d{6,15}$/).textContent();
    await ada.sees(ada.text(`Connected as Phone ${phone.slice(1)}, ${phone}`));
  });

  test('comes back by itself after the connection dropped, and tells what happened', async () => {
    await ada.goTo('Sandbox');
    const card = ada.page.getByRole('region', { name: phone });
    await ada.sees(card.getByText('Connected', { exact: true }));
    await ada.order(phone, 'Drop its connections');
    await ada.goToInstance('front-desk');
    await ada.sees(ada.text('Connected → Reconnecting'));
    await ada.seesStatus('CONNECTED');
  });

  test('numbers the events without a gap', async () => {
    const numbers = await ada.eventNumbers();
    assert.ok(numbers.length >= 6, `only ${numbers.length} events`);
    assert.deepEqual(numbers, numbers.map((_, index) => index + 1));
  });

  test('asks before it disconnects, and stays disconnected', async () => {
    await ada.button('Disconnect').click();
    await ada.sees(ada.text('Disconnect this instance?'));
    await ada.page.keyboard.press('Escape');
    await ada.seesStatus('CONNECTED');
    await ada.button('Disconnect').click();
    await ada.confirm('Disconnect');
    await ada.seesStatus('DISCONNECTED');
  });

  test('connects again without a new code, and restarts', async () => {
    await ada.button('Connect').click();
    await ada.seesStatus('CONNECTED');
    const before = (await ada.eventNumbers()).length;
    await ada.choose('Restart', 'Restart');
    await ada.sees(ada.page.locator(`[data-seq="${before + 2}"]`));
    await ada.seesStatus('CONNECTED');
  });

  test('creates, shows, copies, changes and deletes an API key', async () => {
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await ada.button('New key').click();
    await ada.page.getByLabel('Name', { exact: true }).fill('shop');
    await ada.page.getByLabel('Check contacts').check();
    await ada.button('Create API key').click();
    await ada.sees(ada.text('contacts.check'));
    assert.equal(await ada.text(/wa_[0-9a-f]{64}/).count(), 0, 'the key is masked at first');

    await ada.button('Copy API key').click();
    await ada.sees(ada.page.getByRole('status').filter({ hasText: 'Copied API key' }));
    const copied = await ada.page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^wa_[0-9a-f]{64}$/);
    await ada.button('Show API key').click();
    await ada.sees(ada.text(copied));

    await ada.button('Edit API key shop').click();
    await ada.page.getByLabel('Active').uncheck();
    await ada.button('Save changes').click();
    await ada.sees(ada.text('Inactive'));

    await ada.button('Delete API key shop').click();
    await ada.confirm('Delete key');
    await ada.sees(ada.text('No API keys yet'));
  });

  test('shows changes that others make, on the dashboard and in the list, without a reload', async () => {
    const account = new Account(product.target, {
      token: await ada.page.evaluate(() => JSON.parse(localStorage.getItem('patchbay.session')).token),
    });
    const { id } = await account.createInstance('from-elsewhere');
    await ada.goTo('Dashboard');
    await ada.seesCount('CONNECTED', 1);
    await account.link(id);
    await ada.seesCount('CONNECTED', 2);

    await ada.goTo('Instances');
    const row = ada.page.getByRole('listitem').filter({ hasText: 'from-elsewhere' });
    await ada.sees(row.locator('[data-status=CONNECTED]'));
    await account.act(id, 'disconnect');
    await ada.sees(row.locator('[data-status=DISCONNECTED]'));
  });

  test('finds instances by name and by status, and keeps both in the address', async () => {
    await ada.page.getByLabel('Search instances').fill('front');
    await ada.page.waitForURL('**/instances/?search=front');
    await ada.seesNo(ada.link('from-elsewhere'));
    await ada.sees(ada.link('front-desk'));
    await ada.page.getByLabel('Status').selectOption('ERROR');
    await ada.sees(ada.text('No instance matches'));
    await ada.page.reload();
    await ada.sees(ada.text('No instance matches'));
    await ada.button('Show all instances').click();
    await ada.sees(ada.link('from-elsewhere'));
  });

  test('logs the instance out, so that the next connect needs a new code', async () => {
    await ada.link('front-desk').click();
    await ada.seesStatus('CONNECTED');
    await ada.choose('Log out of WhatsApp', 'Log out');
    await ada.seesStatus('DISCONNECTED');
    await ada.button('Connect').click();
    await ada.sees(ada.dialog('Link a phone'));
    await ada.page.keyboard.press('Escape');
  });

  test('links by a code to type in', async () => {
    await ada.button('Show QR code').click();
    await ada.page.getByRole('tab', { name: 'Link with phone number' }).click();
    await ada.page.getByLabel('Phone number', { exact: true }).fill('0170 1234567');
    await ada.button('Get a code').click();
    await ada.sees(ada.text('Begin with the country code, not with a zero.'));
    await ada.page.getByLabel('Phone number', { exact: true }).fill('+49 170 1234567');
    await ada.button('Get a code').click();
    await ada.sees(ada.text(/No WhatsApp account has this number/));
    await ada.dialog('Link a phone').getByLabel('Phone', { exact: true }).selectOption('A new phone');
    await ada.button('Get a code for a sandbox phone').click();
    await ada.sees(ada.dialog('Link a phone').getByText(/^[1-9A-Z]{4}-[1-9A-Z]{4}$/));
    await ada.button('Type it into the sandbox phone').click();
    await ada.seesStatus('CONNECTED');
    const other = await ada.text(/^\+\d{6,15}$/).textContent();
    assert.notEqual(other, phone);
    await ada.choose('Log out of WhatsApp', 'Log out');
    await ada.seesStatus('DISCONNECTED');
  });

  test('links with the passkey of an account that demands it', async () => {
    await ada.goTo('Sandbox');
    await ada.button('New phone').click();
    await ada.page.getByLabel('Number (optional)').fill('+49 170 7654321');
    await ada.page.getByLabel('Name (optional)').fill('Grace');
    await ada.page.getByLabel('Demands its passkey').check();
    await ada.button('Create phone').click();
    await ada.sees(ada.page.getByRole('region', { name: '+491707654321' }).getByText('Demands its passkey'));

    await ada.goToInstance('front-desk');
    await ada.button('Connect').click();
    await ada.dialog('Link a phone').getByLabel('Phone', { exact: true }).selectOption('491707654321');
    await ada.button('Scan with a sandbox phone').click();
    const dialog = ada.dialog('This account demands its passkey');
    await ada.sees(dialog.getByText('https://web.whatsapp.com'));
    await ada.button("Answer with the sandbox phone's passkey").click();
    await ada.sees(ada.dialog('Compare the codes').getByText(/^[1-9A-Z]{4}-[1-9A-Z]{4}$/));
    await ada.button('Confirm on the sandbox phone').click();
    await ada.seesStatus('CONNECTED');
    await ada.sees(ada.text('Connected as Grace, +491707654321'));
  });

  test('orders a fault of the network, and shows its reason and what comes next until it is gone', async () => {
    await ada.goTo('Sandbox');
    const faults = ada.page.getByRole('region', { name: 'Faults' });
    await faults.getByLabel('Fault').selectOption({ label: 'Answer the upgrade with an HTTP error' });
    await faults.getByLabel('Connections').fill('');
    await ada.button('Add fault').click();
    await ada.sees(faults.getByText('everybody, every connection, code 503'));
    await ada.order('+491707654321', 'Drop its connections');

    await ada.goToInstance('front-desk');
    await ada.seesStatus('RECONNECTING');
    await ada.seesNow('WhatsApp could not be reached: the server answered 503 Service Unavailable. UNREACHABLE');
    await ada.seesNow('The next attempt to connect follows by itself.');
    await ada.goTo('Sandbox');
    await ada.button('Remove: Answer the upgrade with an HTTP error').click();
    await ada.sees(ada.page.getByRole('region', { name: 'Violations' }).getByText('None.'));
    await ada.goToInstance('front-desk');
    await ada.seesStatus('CONNECTED');
  });

  test('shows what an instance is told when its phone unlinks it, and needs a new code', async () => {
    await ada.goTo('Sandbox');
    await ada.page.getByRole('region', { name: '+491707654321' }).getByRole('button', { name: /^Unlink device/ }).click();
    await ada.goToInstance('front-desk');
    await ada.seesStatus('DISCONNECTED');
    await ada.seesNow('UNLINKED_BY_PHONE');
    await ada.button('Connect').click();
    await ada.sees(ada.dialog('Link a phone'));
    await ada.page.keyboard.press('Escape');
  });

  test('shows the same on a phone, with everything within its width', async () => {
    const mobile = await Visitor.arrive(browser, product.target.url, PHONE);
    await mobile.logIn(ADA);
    const instance = new URL(ada.page.url());
    for (const path of ['/', '/instances/', '/sandbox/', instance.pathname + instance.search]) {
      await mobile.page.goto(path);
      await mobile.seesConnection('live');
      if (path.startsWith('/instance/')) {
        await mobile.sees(mobile.button('Scan with a sandbox phone'));
        await mobile.page.keyboard.press('Escape');
      }
      await mobile.sees(mobile.page.getByRole('heading', { level: 1 }));
      // Not innerWidth: a phone's grows with a page that is too wide.
      const overflow = await mobile.page.evaluate(() => document.documentElement.scrollWidth) - PHONE.viewport.width;
      assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`);
    }
    mobile.assertNoErrors();
    await mobile.leave();
  });

  test('can be used with the keyboard alone', async () => {
    const { keyboard } = ada.page;
    const focusIsIn = (role) => ada.page.evaluate((it) => document.activeElement.closest(`[role=${it}]`) !== null, role);
    await ada.page.goto('/instances/');
    await ada.sees(ada.link('front-desk'));
    await keyboard.press('Tab');
    assert.equal(await ada.page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    await ada.link('front-desk').focus();
    await keyboard.press('Enter');
    await ada.sees(ada.dialog('Link a phone'));
    assert.ok(await focusIsIn('dialog'));
    await keyboard.press('Escape');
    await ada.seesNo(ada.dialog('Link a phone'));

    await ada.button('More actions').focus();
    await keyboard.press('Enter');
    await ada.sees(ada.page.getByRole('menuitem', { name: 'Restart' }).and(ada.page.locator(':focus')));
    await keyboard.press('ArrowDown');
    await ada.sees(ada.page.getByRole('menuitem', { name: 'Log out of WhatsApp' }).and(ada.page.locator(':focus')));
    await keyboard.press('Enter');
    await ada.sees(ada.text('Log this instance out of WhatsApp?'));
    assert.ok(await focusIsIn('alertdialog'));
    await keyboard.press('Escape');
    await ada.seesNo(ada.page.getByRole('alertdialog'));
    await ada.seesStatus('QR_REQUIRED');
  });

  test('keeps the chosen theme', async () => {
    const theme = () => ada.page.evaluate(() => document.documentElement.dataset.theme);
    await ada.page.goto('/');
    assert.equal(await theme(), 'light');
    await ada.button('Theme').click();
    await ada.page.getByRole('menuitemradio', { name: 'Dark' }).click();
    assert.equal(await theme(), 'dark');
    await ada.page.reload();
    assert.equal(await theme(), 'dark');
  });

  test('deletes an instance', async () => {
    await ada.page.goto('/instances/');
    await ada.link('from-elsewhere').click();
    await ada.sees(ada.heading('from-elsewhere'));
    await ada.choose('Delete instance', 'Delete instance');
    await ada.sees(ada.heading('Instances'));
    await ada.sees(ada.link('front-desk'));
    await ada.seesNo(ada.link('from-elsewhere'));
  });

  test('says so when an address names no instance or no page', async () => {
    await ada.page.goto('/instance/?id=ccccccccccccccccccccccccc');
    await ada.sees(ada.text('This instance cannot be shown'));
    await ada.page.goto('/nowhere/');
    await ada.sees(ada.heading('There is no such page'));
    await ada.link('To the dashboard').click();
    await ada.sees(ada.heading('Dashboard'));
  });

  test('logs out, refuses a wrong password, and returns to the page that was wanted', async () => {
    await ada.button(`Account of ${ADA.name}`).click();
    await ada.page.getByRole('menuitem', { name: 'Log out' }).click();
    await ada.page.waitForURL('**/login/**');
    await ada.page.goto('/instances/?status=ERROR');
    await ada.page.getByLabel('Email').fill(ADA.email);
    await ada.page.getByLabel('Password').fill('not the password');
    await ada.button('Log in').click();
    await ada.sees(ada.page.getByRole('alert'));
    await ada.page.getByLabel('Password').fill(ADA.password);
    await ada.button('Log in').click();
    await ada.page.waitForURL('**/instances/?status=ERROR');
  });

  test('no script failed on the way, and nothing was against WhatsApp\'s protocol', async () => {
    ada.assertNoErrors();
    assert.deepEqual(await product.phones.violations(), []);
  });
});
