// What went over the wire: every secret, for a test that searches for them, and which access tokens a resource would take.

/// Of a request, and of an answer.
const SENT = ['client_assertion', 'client_secret', 'code', 'code_verifier', 'device_code', 'refresh_token'];
const GIVEN = ['access_token', 'device_code', 'id_token', 'refresh_token'];

export default class Ledger {
  constructor() {
    this.kinds = new Map();
    /// When each access token ends, in milliseconds.
    this.ends = new Map();
  }

  note(names, from) {
    for (const name of names) if (from[name]) this.kinds.set(from[name], name);
  }

  sent(form) { this.note(SENT, form); }

  given(json) {
    this.note(GIVEN, json);
    if (json.access_token) this.ends.set(json.access_token, Date.now() + json.expires_in * 1000);
  }

  // What a test may order.

  /// Whether a resource takes this access token now.
  accepts({ token }) { return (this.ends.get(token) ?? 0) > Date.now(); }

  /// No resource takes an access token that was given until now, as after a new password.
  distrust() { this.ends.clear(); }

  /// Every secret, as [kind, value].
  secrets() { return [...this.kinds].map(([value, kind]) => [kind, value]); }
}
