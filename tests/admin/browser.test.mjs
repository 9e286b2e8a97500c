// npm's Admin UI itself, in chromium: the page from @socket.io/admin-ui/ui/dist on a static server of its own, so from
// another origin, logs in to testbed, shows its server, sockets and rooms, and disconnects one of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { extname, join, normalize } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, nextEvent, upgraded } from '../support/clients.mjs';
import { REPOSITORY } from '../support/process.mjs';
import { matrix, startServer } from '../support/servers.mjs';
import { launchBrowser, Visitor } from '../panel/browser.mjs';

const PAGE = join(REPOSITORY, 'tests/node_modules/@socket.io/admin-ui/ui/dist');
const ICONS = join(REPOSITORY, 'tests/node_modules/@mdi/font');
const SCREENSHOT = process.env.PATCHBAY_SCREENSHOTS ? join(REPOSITORY, 'docs/images/admin-ui.png') : undefined;
const LOGIN = { username: 'me', password: 'secret' };
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png' };

async function servePage() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://page').pathname);
    const file = join(PAGE, path === '/' ? 'index.html' : path);
    try {
      const body = readFileSync(file);
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

/** Somebody at the Admin UI. What the page wants from elsewhere (icons, a font) does not come from the network. */
class Admin extends Visitor {
  static async arrive(browser, url) {
    const admin = Object.setPrototypeOf(await Visitor.arrive(browser, url, { viewport: { width: 1280, height: 720 } }), Admin.prototype);
    await admin.page.route((address) => address.hostname !== '127.0.0.1', (route) => {
      const icons = /\/@mdi\/font@latest\/([^?]*)/.exec(route.request().url());
      return icons ? route.fulfill({ path: join(ICONS, icons[1]) }) : route.abort();
    });
    return admin;
  }

  async logInTo(server, { username, password }, advanced = async () => {}) {
    await this.page.goto('/');
    await this.page.getByLabel('Server URL').fill(server);
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password').fill(password);
    await advanced(this.page);
    await this.button('Connect').click();
  }

  /** Follows an entry of the drawer. */
  open(title) { return this.page.getByRole('navigation').getByRole('link', { name: title }).click(); }

  row(text) { return this.page.locator('main tbody tr', { hasText: text }); }
}

describe("npm's Admin UI in chromium", { concurrency: 1 }, () => {
  for (const row of matrix(['reference', 'one', 'four'])) {
    describe(row.name, () => {
      let browser;
      let ui;
      let server;
      let clients;
      let admin;
      before(async () => {
        [browser, ui] = await Promise.all([launchBrowser(), servePage()]);
        server = await startServer(row, 'bench', {
          extra: ['--admin-ui', 'development', '--admin-login', `${LOGIN.username}:${LOGIN.password}`, '--origin', ui.url],
        });
        clients = new Clients(server.target);
      });
      afterEach(async () => {
        clients.close();
        await admin?.leave();
      });
      after(async () => {
        await browser?.close();
        ui?.server.close();
        await server?.program.stop();
      });

      test('logs in, shows server, sockets, rooms and events, and disconnects a socket', async () => {
        const sockets = await Promise.all(Array.from({ length: 8 }, () => clients.connect()));
        await Promise.all(sockets.map((socket) => upgraded(socket)));
        for (const [i, socket] of sockets.entries()) await ask(socket, 'subscribe:instance', `room-${i % 3}`);
        admin = await Admin.arrive(browser, ui.url);
        await admin.logInTo(server.target.url, { ...LOGIN, password: 'wrong' });
        await admin.sees(admin.text('Invalid credentials'));
        await admin.page.getByLabel('Password').fill(LOGIN.password);
        await admin.button('Connect').click();

        // The dashboard counts the clients, the page's own among them, and the namespaces.
        await admin.sees(admin.page.locator('main h2', { hasText: /^\s*9\s*$/ }));
        await admin.sees(admin.row('/admin'));

        await admin.open('Servers');
        await admin.sees(admin.row(String(server.program.pid)));

        await admin.open('Rooms');
        for (const room of ['room-0', 'room-1', 'room-2']) await admin.sees(admin.row(room));
        assert.match(await admin.row('room-0').innerText(), /\b3\b/);

        await admin.open('Sockets');
        for (const { id } of sockets) await admin.sees(admin.row(id));
        if (SCREENSHOT && row.shards > 1) {
          await admin.page.mouse.move(640, 700);
          await admin.page.waitForTimeout(1000);
          await admin.page.screenshot({ path: SCREENSHOT, animations: 'disabled' });
        }

        // A new one appears by itself, and one that the page ends is gone, here and there.
        const late = await clients.connect();
        await admin.sees(admin.row(late.id));
        const [victim] = sockets;
        const { id } = victim;
        const gone = nextEvent(victim, 'disconnect');
        await admin.row(id).getByRole('button').last().click();
        assert.deepEqual((await gone)[0], 'io server disconnect');
        await admin.open('Sockets');
        await admin.sees(admin.row(late.id));
        await admin.seesNo(admin.row(id));

        // The details of another: what it opened the connection with.
        await admin.row(late.id).click();
        await admin.sees(admin.text('Initial HTTP request'));
        await admin.sees(admin.page.locator('main', { hasText: 'user-agent' }));
        admin.assertNoErrors();
      });

      // Node serves one encoding a server.
      if (row.program === 'reference') return;

      test('with WebSocket only and MessagePack, and comes back by its session', async () => {
        const socket = await clients.connect();
        admin = await Admin.arrive(browser, ui.url);
        await admin.logInTo(server.target.url, LOGIN, async (page) => {
          await page.getByText('Advanced options').click();
          await page.getByText('WebSocket only?').click();
          await page.getByText('Built-in parser').click();
          await page.getByText('MessagePack parser').click();
        });
        await admin.open('Sockets');
        await admin.sees(admin.row(socket.id));
        await admin.page.reload();
        await admin.sees(admin.row(socket.id));
        assert.equal(await admin.page.getByLabel('Password').count(), 0, 'no login is asked for');
        admin.assertNoErrors();
      });
    });
  }
});
