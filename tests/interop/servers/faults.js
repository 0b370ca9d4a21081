'use strict';

// Fault rules: what goes wrong with which request. A rule is
//   { path?, channel?, skip?, times?, ...effect }
// path: the end of the URL's path; channel: one of the request's Bayeux channels; skip: so many
// matches pass first; times: so many are hit (1; -1 for ever). An effect is one of
//   { status, body?, type?, headers? }  an HTTP answer instead of the server's
//   { raw }                             the same with status 200 and this text as JSON
//   { reply }                           a Bayeux reply with these fields instead of the server's
//   { action: "reset" | "hang" }        the socket reset, or no answer at all; the server sees nothing
//   { action: "drop" }                  the server forgets all sessions just before it sees the request
//   { action: "truncate" | "lose" }     half of the server's answer, or none of it, then the end;
//                                       "lose" waits for an answer that carries data
//   { merge }                           fields merged into the server's reply (one level deep)
//   { insert, every? }                  values put into the server's answer, one after every so many items,
//                                       or all together at the end

const BEFORE = ['status', 'raw', 'reply'];

function isBefore(rule) {
  return BEFORE.some((key) => key in rule) || ['reset', 'hang', 'drop'].includes(rule.action);
}

class Rules {
  constructor() {
    this.rules = [];
  }

  add(rules) {
    for (const rule of rules) this.rules.push({ skip: 0, times: 1, ...rule });
  }

  clear() {
    this.rules = [];
  }

  /** The rule for a request before the server sees it, used up by one. */
  before(path, messages) {
    return this._take((rule) => isBefore(rule) && matches(rule, path, messages));
  }

  /** The rules for the server's answer (a list of items, or null), used up by one each. */
  after(path, messages, items) {
    const hit = [];
    const fits = (rule) => !isBefore(rule) && matches(rule, path, messages) && !hit.includes(rule) && suits(rule, items);
    for (let rule = this._take(fits); rule; rule = this._take(fits)) hit.push(rule);
    return hit;
  }

  _take(fits) {
    for (const rule of this.rules) {
      if (rule.times === 0 || !fits(rule)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      if (rule.times > 0) rule.times -= 1;
      return rule;
    }
    return null;
  }
}

function matches(rule, path, messages) {
  if (rule.path && !path.endsWith(rule.path)) return false;
  return !rule.channel || messages.some((message) => message && message.channel === rule.channel);
}

function suits(rule, items) {
  const hasData = (items || []).some((item) => 'data' in item);
  return hasData || !(rule.action === 'lose' || rule.every);
}

/** Answer in the server's place. */
function answerInstead(rule, messages, response) {
  if (rule.action === 'hang') return;
  if (rule.action === 'reset') {
    response.socket.resetAndDestroy();
  } else if ('reply' in rule) {
    send(response, 200, JSON.stringify(messages.map((message) => refusal(rule, message))), {});
  } else if ('raw' in rule) {
    send(response, 200, rule.raw, {});
  } else {
    const headers = rule.type ? { 'Content-Type': rule.type, ...rule.headers } : rule.headers || {};
    send(response, rule.status, rule.body ?? '', headers);
  }
}

function refusal(rule, { id, channel, subscription }) {
  return { id, channel, ...(subscription === undefined ? {} : { subscription }), ...rule.reply };
}

/** Let the server answer through `finish(body)`: its writeHead and end are held back until then. */
function intercept(response, finish) {
  response.writeHead = (status, headers) => {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers || {})) {
      if (name.toLowerCase() !== 'content-length') response.setHeader(name, value);
    }
    return response;
  };
  response.end = (body) => {
    delete response.writeHead;
    delete response.end;
    finish(body === undefined ? '' : String(body));
    return response;
  };
}

/** The server's answer, changed by the rules, onto the wire. */
function answerWith(rules, items, body, response) {
  const { action } = rules.find((rule) => rule.action) || {};
  const text = rules.length && items ? JSON.stringify(rules.reduce(edited, items)) : body;
  const { socket } = response;
  const believed = () => response.emit('finish'); // the server believes that it has sent the answer
  if (action === 'lose') {
    socket.resetAndDestroy();
    believed();
  } else if (action === 'truncate') {
    response.writeHead(response.statusCode, { 'Content-Length': Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => {
      socket.destroy();
      believed();
    });
  } else {
    response.end(text, 'utf8');
  }
}

function edited(items, rule) {
  if (rule.merge) return items.map((item) => (item.channel === rule.channel ? merged(item, rule.merge) : item));
  if (!rule.insert) return items;
  if (!rule.every) return [...items, ...rule.insert];
  const left = [...rule.insert];
  return items.flatMap((item, i) => (i % rule.every === 0 && left.length ? [left.shift(), item] : [item]));
}

function merged(item, fields) {
  const result = { ...item };
  for (const [key, value] of Object.entries(fields)) {
    const nested = value && typeof value === 'object' && !Array.isArray(value);
    result[key] = nested ? { ...item[key], ...value } : value;
  }
  return result;
}

function send(response, status, body, headers) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

module.exports = { Rules, answerInstead, answerWith, intercept, send };
