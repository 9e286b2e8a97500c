// The programs of examples/, built on the installed package, with npm's client at the other end.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { ask, Clients, nextEvent, record, TRANSPORTS } from '../support/clients.mjs';
import { accepts, ExitedEarly, freePort, Program, REPOSITORY, run } from '../support/process.mjs';
import { Target } from '../support/target.mjs';
import { until, within } from '../support/wait.mjs';

const SOURCES = join(REPOSITORY, 'examples');
const BUILT = process.env.PATCHBAY_EXAMPLES ?? join(REPOSITORY, 'build/examples');

/** Starts an example that takes its port as the argument. */
async function start(name) {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const program = new Program(join(BUILT, name), [String(port)]);
    try {
      await program.ready(() => accepts(port));
      return { program, port, target: new Target(`http://127.0.0.1:${port}`) };
    } catch (error) {
      await program.kill();
      if (!(error instanceof ExitedEarly) || tries === 5) throw error;
    }
  }
}

/** Starts `name` before the tests of a group and stops it after them; the clients of each test are closed after it. */
function withServer(name) {
  const it = {};
  before(async () => {
    Object.assign(it, await start(name));
    it.clients = new Clients(it.target);
  });
  afterEach(() => it.clients?.close());
  after(() => it.program?.stop());
  return it;
}

test('every example has fewer than sixty lines', () => {
  const examples = readdirSync(SOURCES).filter((name) => name.endsWith('.cc'));
  assert.ok(examples.length >= 2);
  for (const name of examples) {
    const lines = readFileSync(join(SOURCES, name), 'utf8').trimEnd().split('\n').length;
    assert.ok(lines < 60, `${name} has ${lines} lines`);
  }
});

describe('chat', () => {
  const server = withServer('chat');
  const enter = async (name, ...rooms) => {
    const socket = await server.clients.connect({ auth: { name } });
    for (const room of rooms) assert.equal(await ask(socket, 'join', room), true);
    return socket;
  };

  test('says on which port it listens', async () => {
    await until(() => server.program.stdout.includes(`chat on port ${server.port}`), 'the line that names the port');
  });

  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    test(`${name}: a message reaches everybody in its room, its sender too, and nobody else`, async () => {
      const [ada, ben, eve] = await Promise.all(['ada', 'ben', 'eve'].map(
        (who) => server.clients.connect({ transports, auth: { name: who } }),
      ));
      const heard = [ada, ben, eve].map(record);
      for (const [socket, room] of [[ada, 'tea'], [ben, 'tea'], [eve, 'coffee']]) await ask(socket, 'join', room);
      assert.deepEqual(await ask(ada, 'message', { room: 'tea', text: 'Grüße 🎉', extra: 1 }), { ok: true });
      assert.deepEqual(await ask(eve, 'message', { room: 'coffee', text: 'bye' }), { ok: true });
      await until(() => heard.every((events) => events.some(([event]) => event === 'message')), 'all messages');
      const messages = heard.map((events) => events.filter(([event]) => event === 'message').map(([, it]) => it));
      const tea = { room: 'tea', text: 'Grüße 🎉', from: 'ada' };
      assert.deepEqual(messages, [[tea], [tea], [{ room: 'coffee', text: 'bye', from: 'eve' }]]);
      assert.ok(heard[0].some(([event, room, who]) => event === 'joined' && room === 'tea' && who === 'ben'));
    });
  }

  test('who types and who leaves is told to the others', async () => {
    const [ada, ben] = [await enter('ada', 'tea'), await enter('ben', 'tea')];
    const typing = nextEvent(ben, 'typing');
    ada.emit('typing', 'tea');
    assert.deepEqual(await typing, ['tea', 'ada']);
    const left = nextEvent(ben, 'left');
    ada.disconnect();
    assert.deepEqual(await left, ['tea', 'ada']);
  });

  test('a message of the wrong form is refused with what is wrong, and one to a foreign room is not sent', async () => {
    const [ada, ben] = [await enter('ada', 'tea'), await enter('ben')];
    const heard = record(ada);
    assert.deepEqual(await ask(ben, 'message', { room: 'tea' }), { ok: false, error: 'argument 0.text is missing' });
    assert.deepEqual(await ask(ben, 'message', { room: 7, text: 'x' }), {
      ok: false, error: 'argument 0.room does not have the form that is wanted: value is not a string',
    });
    assert.deepEqual(await ask(ben, 'message', { room: 'tea', text: 'let me in' }), { ok: false });
    assert.deepEqual(await ask(ada, 'message', { room: 'tea', text: 'last' }), { ok: true });
    await until(() => heard.length > 0, 'the message after them');
    assert.deepEqual(heard, [['message', { room: 'tea', text: 'last', from: 'ada' }]]);
  });
});

describe('client', () => {
  const server = withServer('chat');
  const CLIENT = join(BUILT, 'client');
  const times = (program, line) => program.stdout.split('\n').filter((it) => it === line).length;
  /** Somebody at a terminal: what is typed goes to the room. */
  const sitDown = async (url, name, room) => {
    const program = new Program(CLIENT, [url, name, room], { stdin: 'pipe' });
    await program.ready(() => times(program, `you are in ${room}`) === 1);
    return program;
  };
  const getUp = async (program) => {
    program.asked = true;
    program.child.stdin.end();
    return within(program.exit, 'the end of the client');
  };

  test('talks with npm’s client in a room, and leaves it at the end of its input', async () => {
    const ada = await sitDown(server.target.url, 'ada', 'tea');
    const ben = await server.clients.connect({ auth: { name: 'ben' } });
    await ask(ben, 'join', 'tea');
    const heard = nextEvent(ben, 'message');
    ada.child.stdin.write('Grüße 🎉\n');
    assert.deepEqual(await heard, [{ room: 'tea', text: 'Grüße 🎉', from: 'ada' }]);
    await ask(ben, 'message', { room: 'tea', text: 'hello' });
    await until(() => times(ada, 'ben: hello') === 1, 'what ben said');
    assert.equal(times(ada, 'ada: Grüße 🎉'), 1, 'who speaks hears it too');
    const left = nextEvent(ben, 'left');
    ada.child.stdin.write('bye\n');
    assert.deepEqual(await getUp(ada), { code: 0, signal: null });
    assert.deepEqual(await left, ['tea', 'ada']);
    assert.equal(ada.stderr, '');
  });

  test('comes back to its room by itself when the server was started again', async () => {
    let { program: chat, port, target } = await start('chat');
    const ada = await sitDown(target.url, 'ada', 'tea');
    await chat.stop();
    await until(() => ada.stderr.includes('disconnected: '), 'the loss to be told');
    chat = new Program(join(BUILT, 'chat'), [String(port)]);
    await chat.ready(() => accepts(port));
    await until(() => times(ada, 'you are in tea') === 2, 'the second joining');
    ada.child.stdin.write('again\n');
    await until(() => times(ada, 'ada: again') === 1, 'the message');
    assert.equal((await getUp(ada)).code, 0);
    await chat.stop();
  });

  test('an address that is none ends it with the reason', async () => {
    const { code, stderr } = await run(CLIENT, ['ftp://127.0.0.1']);
    assert.equal(code, 1);
    assert.match(stderr, /http/);
  });
});

describe('dashboard', () => {
  const server = withServer('dashboard');

  test('refuses a missing and a wrong token with a reason that programs can read', async () => {
    for (const auth of [undefined, {}, { token: 'wrong' }, { token: 7 }]) {
      const error = await server.clients.refused({ auth }, '/dashboard');
      assert.equal(error.message, 'unauthorized');
      assert.deepEqual(error.data, { code: 'BAD_TOKEN' });
    }
  });

  test('sends each customer its own figures, at a steady pace, and nobody else’s', async () => {
    const customers = await Promise.all(['alpha', 'beta'].map(
      (name) => server.clients.connect({ auth: { token: `token-of-${name}` } }, '/dashboard'),
    ));
    const figures = customers.map(record);
    await until(() => figures.every((events) => events.length >= 5), 'five figures each');
    for (const [n, tenant] of ['alpha', 'beta'].entries()) {
      for (const [event, load] of figures[n]) {
        assert.equal(event, 'load');
        assert.equal(load.tenant, tenant);
        assert.ok(load.percent >= 0 && load.percent <= 100);
      }
    }
  });

  test('serves nothing in the main namespace', async () => {
    const socket = await server.clients.connect();
    const heard = record(socket);
    const other = await server.clients.connect({ auth: { token: 'token-of-alpha' } }, '/dashboard');
    await nextEvent(other, 'load');
    assert.deepEqual(heard, []);
  });
});
