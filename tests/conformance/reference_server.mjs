// Node's own Engine.IO and Socket.IO, configured as our testbed is: what the checks are proved against.
//   node reference_server.mjs --port P --profile suites|bench [--tls-cert F --tls-key F]

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { parseArgs } from 'node:util';
import adminUi from '@socket.io/admin-ui';
import bcrypt from 'bcryptjs';
import { Server as EngineServer } from 'engine.io';
import { Server as SocketServer } from 'socket.io';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    profile: { type: 'string', default: 'suites' },
    'max-payload': { type: 'string', default: '1000000' },
    'ping-interval': { type: 'string', default: '300' },
    'ping-timeout': { type: 'string', default: '200' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    recovery: { type: 'boolean', default: false },
    eio3: { type: 'boolean', default: false },
    'admin-ui': { type: 'string' },
    'admin-login': { type: 'string' },
    origin: { type: 'string' },
  },
});

const server = options['tls-cert']
  ? createSecureServer({ cert: readFileSync(options['tls-cert']), key: readFileSync(options['tls-key']) })
  : createServer();

const maxHttpBufferSize = Number(options['max-payload']);
const cors = options.origin ? { origin: options.origin, credentials: true } : { origin: '*' };
const suites = {
  pingInterval: Number(options['ping-interval']),
  pingTimeout: Number(options['ping-timeout']),
  maxHttpBufferSize,
  cors,
};

/** What both profiles answer on the main namespace. */
function serveCommon(io, socket) {
  socket.on('subscribe:instance', (room, ack) => {
    socket.join(room);
    ack?.();
  });
  socket.on('publish', (room, object, ack) => {
    io.to(room).emit('instance:status:changed', object);
    ack?.();
  });
  socket.on('call-back', (...args) => {
    const ack = args.pop();
    socket.emit('called-back', ...args, (...answer) => ack(...answer));
  });
  socket.on('disconnect-me', (close) => socket.disconnect(close));
  socket.on('unsubscribe:instance', (room, ack) => {
    socket.leave(room);
    ack?.();
  });
}

function serveSuites() {
  const engine = new EngineServer({ ...suites, transports: ['polling', 'websocket'], allowEIO3: options.eio3 });
  engine.attach(server, { path: '/engine.io/', destroyUpgrade: false });
  engine.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));

  const io = new SocketServer(server, {
    ...suites, connectTimeout: 1000, transports: ['polling', 'websocket'], destroyUpgrade: false,
    allowEIO3: options.eio3,
  });
  io.on('connection', (socket) => {
    socket.emit('auth', socket.handshake.auth);
    socket.on('message', (...args) => socket.emit('message-back', ...args));
    socket.on('message-with-ack', (...args) => {
      const ack = args.pop();
      ack(...args);
    });
    serveCommon(io, socket);
  });
  io.of('/custom').on('connection', (socket) => socket.emit('auth', socket.handshake.auth));
  serveGuarded(io);
}

function serveBench() {
  const io = new SocketServer(server, {
    maxHttpBufferSize, cors, ...(options.recovery && { connectionStateRecovery: {} }),
  });
  io.on('connection', (socket) => {
    socket.on('echo', (argument, ack) => ack(argument));
    serveCommon(io, socket);
  });
  serveGuarded(io);
  serveAdmin(io);
}

/** As testbed's options of these names. */
function serveAdmin(io) {
  if (options['admin-ui'] === undefined) return;
  const [username, password] = options['admin-login'].split(':');
  adminUi.instrument(io, {
    auth: { type: 'basic', username, password: bcrypt.hashSync(password, 4) }, mode: options['admin-ui'],
  });
}

/** A namespace whose middleware lets only those in who say the word, and one whose middleware takes its time. */
function serveGuarded(io) {
  io.of('/guarded').use((socket, next) => {
    if (socket.handshake.auth.token === 'open') return next();
    return next(Object.assign(new Error('Not allowed'), { data: { code: 'GUARDED' } }));
  }).on('connection', () => {});
  io.of('/slow').use((socket, next) => setTimeout(next, 50)).on('connection', () => {});
}

({ suites: serveSuites, bench: serveBench })[options.profile]();
server.listen(Number(options.port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
