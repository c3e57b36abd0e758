//! Association by code (RFC 8628): the user types a short code on another machine, and the provider is polled meanwhile.

use std::time::{Duration, Instant};

use oauth2::{DeviceAuthorizationResponse, DeviceAuthorizationUrl, ExtraDeviceAuthorizationFields, Scope};
use relais_manifest::Lang;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::answer::Answer;
use crate::client::{malformed, unread, unreadable};
use crate::dialect::{Ask, PENDING, SLOW_DOWN};
use crate::text::{cleaned, token_like};
use crate::{Client, Dialect, Fault, FaultKind, Grant, Secret};

/// The grant type of a poll (RFC 8628 §3.4).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Characters of a user's code.
const USER_CODE: usize = 64;
/// Bytes of a device's code.
const DEVICE_CODE: usize = 8 * 1024;
/// Characters of a provider's message.
const MESSAGE: usize = 1000;
/// Bytes of an address that is shown.
const ADDRESS: usize = 2048;
/// What `slow_down` adds (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The shortest and the longest time between two polls.
const INTERVALS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The shortest and the longest life of a code.
const LIVES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// An association that waits for its user.
#[derive(Debug)]
pub struct DevicePending {
    /// What the user types.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: Url,
    /// The same with the code in it, where the provider has it (Entra does not).
    pub verification_uri_complete: Option<Url>,
    /// The provider's own sentence for the user, cleaned, in the language that was asked for if the provider has it.
    pub message: Option<String>,
    device_code: Secret,
    interval: Duration,
    until: Instant,
}

impl DevicePending {
    /// How long to wait before the next poll. It grows where the provider asks for it, and where it cannot be reached.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// How long the code is still good.
    pub fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// What one poll found. The association goes on, but for `Done`.
#[derive(Debug)]
pub enum Poll {
    /// The user is not done.
    Pending,
    /// The same, and the interval is longer now.
    SlowDown,
    /// The provider could not be asked; the interval is twice as long now (RFC 8628 §3.5).
    Unanswered(Fault),
    /// The account is associated.
    Done(Box<Grant>),
}

#[derive(Debug, Deserialize, Serialize)]
struct Extra {
    #[serde(default)]
    message: Option<String>,
}

impl ExtraDeviceAuthorizationFields for Extra {}

impl Client {
    /// Asks for the codes of an association. `lang` is the language of the provider's message.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Configuration`] or [`FaultKind::Unavailable`], mostly.
    pub async fn begin_device(&self, lang: Lang) -> Result<DevicePending, Fault> {
        let Some(endpoint) = &self.provider.device else {
            return Err(Fault::new(
                FaultKind::Configuration,
                "flow-not-offered",
                &self.provider.id,
            ));
        };
        let begun = Instant::now();
        let mut url = endpoint.url.clone();
        if self.provider.dialect == Dialect::Entra {
            let language = match lang {
                Lang::Fr => "fr-FR",
                Lang::En => "en-US",
            };
            url.query_pairs_mut().append_pair("mkt", language);
        }
        let oauth = self
            .oauth()
            .set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
        let scopes = self.provider.scopes.iter().map(|scope| Scope::new(scope.clone()));
        let mut request = oauth.exchange_device_code().add_scopes(scopes);
        for (name, value) in self.assertion()? {
            request = request.add_extra_param(name, value);
        }
        let http = self.http(endpoint, Ask::Device);
        let answer: DeviceAuthorizationResponse<Extra> = request.request_async(&http).await.map_err(unread)?;
        let clear = endpoint.url.scheme() == "http";
        let user_code = cleaned(answer.user_code().secret(), USER_CODE);
        if user_code.is_empty() || user_code != *answer.user_code().secret() {
            return Err(malformed("user_code"));
        }
        if !token_like(answer.device_code().secret(), DEVICE_CODE) {
            return Err(malformed("device_code"));
        }
        let complete = answer.verification_uri_complete();
        let complete = complete.and_then(|address| Url::parse(address.secret()).ok());
        let message = answer.extra_fields().message.as_deref();
        let message = message
            .map(|message| cleaned(message, MESSAGE))
            .filter(|message| !message.is_empty());
        Ok(DevicePending {
            user_code,
            verification_uri: shown(answer.verification_uri().url(), clear)?,
            verification_uri_complete: complete.and_then(|address| shown(&address, clear).ok()),
            message,
            device_code: Secret::new(answer.device_code().secret().clone()),
            interval: answer.interval().clamp(INTERVALS.0, INTERVALS.1),
            until: begun + answer.expires_in().clamp(LIVES.0, LIVES.1),
        })
    }

    /// Asks once whether the user is done. It does not wait: [`DevicePending::interval`] says how long to.
    ///
    /// # Errors
    ///
    /// The association is over: [`FaultKind::Declined`], [`FaultKind::Expired`], or what stands in its way.
    pub async fn poll_device(&self, pending: &mut DevicePending) -> Result<Poll, Fault> {
        if pending.remaining().is_zero() {
            return Err(Fault::new(FaultKind::Expired, "expired_token", ""));
        }
        let asked = Instant::now();
        let code = pending.device_code.reveal();
        let request = self.form(&self.provider.token, &[("grant_type", GRANT), ("device_code", code)])?;
        let fault = match self.post(&self.provider.token, Ask::Poll, request).await {
            Ok(response) => {
                let answer: Answer = serde_json::from_slice(response.body()).map_err(|_| unreadable(""))?;
                let grant = self.grant(answer, &self.provider.scopes, Ask::Poll, asked)?;
                return Ok(Poll::Done(Box::new(grant)));
            }
            Err(fault) => fault,
        };
        match fault.code.as_str() {
            PENDING => Ok(Poll::Pending),
            SLOW_DOWN => {
                pending.interval = (pending.interval + SLOWER).min(INTERVALS.1);
                Ok(Poll::SlowDown)
            }
            _ if fault.kind.retries() => {
                let asked = fault.retry_after.unwrap_or_default();
                pending.interval = (pending.interval * 2).min(INTERVALS.1).max(asked);
                Ok(Poll::Unanswered(fault))
            }
            _ => Err(fault),
        }
    }
}

/// An address that a page may make a link of: a web address, and a safe one unless the provider itself is asked in clear.
fn shown(address: &Url, clear: bool) -> Result<Url, Fault> {
    let web = address.scheme() == "https" || (clear && address.scheme() == "http");
    if !web || address.as_str().len() > ADDRESS || !address.username().is_empty() || address.password().is_some() {
        return Err(Fault::new(FaultKind::Configuration, "endpoint-clear", address.scheme()));
    }
    Ok(address.clone())
}
