// A real OAuth 2 server (npm oidc-provider), on a free port of 127.0.0.1, that can be told to speak as Entra ID does.
//
// Its one argument is a JSON object: see `provider.mjs` for what is registered. It is told what to do on its standard input, one
// JSON object a line, and answers each on its standard output; the first line there says where it listens. It ends with its input.

import http from 'node:http';
import https from 'node:https';
import querystring from 'node:querystring';
import readline from 'node:readline';

// The standard output is for answers.
console.log = console.info = console.warn = (...words) => console.error(...words);

const options = JSON.parse(process.argv[2]);
const { default: Registry } = await import('./provider.mjs');
const { translate, refusal, refuse, understand } = await import('./dialect.mjs');
const { default: Ledger } = await import('./ledger.mjs');

const BODY_BYTES = 64 * 1024;
/// What each kind of request does next, instead of or beside what it should: one fault a request, in their order.
const faults = new Map();
/// Every request so far. No secret is in it.
const seen = [];
const ledger = new Ledger();
/// Answers that wait for the order to go on.
const holding = new Set();
let flying = 0;
let most = 0;

const server = options.key
  ? https.createServer({ key: options.key, cert: options.certificate }, answer)
  : http.createServer(answer);
await new Promise((listening) => server.listen(options.port ?? 0, '127.0.0.1', listening));
const { port } = server.address();
const origin = `${options.key ? 'https' : 'http'}://${options.host}:${port}`;
const registry = new Registry(options, origin);
const app = registry.provider.callback();

/// What a request is, by its path and form.
function kindOf(path, form) {
  if (path.endsWith(registry.routes.device_authorization)) return 'device';
  if (path.endsWith(registry.routes.revocation)) return 'revocation';
  if (path.endsWith(registry.routes.authorization)) return 'authorization';
  if (!path.endsWith(registry.routes.token)) return 'other';
  return {
    'urn:ietf:params:oauth:grant-type:device_code': 'poll',
    authorization_code: 'code',
    client_credentials: 'credentials',
    refresh_token: 'refresh',
  }[form.grant_type] ?? 'other';
}

async function answer(request, response) {
  flying += 1;
  most = Math.max(most, flying);
  response.on('close', () => { flying -= 1; });
  try {
    await serve(request, response);
  } catch (error) {
    console.error(error);
    response.destroy();
  }
}

async function serve(request, response) {
  const url = new URL(request.url, origin);
  const form = request.method === 'POST' ? querystring.parse(await read(request)) : {};
  request.body = form;
  const kind = kindOf(url.pathname, form);
  seen.push(told(kind, url, form, request));
  ledger.sent(form);
  if (url.pathname.startsWith('/interaction/')) return registry.interact(request, response);
  const fault = faults.get(kind)?.shift();
  if (fault?.delay) await new Promise((passed) => setTimeout(passed, fault.delay));
  if (fault?.hold === 'before') await hold();
  // Nobody is there any more: the request never came.
  if (fault?.hold && response.destroyed) return undefined;
  if (fault?.cut === 'before') return response.destroy();
  if (fault?.answer) return write(response, repeating(fault.answer, form));
  if (options.dialect === 'entra') {
    const objection = registry.object(url, form);
    if (objection) return write(response, refusal(...objection));
    registry.language = url.searchParams.get('mkt');
    understand(form, url.searchParams);
    request.url = registry.local(url);
  }
  if (kind === 'other' || kind === 'authorization') {
    if (options.dialect === 'entra') withoutIssuer(response);
    return app(request, response);
  }
  capture(response, async (body, end) => {
    if (fault?.hold === 'after') await hold();
    if (fault?.cut === 'after') return response.destroy();
    let json = body.length > 0 ? JSON.parse(body) : undefined;
    if (json && options.dialect === 'entra') {
      json = translate(kind, json, registry);
      response.statusCode = json.error === 'invalid_client' ? 401 : response.statusCode;
    }
    if (json) Object.assign(json, fault?.set);
    for (const name of fault?.drop ?? []) delete json?.[name];
    if (json) ledger.given(json);
    end(json === undefined ? body : Buffer.from(JSON.stringify(json)));
  });
  return app(request, response);
}

/// Waits for the order to go on.
function hold() {
  return new Promise((on) => { holding.add(on); });
}

/// What a test may want to know of a request.
function told(kind, url, form, request) {
  const basic = (request.headers.authorization ?? '').startsWith('Basic ');
  const proof = form.client_assertion ? 'assertion' : form.client_secret ? 'body' : basic ? 'header' : 'none';
  const header = String(form.client_assertion ?? '').split('.')[0];
  return {
    kind,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    scope: form.scope ?? null,
    client: form.client_id ?? null,
    proof,
    assertion: header ? JSON.parse(Buffer.from(header, 'base64url')) : null,
    parameters: Object.keys(form).sort(),
  };
}

async function read(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function write(response, { status = 200, headers = {}, body = '' }) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/// With what the request proved itself by in the place of `{proof}`.
function repeating(answer, form) {
  const proof = form.refresh_token ?? form.device_code ?? form.code ?? '';
  return JSON.parse(JSON.stringify(answer).replaceAll('{proof}', proof));
}

/// Holds an answer back until it is whole.
function capture(response, done) {
  const chunks = [];
  const end = response.end.bind(response);
  response.write = (chunk) => chunks.push(Buffer.from(chunk)) > 0;
  response.end = (chunk) => {
    if (chunk) chunks.push(Buffer.from(chunk));
    done(Buffer.concat(chunks), (body) => {
      response.setHeader('content-length', body.length);
      end(body);
    });
    return response;
  };
}

/// Entra does not say who it is in a redirect (RFC 9207).
function withoutIssuer(response) {
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    if (name.toLowerCase() !== 'location') return set(name, value);
    const url = new URL(value, origin);
    url.searchParams.delete('iss');
    return set(name, url.href);
  };
}

/// What a browser does: follows redirects with its cookies, until it is sent away from here. Answers where to.
async function browse(address) {
  const jar = new Map();
  let url = new URL(address);
  for (let hop = 0; hop < 20; hop += 1) {
    const response = await get(url, [...jar].map((pair) => pair.join('=')).join('; '));
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [pair] = cookie.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    if (!response.headers.location) throw new Error(`no redirect but ${response.statusCode} at ${url.pathname}`);
    url = new URL(response.headers.location, url);
    if (url.origin === origin) continue;
    ledger.sent(Object.fromEntries(url.searchParams));
    return url.href;
  }
  throw new Error('too many redirects');
}

function get(url, cookie) {
  return new Promise((done, failed) => {
    const client = url.protocol === 'https:' ? https : http;
    const headers = { cookie, accept: 'text/html' };
    client.get(url, { headers, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      response.on('end', () => done(response));
    }).on('error', failed);
  });
}

const controls = {
  // { kind, fault: { delay, hold: 'before' | 'after', cut: 'before' | 'after', answer: { status, headers, body }, set: {…}, drop: […] }, times };
  // `{proof}` in an answer becomes what the request proved itself by.
  fault({ kind, fault, times = 1 }) {
    const queue = faults.get(kind) ?? [];
    faults.set(kind, [...queue, ...Array(times).fill(fault)]);
  },
  // The same with one of Entra's own refusals, or the RFC's: { kind, error, number, times }
  refuse({ kind, times = 1, ...words }) {
    const made = options.dialect === 'entra' ? refusal(words.error, words.number, words.status) : refuse(words);
    controls.fault({ kind, fault: { answer: made }, times });
  },
  calm() { faults.clear(); },
  seen() { return seen; },
  forget() { seen.length = 0; most = flying; },
  most() { return most; },
  browse({ address }) { return browse(address); },
  // How many answers are being held, by `hold`, and that they may go on.
  held() { return holding.size; },
  release() {
    for (const on of holding) on();
    holding.clear();
  },
  accepts(token) { return ledger.accepts(token); },
  distrust() { ledger.distrust(); },
  secrets() { return ledger.secrets(); },
};

console.error(`listening at ${origin}`);
process.stdout.write(`${JSON.stringify({ listening: port })}\n`);
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { order, ...rest } = JSON.parse(line);
  const control = controls[order] ?? registry[order]?.bind(registry);
  try {
    process.stdout.write(`${JSON.stringify({ ok: (await control(rest)) ?? null })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error?.stack ?? error) })}\n`);
  }
}
process.exit(0);
