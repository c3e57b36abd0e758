//! Association by redirect: a browser signs in at the provider and comes back with a code (RFC 6749 §4.1), bound to this attempt
//! by PKCE (RFC 7636) and `state`, as RFC 9700 §2.1 asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use oauth2::{AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use subtle::ConstantTimeEq;
use url::Url;

use crate::client::unread;
use crate::dialect::{self, Ask, ErrorAnswer};
use crate::text::token_like;
use crate::{Client, Fault, FaultKind, Grant, Secret};

/// Bytes of a returned address.
const ADDRESS: usize = 32 * 1024;
/// Bytes of a code.
const CODE: usize = 8 * 1024;
/// Bytes of randomness in `state`.
const STATE: u32 = 32;
/// An association whose browser has not come back. It is good for one exchange.
#[derive(Debug)]
pub struct CodePending {
    /// The address to open in a browser.
    pub address: Url,
    state: Secret,
    verifier: Secret,
    redirect: Url,
    begun: Instant,
}

impl CodePending {
    /// How long a browser may take.
    pub const LIFE: Duration = Duration::from_secs(30 * 60);

    /// What the returned address will carry: by it the association is found among those in progress.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// How long the association is still good.
    pub fn remaining(&self) -> Duration {
        Self::LIFE.saturating_sub(self.begun.elapsed())
    }
}

impl Client {
    /// Makes the address that a browser is to open, which comes back to `redirect`.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Configuration`]: the provider does not offer it.
    pub fn begin_code(&self, redirect: &Url) -> Result<CodePending, Fault> {
        let Some(authorization) = &self.provider.authorization else {
            return Err(Fault::new(
                FaultKind::Configuration,
                "flow-not-offered",
                &self.provider.id,
            ));
        };
        let oauth = self.oauth().set_auth_uri(AuthUrl::from_url(authorization.clone()));
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.provider.scopes.iter().map(|scope| Scope::new(scope.clone()));
        let mut request = oauth
            .authorize_url(|| CsrfToken::new_random_len(STATE))
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect.clone())));
        for (name, value) in &self.provider.authorize_parameters {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        let (address, state) = request.url();
        Ok(CodePending {
            address,
            state: Secret::new(state.into_secret()),
            verifier: Secret::new(verifier.into_secret()),
            redirect: redirect.clone(),
            begun: Instant::now(),
        })
    }

    /// Ends an association with the address that the browser came back to, pasted or called.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Expired`] with `redirect-…`: the address is not this association's; it may still come. Any other fault ends
    /// the association.
    pub async fn finish_code(&self, pending: &CodePending, redirected: &Url) -> Result<Grant, Fault> {
        let code = returned(pending, redirected, self)?;
        let asked = Instant::now();
        let oauth = self.oauth();
        let mut request = oauth
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.reveal().to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(pending.redirect.clone())));
        for (name, value) in self.assertion()? {
            request = request.add_extra_param(name, value);
        }
        let http = self.http(&self.provider.token, Ask::Code);
        let answer = request.request_async(&http).await.map_err(unread)?;
        self.grant(answer, &self.provider.scopes, Ask::Code, asked)
    }
}

/// The code of a returned address, once it is known to be this association's.
fn returned(pending: &CodePending, redirected: &Url, client: &Client) -> Result<String, Fault> {
    let wrong = |code: &str, detail: &str| Fault::new(FaultKind::Expired, code, detail);
    if pending.remaining().is_zero() {
        return Err(wrong("expired_token", ""));
    }
    let ours = &pending.redirect;
    if redirected.as_str().len() > ADDRESS || redirected.origin() != ours.origin() || redirected.path() != ours.path() {
        return Err(wrong("redirect-address", ours.as_str()));
    }
    let mut parameters: BTreeMap<Cow<'_, str>, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in redirected.query_pairs() {
        // RFC 6749 §3.1: none is given twice.
        if parameters.insert(name, value).is_some() {
            return Err(wrong("redirect-state", ""));
        }
    }
    let get = |name: &str| parameters.get(name).map(|value| value.as_ref());
    let state = get("state").unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(pending.state.reveal().as_bytes())) {
        return Err(wrong("redirect-state", ""));
    }
    if get("iss").is_some_and(|issuer| !issued(issuer, client)) {
        return Err(wrong("redirect-issuer", get("iss").unwrap_or_default()));
    }
    if let Some(error) = get("error") {
        let answer = ErrorAnswer::new(error.to_owned(), get("error_description").map(str::to_owned));
        return Err(dialect::read(client.provider.dialect, Ask::Code, 400, &answer));
    }
    match get("code") {
        Some(code) if token_like(code, CODE) => Ok(code.to_owned()),
        _ => Err(wrong("redirect-code", "")),
    }
}

/// RFC 9207 §2.4. A manifest names no issuer, so that it is known by its origin: where a browser was sent, or tokens are given.
fn issued(issuer: &str, client: &Client) -> bool {
    let Ok(issuer) = Url::parse(issuer) else {
        return false;
    };
    let authorization = client.provider.authorization.iter();
    let mut known = authorization.chain([&client.provider.token.url]);
    known.any(|address| address.origin() == issuer.origin())
}
