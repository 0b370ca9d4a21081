'use strict';

// The two CometD servers behind one face: handle, publish, drop, deny, sessions.
// What a server does by itself (refusals, advice, expiry) is left as it is.

const path = require('node:path');
const { createRequire } = require('node:module');

/** A `require` for the folder that CHATBOT_NODE_MODULES names, or for the one beside this file. */
function packages() {
  const folder = process.env.CHATBOT_NODE_MODULES || path.join(__dirname, 'node_modules');
  return createRequire(path.join(folder, 'package.json'));
}

/** A countdown of refusals per kind and channel; -1 refuses for ever. */
class Denials {
  constructor() {
    this.left = {};
  }

  set(kind, times) {
    this.left[kind] = times;
  }

  take(kind) {
    const left = this.left[kind] || 0;
    if (left > 0) this.left[kind] = left - 1;
    return left !== 0;
  }

  clear() {
    this.left = {};
  }
}

class NodeJs {
  constructor(options, changed) {
    const load = packages();
    this.denials = new Denials();
    this.alive = new Map();
    this.cometd = load('cometd-nodejs-server').createCometDServer({
      timeout: options.timeout,
      interval: 0,
      maxInterval: options.maxInterval,
      sweepPeriod: 97,
      maxSessionsPerBrowser: options.maxSessionsPerBrowser ?? 1,
      multiSessionInterval: options.multiSessionInterval ?? 2000,
    });
    if (options.ack) {
      const { AcknowledgedMessagesExtension } = load('cometd-nodejs-server/ack-extension.js');
      this.cometd.addExtension(new AcknowledgedMessagesExtension());
    }
    this.cometd.addListener('sessionAdded', (session) => {
      this.alive.set(session.id, session);
      changed('session_added', session.id);
    });
    this.cometd.addListener('sessionRemoved', (session) => {
      this.alive.delete(session.id);
      changed('session_removed', session.id);
    });
    this.cometd.addListener('subscribed', (channel, session) => {
      for (let i = 0; i < (options.snapshot || 0); i++) session.deliver(null, channel.name, { n: i });
    });
    this.cometd.policy = {
      canHandshake: (session, message, answer) => answer(undefined, !this.denials.take('handshake')),
      canSubscribe: (session, message, channel, answer) => answer(undefined, !this.denials.take('subscribe')),
    };
  }

  handle(request, response) {
    this.cometd.handle(request, response);
  }

  publish(channel, data) {
    this.cometd.createServerChannel(channel).publish(null, data);
  }

  drop(id) {
    const session = this.alive.get(id);
    this.cometd._removeServerSession(session, true);
    session._flush();
  }
}

class Faye {
  constructor(options, changed) {
    const faye = packages()('faye');
    this.denials = new Denials();
    this.alive = new Map();
    this.adapter = new faye.NodeAdapter({ mount: '/cometd', timeout: options.timeout / 1000 });
    this.engine = this.adapter._server._engine;
    this.adapter.bind('handshake', (id) => {
      this.alive.set(id, id);
      changed('session_added', id);
    });
    this.adapter.bind('disconnect', (id) => {
      this.alive.delete(id);
      changed('session_removed', id);
    });
    this.adapter.addExtension({
      incoming: (message, answer) => {
        const kind = { '/meta/handshake': 'handshake', '/meta/subscribe': 'subscribe' }[message.channel];
        if (kind && this.denials.take(kind)) message.error = `403::${kind} denied`;
        answer(message);
      },
    });
  }

  handle(request, response) {
    this.adapter.handle(request, response);
  }

  publish(channel, data) {
    this.engine.publish({ channel, data });
  }

  drop(id) {
    this.engine.destroyClient(id);
  }
}

/**
 * @param {object} options kind, timeout and maxInterval in ms, ack, snapshot, maxSessionsPerBrowser
 * @param {function(string, string)} changed told of each session that begins or ends
 */
function createEngine(options, changed) {
  return options.kind === 'faye' ? new Faye(options, changed) : new NodeJs(options, changed);
}

module.exports = { createEngine };
