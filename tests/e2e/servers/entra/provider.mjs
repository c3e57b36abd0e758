// Who is registered at the server, what they may have, and what its user does.

import { X509Certificate, createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const options = JSON.parse(process.argv[2]);
// A module is looked for beside the file that wants it, and this one stands elsewhere.
const found = createRequire(`${options.modules}/`).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(found));

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const OIDC = new Set(['openid', 'offline_access', 'profile', 'email']);
const DAY = 24 * 3600;
const seconds = () => Math.floor(Date.now() / 1000);

/// Everything is in memory, and can be reached by what a test wants.
class Store {
  static rows = new Map();
  static lenient = false;

  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload) { Store.rows.set(this.key(id), payload); }

  async find(id) { return Store.rows.get(this.key(id)); }

  async findBy(name, value) {
    for (const [key, row] of Store.rows) if (key.startsWith(`${this.model}:`) && row[name] === value) return row;
    return undefined;
  }

  async findByUserCode(code) { return this.findBy('userCode', code); }

  async findByUid(uid) { return this.findBy('uid', uid); }

  async destroy(id) { Store.rows.delete(this.key(id)); }

  async revokeByGrantId(grant) {
    for (const [key, row] of Store.rows) if (row.grantId === grant) Store.rows.delete(key);
  }

  async consume(id) {
    // Entra gives a new refresh token, and goes on taking the old one.
    if (Store.lenient && this.model === 'RefreshToken') return;
    const row = await this.find(id);
    if (row) row.consumed = seconds();
  }
}

export default class Registry {
  /// options: dialect, host, tenant, scopes (with their resource before the last slash), clients: [{ id, proof: 'none' | 'secret' |
  /// 'certificate', secret, certificate, redirects }], access (seconds), interval (seconds), rotate, lenient
  constructor(options, origin) {
    this.options = options;
    this.entra = options.dialect === 'entra';
    this.tenants = new Set([options.tenant, 'common', 'organizations']);
    // What the user does who is sent to the sign-in page.
    this.user = { account: 'marie', without: [], deny: false, disabled: false };
    this.roles = ['Mail.Send'];
    this.revoked = 50173;
    const at = this.entra ? '/oauth2/v2.0' : '';
    this.routes = {
      authorization: `${at}/authorize`,
      device_authorization: `${at}/devicecode`,
      token: `${at}/token`,
      revocation: '/revoke',
    };
    Store.lenient = options.lenient;
    const within = this.entra ? `/${options.tenant}` : '';
    const routes = Object.entries(this.routes).map(([name, path]) => [name, name === 'revocation' ? path : within + path]);
    this.provider = new Provider(origin, this.configuration(Object.fromEntries(routes)));
    this.within = within;
  }

  configuration(routes) {
    const { options } = this;
    return {
      adapter: Store,
      routes,
      clients: options.clients.map((client) => this.client(client)),
      scopes: [...OIDC],
      claims: { openid: ['sub', 'preferred_username', 'tid'] },
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      // A lasting grant needs no question that a browser would have to be asked twice.
      issueRefreshToken: (_, client, source) => client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
      rotateRefreshToken: () => options.rotate,
      expiresWithSession: () => false,
      ttl: {
        AccessToken: () => options.access,
        ClientCredentials: () => options.access,
        DeviceCode: 900,
        RefreshToken: 90 * DAY,
        Grant: 90 * DAY,
        IdToken: 3600,
        Interaction: 600,
        Session: 600,
      },
      extraTokenClaims: (_, token) => (token.accountId
        ? { tid: options.tenant, upn: this.account(token.accountId).preferred_username }
        : { tid: options.tenant, roles: this.roles }),
      findAccount: (_, id) => (this.user.disabled
        ? undefined
        : { accountId: id, claims: () => this.account(id) }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      features: {
        devInteractions: { enabled: false },
        deviceFlow: { enabled: true },
        clientCredentials: { enabled: true },
        revocation: { enabled: true },
        introspection: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: (ctx, _, several) => several?.[0] ?? this.resource(ctx.oidc.params.scope),
          useGrantedResource: () => true,
          getResourceServerInfo: (_, resource) => ({
            scope: [...options.scopes.filter((scope) => of(scope) === resource), `${resource}/.default`].join(' '),
            audience: resource,
            accessTokenTTL: options.access,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
    };
  }

  client({ id, proof, secret, certificate, redirects = ['http://127.0.0.1/oauth/callback'] }) {
    const grants = [DEVICE, 'authorization_code', 'refresh_token'];
    const method = { none: 'none', secret: this.entra ? 'client_secret_post' : 'client_secret_basic', certificate: 'private_key_jwt' };
    return {
      client_id: id,
      token_endpoint_auth_method: method[proof],
      application_type: 'native',
      grant_types: proof === 'none' ? grants : [...grants, 'client_credentials'],
      response_types: ['code'],
      redirect_uris: redirects,
      ...(secret && { client_secret: secret }),
      ...(certificate && { jwks: { keys: [new X509Certificate(certificate).publicKey.export({ format: 'jwk' })] } }),
    };
  }

  account(id) {
    return { sub: id, preferred_username: `${id}@mairie.example`, tid: this.options.tenant };
  }

  /// The resource that scopes are of.
  resource(scopes) {
    const named = String(scopes ?? '').split(' ').find((scope) => !OIDC.has(scope));
    return named && of(named);
  }

  /// The path here of one of Entra's, whatever the tenant is called.
  local(url) {
    const [, , ...rest] = url.pathname.split('/');
    const path = url.pathname.includes('/oauth2/v2.0/') ? [this.within, ...rest].join('/') : url.pathname;
    return path + url.search;
  }

  /// What Entra objects to before all else: error, number, status.
  object(url, form) {
    const { authorization, device_authorization, token } = this.routes;
    if (![authorization, device_authorization, token].some((path) => url.pathname.endsWith(path))) return undefined;
    const tenant = url.pathname.split('/')[1];
    if (!this.tenants.has(tenant)) return ['invalid_request', 90002];
    const id = form.client_id ?? url.searchParams.get('client_id');
    const client = this.options.clients.find((known) => known.id === id);
    if (!client) return ['unauthorized_client', 700016];
    const shown = form.client_secret ?? form.client_assertion;
    if (client.proof === 'none' && shown) return ['invalid_client', 700025, 401];
    if (client.proof !== 'none' && !shown && url.pathname.endsWith('/token')) return ['invalid_client', 7000218, 401];
    if (form.client_assertion) return assertion(client, form.client_assertion);
    return undefined;
  }

  /// The user's part, where a browser is.
  async interact(request, response) {
    const { prompt, params, session } = await this.provider.interactionDetails(request, response);
    const { account, without, deny } = this.user;
    let result;
    if (deny) {
      const description = this.entra ? 'AADSTS65004: User declined to consent to access the app.' : 'the user said no';
      result = { error: 'access_denied', error_description: description };
    } else if (prompt.name === 'login') {
      result = { login: { accountId: account } };
    } else {
      const grant = await this.grant(session.accountId, params.client_id, params.scope, without);
      result = { consent: { grantId: grant } };
    }
    await this.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  }

  async grant(account, client, scope, without) {
    const grant = new this.provider.Grant({ accountId: account, clientId: client });
    for (const name of scope.split(' ')) {
      // What is taken away is refused for good: it is not asked again.
      const verb = without.includes(name) ? 'reject' : 'add';
      if (OIDC.has(name)) grant[`${verb}OIDCScope`](name);
      else grant[`${verb}ResourceScope`](of(name), name);
    }
    return grant.save();
  }

  async pending(user_code) {
    const code = await this.provider.DeviceCode.findByUserCode(user_code.toUpperCase().replace(/\W/g, ''), { ignoreExpiration: true });
    if (!code) throw new Error(`no such code: ${user_code}`);
    return code;
  }

  // What a test may order from here on.

  /// The user types the code and agrees, but for the scopes `without`.
  async approve({ user_code, account = 'marie', without = [] }) {
    const code = await this.pending(user_code);
    const kept = code.params.scope.split(' ').filter((name) => !without.includes(name));
    code.accountId = account;
    code.grantId = await this.grant(account, code.clientId, code.params.scope, without);
    code.authTime = seconds();
    code.scope = kept.join(' ');
    code.resource = this.resource(code.scope);
    await code.save();
  }

  async decline({ user_code }) {
    const code = await this.pending(user_code);
    code.error = 'access_denied';
    code.errorDescription = 'the user said no';
    await code.save();
  }

  async expire({ user_code }) {
    const { jti } = await this.pending(user_code);
    Store.rows.get(`DeviceCode:${jti}`).exp = seconds() - 1;
  }

  /// Everything that was ever granted is void. Entra says it with this number.
  revoke({ number = 50173 }) {
    this.revoked = number;
    for (const [key, row] of Store.rows) if (key.startsWith('Grant:') || row.grantId) Store.rows.delete(key);
  }

  /// What the user at the sign-in page does: { account, without, deny, disabled }
  behave(user) { Object.assign(this.user, user); }

  /// { rotate, lenient, access, roles }
  change({ roles, ...rest }) {
    this.roles = roles ?? this.roles;
    Object.assign(this.options, rest);
    Store.lenient = this.options.lenient;
  }

  /// How many of a model there are, such as `RefreshToken`.
  count({ model }) {
    return [...Store.rows.keys()].filter((key) => key.startsWith(`${model}:`)).length;
  }
}

/// A scope's resource.
function of(scope) {
  return scope.slice(0, scope.lastIndexOf('/'));
}

/// What Entra objects to in an assertion.
function assertion(client, token) {
  const [header, claims] = token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const der = new X509Certificate(client.certificate).raw;
  const thumbprint = createHash('sha256').update(der).digest('base64url');
  if (header['x5t#S256'] !== thumbprint || !['PS256', 'RS256'].includes(header.alg)) return ['invalid_client', 700027, 401];
  const now = seconds();
  if (claims.nbf > now + 300 || claims.exp < now - 300) return ['invalid_client', 700024, 401];
  return undefined;
}
