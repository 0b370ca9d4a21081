'use strict';

// Who may come in: HTTP Basic, an HTTP session made by GET /api/v2/me, and the CSRF header of that
// session, with the names and the answers of GWS (reference 3.1, 3.2). Everything is off until demanded.

const crypto = require('node:crypto');

const CSRF_HEADER = 'X-CSRF-TOKEN-OF-GWS';

class Gate {
  constructor() {
    this.clear();
  }

  clear() {
    this.demands = {};
    this.tokens = new Map(); // JSESSIONID -> CSRF token
  }

  /** @param {{basic?: string, session?: boolean, csrf?: boolean}} demands */
  require(demands) {
    this.demands = demands;
  }

  /** All sessions get a new CSRF token; the old ones are worth nothing. */
  rotate() {
    for (const id of this.tokens.keys()) this.tokens.set(id, crypto.randomUUID());
  }

  /** All HTTP sessions end. */
  logOut() {
    this.tokens.clear();
  }

  /** Null, or the refusal of this request. */
  refusal(request) {
    const { basic, session, csrf } = this.demands;
    const expected = `Basic ${Buffer.from(basic || '').toString('base64')}`;
    if (basic && request.headers.authorization !== expected) return { status: 401, body: 'who are you?' };
    if (request.method === 'GET') return null;
    const id = sessionOf(request);
    if (session && !this.tokens.has(id)) return { status: 401, body: 'no session' };
    if (csrf && request.headers[CSRF_HEADER.toLowerCase()] !== this.tokens.get(id)) {
      return { status: 403, body: 'Missing or invalid Csrf token' };
    }
    return null;
  }

  /** The headers that a GET brings: the session's cookie and its CSRF token. */
  welcome(request) {
    const headers = {};
    let id = sessionOf(request);
    if (!this.tokens.has(id)) {
      id = crypto.randomUUID();
      this.tokens.set(id, crypto.randomUUID());
      headers['Set-Cookie'] = `JSESSIONID=${id}; Path=/; HttpOnly`;
    }
    if (this.demands.csrf) {
      headers['X-CSRF-HEADER'] = CSRF_HEADER;
      headers['X-CSRF-TOKEN'] = this.tokens.get(id);
    }
    return headers;
  }
}

function sessionOf(request) {
  const match = /(?:^|;\s*)JSESSIONID=([^;]*)/.exec(request.headers.cookie || '');
  return match ? match[1] : '';
}

module.exports = { Gate };
