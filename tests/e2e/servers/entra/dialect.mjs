// Entra ID's words for what the server says in the RFCs'. As documented by Microsoft: v2-oauth2-device-code, reference-error-codes.

import { randomUUID } from 'node:crypto';

const WORDS = {
  50057: 'The user account is disabled.',
  50173: 'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
  53003: 'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  65001: 'The user or administrator has not consented to use the application.',
  70000: 'The provided value for the input parameter is not valid. The grant is not valid.',
  70011: 'The provided value for the input parameter \'scope\' isn\'t valid.',
  70016: 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  70018: 'Bad verification code.',
  70019: 'The verification code has expired.',
  90002: 'Tenant not found. Check to make sure you have the correct tenant ID.',
  700016: 'Application was not found in the directory.',
  700024: 'Client assertion is not within its valid time range.',
  700025: 'Client is public so neither \'client_assertion\' nor \'client_secret\' should be presented.',
  700027: 'Client assertion failed signature validation.',
  700082: 'The refresh token has expired due to inactivity.',
  7000215: 'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  7000218: 'The request body must contain the following parameter: \'client_assertion\' or \'client_secret\'.',
};

/// Where a scope is that names no resource, but for those of OpenID Connect.
const GRAPH = 'https://graph.microsoft.com/';
const OIDC = new Set(['openid', 'offline_access', 'profile', 'email']);

/// Reads a request as Entra does: a scope without a resource is Graph's, and whoever chose an account and asked for a refresh token
/// is asked for consent where it is missing.
export function understand(form, query) {
  const whole = (scopes) => scopes.split(' ').map((name) => (OIDC.has(name) || name.includes('/') ? name : GRAPH + name)).join(' ');
  if (form.scope) form.scope = whole(form.scope);
  if (query.has('scope')) query.set('scope', whole(query.get('scope')));
  if (query.get('prompt') === 'select_account') query.set('prompt', 'consent');
}

/// An answer that refuses.
export function refusal(error, number, status = 400) {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '');
  const words = WORDS[number] ?? 'The request was refused.';
  const body = {
    error,
    error_description: `AADSTS${number}: ${words} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [number],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${number}`,
  };
  if (number === undefined) Object.assign(body, { error_description: 'The user declined.', error_codes: undefined, error_uri: undefined });
  return { status, body };
}

/// The RFCs' own.
export function refuse({ error, description, status = 400 }) {
  return { status, body: { error, error_description: description } };
}

/// What Entra would have answered.
export function translate(kind, json, registry) {
  if (json.error) return refusal(...entra(kind, json, registry)).body;
  if (kind === 'device') {
    const { verification_uri_complete: _, ...rest } = json;
    const french = `Pour vous connecter, ouvrez la page ${json.verification_uri} et entrez le code ${json.user_code}.`;
    const english = `To sign in, open the page ${json.verification_uri} and enter the code ${json.user_code}.`;
    const message = registry.language === 'fr-FR' ? french : english;
    return { ...rest, interval: registry.options.interval, message };
  }
  return { ...json, ext_expires_in: json.expires_in };
}

function entra(kind, { error }, registry) {
  switch (error) {
    case 'authorization_pending': return [error, 70016];
    case 'access_denied': return ['authorization_declined'];
    case 'expired_token': return [error, 70019];
    case 'invalid_client': return [error, 7000215, 401];
    case 'invalid_scope': return [error, 70011];
    case 'invalid_grant': return {
      poll: ['bad_verification_code', 70018],
      refresh: [error, registry.user.disabled ? 50057 : registry.revoked],
    }[kind] ?? [error, 70000];
    default: return [error, 90014];
  }
}
