// Debian's chromium, driven through playwright-core, with what every test of the panel asks of a page.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.PATCHBAY_CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const DESKTOP = { viewport: { width: 1280, height: 860 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** How long a page may take to show something; generous, for a machine that compiles meanwhile. */
const PATIENCE_MS = 20_000;

export async function launchBrowser() {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} does not exist: install chromium, or set PATCHBAY_CHROMIUM`);
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** One person with a browser of their own, looking at the panel of one server. */
export class Visitor {
  static async arrive(browser, url, options = {}) {
    const visitor = new Visitor();
    visitor.url = url;
    visitor.context = await browser.newContext({ ...DESKTOP, colorScheme: 'light', baseURL: url, ...options });
    visitor.context.setDefaultTimeout(PATIENCE_MS);
    visitor.page = await visitor.context.newPage();
    visitor.console = [];
    visitor.errors = [];
    visitor.page.on('console', (message) => visitor.console.push({ type: message.type(), text: message.text() }));
    visitor.page.on('pageerror', (error) => visitor.errors.push(error.stack ?? String(error)));
    return visitor;
  }

  leave() { return this.context.close(); }

  // --- What is on the page ---

  button(name, options) { return this.page.getByRole('button', { name, exact: true, ...options }); }

  link(name) { return this.page.getByRole('link', { name, exact: true }); }

  dialog(name) { return this.page.getByRole('dialog', { name }); }

  heading(name) { return this.page.getByRole('heading', { level: 1, name, exact: true }); }

  text(text) { return this.page.getByText(text); }

  /** Waits until the main column shows this status. */
  async sees(locator) { await locator.first().waitFor({ state: 'visible' }); }

  async seesNo(locator) { await locator.first().waitFor({ state: 'hidden' }); }

  async seesStatus(status) { await this.sees(this.page.locator(`main [data-status=${status}]`)); }

  /** Waits until this is the reason of the status, or the next step. */
  async seesNow(text) { await this.sees(this.page.getByRole('definition').filter({ hasText: text })); }

  /** Waits until the indicator in the header says so: live, reconnecting, off. */
  async seesConnection(status) { await this.sees(this.page.locator(`[data-connection=${status}]`)); }

  /** How many instances the dashboard counts in a status. */
  async seesCount(status, number) {
    await this.page.locator(`[data-count=${status}]`, { hasText: new RegExp(`^${number}\\D`) }).waitFor();
  }

  /** The numbers in the event feed, oldest first. */
  async eventNumbers() {
    const rows = await this.page.locator('[data-seq]').all();
    const numbers = await Promise.all(rows.map((row) => row.getAttribute('data-seq')));
    return numbers.map(Number).reverse();
  }

  // --- What people do ---

  async register({ name, email, password }) {
    await this.page.goto('/register/');
    await this.page.getByLabel('Name', { exact: true }).fill(name);
    await this.page.getByLabel('Email').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.button('Create account').click();
    await this.sees(this.heading('Dashboard'));
  }

  async logIn({ email, password }) {
    await this.page.goto('/login/');
    await this.page.getByLabel('Email').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.button('Log in').click();
    await this.sees(this.heading('Dashboard'));
  }

  async createInstance(name) {
    await this.button('New instance').first().click();
    await this.page.getByLabel('Name', { exact: true }).fill(name);
    await this.button('Create instance').click();
    await this.sees(this.heading(name));
  }

  /** Follows a link of the header. */
  goTo(page) {
    return this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: page, exact: true }).click();
  }

  /** Chooses from the menu beside the main action and answers the question that follows. */
  async choose(item, confirmation) {
    await this.button('More actions').click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
    await this.confirm(confirmation);
  }

  async confirm(label) {
    await this.page.getByRole('alertdialog').getByRole('button', { name: label, exact: true }).click();
  }

  /** Connects the instance on show, and has a phone of the sandbox scan its code. */
  async linkPhone() {
    await this.button('Connect').click();
    await this.sees(this.dialog('Link a phone'));
    await this.button('Scan with a sandbox phone').click();
    await this.seesNo(this.dialog('Link a phone'));
  }

  /** Has a phone on the page Sandbox do something of its menu. */
  async order(number, item) {
    await this.button(`More for ${number}`).click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  /** Follows the links to an instance's page. */
  async goToInstance(name) {
    await this.goTo('Instances');
    await this.link(name).click();
    await this.sees(this.heading(name));
  }

  /** No script failed, whatever was done. */
  assertNoErrors() { assert.deepEqual(this.errors, []); }

  warnings() { return this.console.filter(({ type }) => type === 'warning').map(({ text }) => text); }
}
