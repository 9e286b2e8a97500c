// Which pages may use the server: same origin by default, others by setting, for REST, polling and WebSocket alike.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/wait.mjs';
import { Account, Product } from '../support/product.mjs';

const PANEL = 'http://127.0.0.1:3100';
const EVIL = 'https://evil.example';
const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';

for (const tls of [false, true]) {
  describe(`origins${tls ? ', TLS' : ''}`, { concurrency: 1 }, () => {
    let product;
    let open;
    before(async () => {
      product = await Product.start({ tls });
      open = await Product.start({ tls, args: ['--cors-origin', PANEL] });
    });
    after(() => Promise.all([product?.stop(), open?.stop()]));

    const opens = async ({ target }, headers) => {
      const socket = target.websocket(WEBSOCKET, { headers });
      const first = await within(Promise.race([socket.next().then(() => 'opened'), socket.closed]), 'outcome');
      socket.close();
      return first;
    };

    test('a WebSocket of another origin is refused with 403 that names the origin and the setting', async () => {
      const { status, body } = await opens(product, { Origin: EVIL });
      assert.equal(status, 403);
      assert.ok(body.includes(EVIL), body);
      assert.match(body, /--cors-origin/);
      assert.match(JSON.parse(body).message, /evil\.example/);
    });

    test('a WebSocket of the same origin, or of a program without one, opens', async () => {
      assert.equal(await opens(product, { Origin: product.target.url }), 'opened');
      assert.equal(await opens(product, {}), 'opened');
    });

    test('the origin in the setting opens, others do not', async () => {
      assert.equal(await opens(open, { Origin: PANEL }), 'opened');
      for (const origin of [EVIL, `${PANEL}.evil.example`, 'http://127.0.0.1:31000', 'null', 'x'.repeat(4000)]) {
        assert.equal((await opens(open, { Origin: origin })).status, 403, origin.slice(0, 40));
      }
    });

    test('polling of the panel on its own port may be read by it, credentials included', async () => {
      const { status, headers } = await open.target.get(POLLING, { headers: { Origin: PANEL } });
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], PANEL);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /Origin/i);
    });

    test('polling of another origin is refused', async () => {
      for (const { target } of [product, open]) {
        const { status, headers } = await target.get(POLLING, { headers: { Origin: EVIL } });
        assert.equal(status, 403);
        assert.equal(headers['access-control-allow-origin'], undefined);
      }
    });

    for (const path of ['/api/instances', POLLING]) {
      test(`the preflight of ${path.split('?')[0]} allows the panel what it sends, and nobody else`, async () => {
        const preflight = (origin) => open.target.request(path, {
          method: 'OPTIONS',
          headers: {
            Origin: origin,
            'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'authorization,content-type',
          },
        });
        const { status, headers } = await preflight(PANEL);
        assert.equal(status, 204);
        assert.equal(headers['access-control-allow-origin'], PANEL);
        assert.equal(headers['access-control-allow-credentials'], 'true');
        assert.match(headers['access-control-allow-methods'], /POST/);
        assert.match(headers['access-control-allow-headers'], /authorization/i);
        assert.match(headers['access-control-allow-headers'], /content-type/i);
        assert.equal((await preflight(EVIL)).headers['access-control-allow-origin'], undefined);
      });
    }

    test('answers of REST may be read by the panel and by nobody else', async () => {
      const account = await Account.register(open.target);
      const list = (origin) => open.target.get('/api/instances', {
        headers: { Origin: origin, Authorization: `Bearer ${account.token}` },
      });
      const { status, headers } = await list(PANEL);
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], PANEL);
      assert.equal((await list(EVIL)).headers['access-control-allow-origin'], undefined);
    });
  });
}
