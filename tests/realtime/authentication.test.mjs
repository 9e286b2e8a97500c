// Who may open a socket: the four places for a credential alone and in every combination, what refusals say, tokens
// that were tampered with, API keys, and sockets that end with the right they were opened by.

import assert from 'node:assert/strict';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, nextEvent, record, TRANSPORTS } from '../support/clients.mjs';
import { temporaryFolder } from '../support/process.mjs';
import { Account, claimsOf, JWT_SECRET, makeToken, Product } from '../support/product.mjs';
import { until } from '../support/wait.mjs';

/** The places, in the order in which they are tried. */
const PLACES = {
  'auth.token': (token) => ({ auth: { token } }),
  'auth.authorization': (token) => ({ auth: { authorization: `Bearer ${token}` } }),
  'query.token': (token) => ({ query: { token } }),
  'header.authorization': (token) => ({ extraHeaders: { Authorization: `Bearer ${token}` } }),
};

/** Client options that offer `tokens` ({place: token}). */
function offering(tokens) {
  const options = { auth: {}, query: {}, extraHeaders: {} };
  for (const [place, token] of Object.entries(tokens)) {
    for (const [part, value] of Object.entries(PLACES[place](token))) Object.assign(options[part], value);
  }
  return options;
}

/** Every way to put nothing, a bad or a good token into each place. */
function combinations() {
  let rows = [{}];
  for (const place of Object.keys(PLACES)) {
    rows = rows.flatMap((row) => [row, { ...row, [place]: 'bad' }, { ...row, [place]: 'good' }]);
  }
  return rows;
}

describe('authentication', { concurrency: 1 }, () => {
  let product;
  let clients;
  let account;
  let instance;
  let key;
  const secrets = new Set();
  const badToken = makeToken({ alg: 'HS256' }, { userId: 'nobody' }, () => 'c2lnbmF0dXJl');

  before(async () => {
    product = await Product.start({ shards: 4, args: ['--log-level', 'debug', '--log-format', 'json'] });
    clients = new Clients(product.target);
    account = await Account.register(product.target);
    instance = await account.createInstance();
    key = await account.createKey(instance.id);
    for (const secret of [account.token, key.apiKey, badToken, account.credentials.password]) secrets.add(secret);
  });
  afterEach(() => clients.close());
  after(() => product?.stop());

  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    for (const place of Object.keys(PLACES)) {
      test(`${name}: a login token in ${place} alone opens a socket`, async () => {
        const socket = await clients.connect({ transports, ...PLACES[place](account.token) });
        assert.equal((await ask(socket, 'subscribe:instance', instance.id)).ok, true);
      });
      test(`${name}: an API key in ${place} alone opens a socket`, async () => {
        const socket = await clients.connect({ transports, ...PLACES[place](key.apiKey) });
        assert.equal((await ask(socket, 'subscribe:instance', instance.id)).ok, true);
      });
    }
    test(`${name}: without a credential the answer is "Authentication required", and what to do`, async () => {
      const error = await clients.refused({ transports });
      assert.equal(error.message, 'Authentication required');
      assert.deepEqual(Object.keys(error.data).sort(), ['code', 'hint', 'tried']);
      assert.equal(error.data.code, 'AUTHENTICATION_ERROR');
      assert.deepEqual(error.data.tried, []);
      assert.match(error.data.hint, /auth\.token/);
    });
  }

  test('of every combination of places the first good credential wins, and bad ones hide nothing', async () => {
    const rows = combinations();
    assert.equal(rows.length, 81);
    for (let start = 0; start < rows.length; start += 9) {
      await Promise.all(rows.slice(start, start + 9).map(async (row) => {
        const tokens = Object.fromEntries(Object.entries(row).map(([place, kind]) => [
          place, kind === 'good' ? account.token : badToken,
        ]));
        const options = { transports: ['websocket'], ...offering(tokens) };
        const places = Object.keys(row);
        const winner = places.find((place) => row[place] === 'good');
        if (winner) {
          const { id } = await clients.connect(options);
          const line = await until(() => product.program.stderr.split('\n')
            .find((text) => text.includes('socket connected') && text.includes(id)), `log line of ${id}`);
          assert.ok(line.includes(`"${winner}"`), `${JSON.stringify(row)} should be won by ${winner}: ${line}`);
        } else {
          const error = await clients.refused(options);
          assert.equal(error.message, places.length ? 'Authentication failed' : 'Authentication required');
          assert.deepEqual(error.data.tried, places);
        }
      }));
      clients.close();
    }
  });

  test('the ways in are counted', async () => {
    const { text } = await product.target.get('/metrics');
    for (const place of Object.keys(PLACES)) assert.ok(text.includes(`"${place}"`), `metrics lack ${place}`);
  });

  test('"Bearer" may be missing where it is usual, and be there where it is not', async () => {
    await clients.connect({ auth: { token: `Bearer ${account.token}` } });
    await clients.connect({ auth: { authorization: account.token } });
  });

  for (const [name, forge, code] of [
    ['with another secret', (claims) => makeToken({ alg: 'HS256' }, claims,
      (text) => createHmac('sha256', 'x'.repeat(32)).update(text).digest('base64url')), 'TOKEN_INVALID'],
    ['that says it needs no signature', (claims) => makeToken({ alg: 'none' }, claims, () => ''), 'TOKEN_INVALID'],
    ['that says NONE but is signed', (claims) => makeToken({ alg: 'NONE' }, claims), 'TOKEN_INVALID'],
    ['of an algorithm we do not use', (claims) => makeToken({ alg: 'HS512' }, claims,
      (text) => createHmac('sha512', JWT_SECRET).update(text).digest('base64url')), 'TOKEN_INVALID'],
    ['that has expired', (claims) => makeToken({ alg: 'HS256' }, { ...claims, exp: claims.iat - 3600, iat: claims.iat - 7200 }),
      'TOKEN_EXPIRED'],
    ['that is not valid yet', (claims) => makeToken({ alg: 'HS256' }, { ...claims, nbf: claims.iat + 3600 }), 'TOKEN_INVALID'],
    ['without an expiry', ({ exp, ...claims }) => makeToken({ alg: 'HS256' }, claims), 'TOKEN_INVALID'],
    ['of a user who does not exist', (claims) => makeToken({ alg: 'HS256' }, { ...claims, userId: `c${'0'.repeat(24)}` }),
      'AUTHENTICATION_ERROR'],
    ['whose claims are no object', () => makeToken({ alg: 'HS256' }, [1, 2]), 'TOKEN_INVALID'],
    ['that is far too long', (claims) => makeToken({ alg: 'HS256' }, { ...claims, more: 'x'.repeat(9000) }), undefined],
    ['that is half a token', () => account.token.slice(0, -10), 'TOKEN_INVALID'],
    ['that is an unknown API key', () => `wa_${'0'.repeat(64)}`, 'API_KEY_INVALID'],
  ]) {
    test(`a token ${name} is refused`, async () => {
      const token = forge(claimsOf(account.token));
      secrets.add(token);
      const error = await clients.refused({ auth: { token } });
      assert.equal(error.message, 'Authentication failed');
      if (code) assert.equal(error.data.code, code);
      assert.equal(typeof error.data.hint, 'string');
      assert.ok(!JSON.stringify([error.message, error.data]).includes(token.slice(0, 100)));
    });
  }

  test('an auth object of the wrong shape is a refusal, not a fault', async () => {
    for (const auth of [{ token: 1 }, { token: null }, { token: { a: [] } }, { authorization: ['Bearer'] }, { token: '' }]) {
      const error = await clients.refused({ auth });
      assert.match(error.message, /^Authentication (required|failed)$/);
    }
  });

  test('an API key sees its own instance only', async () => {
    const other = await account.createInstance();
    const socket = await clients.connect({ auth: { token: key.apiKey } });
    const heard = record(socket);
    const refused = await ask(socket, 'subscribe:instance', other.id);
    assert.equal(refused.ok, false);
    assert.equal(refused.code, 'INSTANCE_NOT_FOUND');
    assert.equal((await ask(socket, 'subscribe:instance', instance.id)).ok, true);
    await account.act(other.id, 'connect');
    await account.reaches(other.id, 'QR_REQUIRED');
    await account.act(instance.id, 'connect');
    await account.reaches(instance.id, 'QR_REQUIRED');
    await until(() => heard.some(([name]) => name === 'instance:qr:generated'), 'the QR event of its own instance');
    assert.deepEqual([...new Set(heard.map(([, { instanceId }]) => instanceId))], [instance.id]);
    await account.act(instance.id, 'disconnect');
    await account.act(other.id, 'disconnect');
  });

  test('a key that is switched off loses its sockets at once, and stays out', async () => {
    const mine = await account.createInstance();
    const { id, apiKey } = await account.createKey(mine.id);
    secrets.add(apiKey);
    const sockets = await Promise.all([['websocket'], ['polling']].map((transports) => clients.connect({
      transports, auth: { token: apiKey },
    })));
    const gone = Promise.all(sockets.map((socket) => nextEvent(socket, 'disconnect')));
    await account.ok('PUT', `/api/instances/${mine.id}/keys/${id}`, { isActive: false });
    assert.deepEqual((await gone).map(([reason]) => reason), ['io server disconnect', 'io server disconnect']);
    assert.equal((await clients.refused({ auth: { token: apiKey } })).message, 'Authentication failed');
  });

  test('a key that is deleted loses its sockets at once', async () => {
    const { instances } = await account.ok('GET', '/api/instances');
    const mine = instances[0];
    const { apiKeys } = await account.ok('GET', `/api/instances/${mine.id}/keys`);
    for (const { id } of apiKeys) await account.ok('DELETE', `/api/instances/${mine.id}/keys/${id}`);
    const { id, apiKey } = await account.createKey(mine.id);
    secrets.add(apiKey);
    const socket = await clients.connect({ transports: ['websocket'], auth: { token: apiKey } });
    const gone = nextEvent(socket, 'disconnect');
    await account.ok('DELETE', `/api/instances/${mine.id}/keys/${id}`);
    await gone;
    assert.equal((await clients.refused({ auth: { token: apiKey } })).message, 'Authentication failed');
  });

  for (const [what, act] of [
    ['deactivated', (id) => account.ok('PUT', `/api/instances/${id}`, { isActive: false })],
    ['deleted', (id) => account.ok('DELETE', `/api/instances/${id}`)],
  ])
    test(`the keys of an instance that is ${what} lose their sockets at once`, async () => {
      const { id } = await account.createInstance();
      const { apiKey } = await account.createKey(id);
      secrets.add(apiKey);
      const own = await clients.connect({ auth: { token: account.token } });
      const socket = await clients.connect({ transports: ['websocket'], auth: { token: apiKey } });
      const gone = nextEvent(socket, 'disconnect');
      await act(id);
      assert.equal((await gone)[0], 'io server disconnect');
      assert.equal((await clients.refused({ auth: { token: apiKey } })).message, 'Authentication failed');
      assert.ok(own.connected, 'those of the account stay');
      await account.call('DELETE', `/api/instances/${id}`);
    });

  test('a key whose expiry is moved keeps its sockets until then, and no longer', async () => {
    const mine = await account.createInstance();
    const key = await account.createKey(mine.id);
    secrets.add(key.apiKey);
    const expires = (ms) => account.ok('PUT', `/api/instances/${mine.id}/keys/${key.id}`, {
      expiresAt: ms === null ? null : new Date(Date.now() + ms).toISOString(),
    });
    await expires(1_500);
    const socket = await clients.connect({ transports: ['websocket'], auth: { token: key.apiKey } });
    await expires(null);
    await new Promise((resolve) => { setTimeout(resolve, 2_000); });
    assert.ok(socket.connected, 'past the old expiry');
    const gone = nextEvent(socket, 'disconnect');
    await expires(500);
    assert.equal((await gone)[0], 'io server disconnect');
    assert.equal((await clients.refused({ auth: { token: key.apiKey } })).message, 'Authentication failed');
    await account.ok('DELETE', `/api/instances/${mine.id}`);
  });

  test('a user who is disabled loses the sockets at once, others keep theirs', async () => {
    const password = 'another good password';
    const { user } = await account.ok('POST', '/api/users', { email: 'second@example.org', password, name: 'Second', role: 'USER' });
    const { token } = await account.ok('POST', '/api/auth/login', { email: 'second@example.org', password });
    secrets.add(token);
    const own = await clients.connect({ auth: { token: account.token } });
    const socket = await clients.connect({ transports: ['websocket'], auth: { token } });
    const gone = nextEvent(socket, 'disconnect');
    await account.ok('PUT', `/api/users/${user.id}`, { isActive: false });
    assert.equal((await gone)[0], 'io server disconnect');
    const error = await clients.refused({ auth: { token } });
    assert.equal(error.message, 'Authentication failed');
    assert.equal((await ask(own, 'subscribe:instance', instance.id)).ok, true);
  });

  test('a changed password ends the sockets of the tokens from before', async () => {
    const user = await Account.register(product.target);
    secrets.add(user.token);
    const socket = await clients.connect({ auth: { token: user.token } });
    const gone = nextEvent(socket, 'disconnect');
    await user.ok('POST', '/api/auth/change-password', {
      currentPassword: user.credentials.password, newPassword: 'a quite different one',
    });
    await gone;
    assert.equal((await clients.refused({ auth: { token: user.token } })).message, 'Authentication failed');
  });

  test('no token, key or password has appeared in the log', async () => {
    // One in the URL of every kind of request, too.
    for (const path of ['/socket.io/?EIO=4&transport=polling', '/api/instances?x=1', '/nowhere?a=b']) {
      await product.target.get(`${path}&token=${account.token}`);
      await product.target.get(`${path}&token=${account.token}`, { headers: { Authorization: `Bearer ${account.token}` } });
    }
    await product.target.websocket(`/socket.io/?EIO=4&transport=abc&token=${account.token}`).end();
    const { text: metrics } = await product.target.get('/metrics');
    assert.ok(product.stderr.length > 0);
    for (const secret of secrets) {
      for (const part of [secret, secret.slice(-40), encodeURIComponent(secret)]) {
        assert.ok(!product.stderr.includes(part), `the log holds ${part.slice(0, 12)}…`);
        assert.ok(!metrics.includes(part), `the metrics hold ${part.slice(0, 12)}…`);
      }
    }
  });
});

describe('development mode', { concurrency: 1 }, () => {
  let product;
  let clients;
  before(async () => {
    product = await Product.start({ args: ['--development'] });
    clients = new Clients(product.target);
  });
  afterEach(() => clients.close());
  after(() => product?.stop());

  test('nothing at all is accepted and hears events', async () => {
    const account = await Account.register(product.target);
    const { id } = await account.createInstance();
    const socket = await clients.connect();
    const heard = record(socket);
    assert.equal((await ask(socket, 'subscribe:instance', id)).ok, true);
    await account.act(id, 'connect');
    await until(() => heard.some(([name]) => name === 'instance:qr:generated'), 'QR event');
  });

  test('a bad credential is still refused, so that the client can tell', async () => {
    assert.equal((await clients.refused({ auth: { token: 'bad' } })).message, 'Authentication failed');
  });

  test('it listens on loopback only', async () => {
    const { code, stderr } = await Product.refused({ host: '0.0.0.0', sandbox: false, args: ['--development'] });
    assert.notEqual(code, 0);
    assert.match(stderr, /loopback/);
  });
});

describe('tokens of an identity provider', { concurrency: 1 }, () => {
  for (const [alg, type, options] of [
    ['RS256', 'rsa', { modulusLength: 2048 }],
    ['ES256', 'ec', { namedCurve: 'P-256' }],
  ]) {
    test(`${alg}: good ones are accepted, those signed with the public key as a secret are not`, async () => {
      const { publicKey, privateKey } = generateKeyPairSync(type, {
        ...options, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      const file = join(temporaryFolder(), 'public.pem');
      writeFileSync(file, publicKey);
      // The accounts are made before the provider's key is set.
      const product = await Product.start();
      const account = await Account.register(product.target);
      await product.stop();
      product.options = { ...product.options, args: ['--jwt-public-key', file, '--jwt-issuer', 'idp', '--jwt-audience', 'patchbay'] };
      await product.startAgain();
      const clients = new Clients(product.target);
      try {
        const claims = { ...claimsOf(account.token), iss: 'idp', aud: 'patchbay' };
        const sign = (text) => createSign('SHA256').update(text)
          .sign({ key: privateKey, dsaEncoding: 'ieee-p1363' }, 'base64url');
        const refused = async (token) => {
          assert.equal((await clients.refused({ auth: { token } })).message, 'Authentication failed');
        };
        await clients.connect({ auth: { token: makeToken({ alg }, claims, sign) } });
        await refused(makeToken({ alg: 'HS256' }, claims,
          (text) => createHmac('sha256', publicKey).update(text).digest('base64url')));
        await refused(makeToken({ alg: 'none' }, claims, () => ''));
        await refused(makeToken({ alg }, { ...claims, iss: 'somebody else' }, sign));
        await refused(makeToken({ alg }, { ...claims, aud: 'another service' }, sign));
        await refused(makeToken({ alg: alg === 'RS256' ? 'ES256' : 'RS256' }, claims, sign));
      } finally {
        clients.close();
        await product.stop();
      }
    });
  }

  test('a socket ends when its token expires', async () => {
    const product = await Product.start({ args: ['--jwt-clock-skew-seconds', '0'] });
    const clients = new Clients(product.target);
    try {
      const account = await Account.register(product.target);
      const token = makeToken({ alg: 'HS256' }, { ...claimsOf(account.token), exp: Math.floor(Date.now() / 1000) + 3 });
      const socket = await clients.connect({ auth: { token } });
      await nextEvent(socket, 'disconnect');
      assert.ok(Date.now() / 1000 >= claimsOf(token).exp - 0.1);
    } finally {
      clients.close();
      await product.stop();
    }
  });
});
