// node client.mjs OPTIONS
//
// The CometD project's own JavaScript client as an agent's ear: logs in with GET /api/v2/me as Genesys'
// own clients do, keeps cookies and CSRF header, handshakes, subscribes, listens.
// OPTIONS is JSON: {url, channel, ack, appendType, count}; `count` clients share one cookie jar.
// It prints "ready 0", then speaks lines of JSON as server.js does. It ends when stdin does.

import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const folder = process.env.CHATBOT_NODE_MODULES || path.join(import.meta.dirname, 'node_modules');
const { resolve } = createRequire(path.join(folder, 'package.json'));
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { adapt } = await load('cometd-nodejs-client');

const options = { channel: '/v2/me/chats', ack: true, appendType: true, count: 1, ...JSON.parse(process.argv[2]) };
const basic = `Basic ${Buffer.from('concierge:secret').toString('base64')}`;
const requestHeaders = { Authorization: basic };
const jar = new Map();

// The library logs to the console, which is where we speak.
console.log = () => {};
console.info = () => {};

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function keep(cookie) {
  const [pair] = cookie.split(';');
  jar.set(pair.split('=')[0], pair);
}

adapt({
  cookies: {
    storeCookie: (uri, header, done) => {
      keep(header);
      done();
    },
    retrieveCookies: (context, uri, done) => done(null, [...jar.values()]),
  },
});
const { AckExtension, CometD } = await load('cometd');

async function logIn() {
  const headers = { ...requestHeaders, cookie: [...jar.values()].join('; ') };
  const answer = await fetch(`${options.url}/api/v2/me`, { headers });
  answer.headers.getSetCookie().forEach(keep);
  await answer.text();
  requestHeaders[answer.headers.get('X-CSRF-HEADER')] = answer.headers.get('X-CSRF-TOKEN');
  tell({ event: 'login', status: answer.status });
}

function createClient(client) {
  const cometd = new CometD(`client ${client}`);
  cometd.unregisterTransport('websocket');
  cometd.configure({
    url: `${options.url}/api/v2/notifications`,
    appendMessageTypeToURL: options.appendType,
    backoffIncrement: 200,
    logLevel: 'warn',
    requestHeaders,
  });
  if (options.ack) cometd.registerExtension('ack', new AckExtension());
  cometd.addListener('/meta/handshake', (message) => {
    tell({ event: 'handshake', client, ...summary(message) });
    if (message.successful) cometd.subscribe(options.channel, hear, (reply) => tell({ event: 'subscribe', client, ...summary(reply) }));
  });
  cometd.addListener('/meta/connect', (message) => tell({ event: 'connect', client, ...summary(message) }));
  cometd.addListener('/meta/unsuccessful', async (message) => {
    if ([401, 403].includes(message.failure?.httpCode)) await logIn();
  });
  function hear({ channel, data }) {
    tell({ event: 'message', client, channel, data });
  }
  return cometd;
}

function summary({ successful, error, advice, ext, clientId, failure }) {
  return { successful, error, advice, ext, clientId, httpCode: failure?.httpCode };
}

const clients = Array.from({ length: options.count }, (_, number) => createClient(number));

/** One after the other, so that all of them send the cookie that the first one got. */
function shakeHands(number) {
  clients[number]?.handshake(() => shakeHands(number + 1));
}

const operations = {
  login: logIn,
  handshake: () => shakeHands(0),
  disconnect: () => Promise.all(clients.map((client) => new Promise((done) => client.disconnect(done)))).then(() => null),
  status: () => clients.map((client) => client.getStatus()),
};

process.stdout.write('ready 0\n');
readline
  .createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { seq, op } = JSON.parse(line);
    const result = await operations[op]();
    tell({ done: seq, result: result === undefined ? null : result });
  })
  .on('close', () => process.exit(0));
