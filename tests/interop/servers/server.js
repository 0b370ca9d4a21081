'use strict';

// node server.js OPTIONS
//
// A real CometD server behind a handler that logs requests, asks for credentials and plays faults.
// OPTIONS is JSON: {kind: "cometd" | "faye", host, port, timeout, maxInterval, ack, snapshot, cert, key, ...}.
// It prints "ready PORT", then speaks lines of JSON: on stdin {"seq", "op", ...}, on stdout
// {"done": seq, "result"} or {"event", ...}. It ends when stdin does.

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const readline = require('node:readline');
const { Readable } = require('node:stream');

const { createEngine } = require('./engines.js');
const { Rules, answerInstead, answerWith, intercept, send } = require('./faults.js');
const { Gate } = require('./gate.js');

const options = { host: '127.0.0.1', port: 0, timeout: 30000, maxInterval: 10000, ack: true, ...JSON.parse(process.argv[2]) };
const rules = new Rules();
const gate = new Gate();
const engine = createEngine(options, (event, id) => tell({ event, id }));
const sockets = new Set();
let requests = 0;

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function now() {
  return performance.now() / 1000;
}

/** The whole body, then the story of the request. */
function onRequest(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('error', () => {});
  response.on('error', () => {});
  request.on('end', () => onBody(request, response, Buffer.concat(chunks)));
}

function onBody(request, response, body) {
  const url = new URL(request.url, 'http://any'); // a proxy may have sent an absolute address
  const messages = parsed(body.toString('utf8'));
  const number = ++requests;
  const { headers, method } = request;
  tell({ event: 'request', number, at: now(), method, path: url.pathname, headers, messages });
  response.on('close', () => tell({ event: 'answered', number, at: now(), status: response.statusCode }));
  const refusal = gate.refusal(request);
  if (refusal) return send(response, refusal.status, refusal.body, { 'Content-Type': 'text/plain' });
  if (method === 'GET') return send(response, 200, JSON.stringify({ statusCode: 0, user: {} }), gate.welcome(request));
  const rule = rules.before(url.pathname, messages);
  if (rule?.action === 'drop') operations.drop();
  else if (rule) return answerInstead(rule, messages, response);
  intercept(response, (text) => {
    const items = answerItems(text);
    answerWith(rules.after(url.pathname, messages, items), items, text, response);
  });
  return engine.handle(replayed(request, url, body), response);
}

/** The request once more, for a server that wants to read its body itself. */
function replayed(request, url, body) {
  const { headers, method, socket } = request;
  return Object.assign(Readable.from([body]), { headers, method, socket, url: url.pathname + url.search });
}

function parsed(text) {
  try {
    return [].concat(JSON.parse(text));
  } catch {
    return [];
  }
}

function answerItems(text) {
  const items = parsed(text);
  return items.length ? items : null;
}

const operations = {
  publish({ channel, first, count, fields }) {
    for (let n = first; n < first + count; n++) engine.publish(channel, { n, ...fields });
  },
  big({ channel, size }) {
    engine.publish(channel, { n: 0, text: 'x'.repeat(size) });
  },
  rules: ({ list }) => rules.add(list),
  require: ({ demands }) => gate.require(demands),
  rotate: () => gate.rotate(),
  log_out: () => gate.logOut(),
  deny: ({ kind, times }) => engine.denials.set(kind, times),
  drop: () => [...engine.alive.keys()].forEach((id) => engine.drop(id)),
  unreachable: () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  },
  reachable: () => new Promise((done) => server.listen(options.port, options.host, done)),
  reset: () => {
    rules.clear();
    gate.clear();
    engine.denials.clear();
    operations.drop();
  },
};

async function onLine(line) {
  const { seq, op, ...fields } = JSON.parse(line);
  const result = await operations[op](fields);
  tell({ done: seq, result: result === undefined ? null : result });
}

const server = options.cert
  ? https.createServer({ cert: fs.readFileSync(options.cert), key: fs.readFileSync(options.key) }, onRequest)
  : http.createServer(onRequest);

server.keepAliveTimeout = 60000;
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
server.listen(options.port, options.host, () => {
  options.port = server.address().port;
  process.stdout.write(`ready ${options.port}\n`);
  readline.createInterface({ input: process.stdin }).on('line', onLine).on('close', () => process.exit(0));
});
