//! One request, one answer: what leaves towards a provider, and how much of what comes back is believed.
//!
//! In this order: the whole exchange has its time; a redirect is not followed; at most 64 KiB are read; a page is not an
//! answer; then a refusal is read in the provider's dialect. What we sent as a secret is masked wherever it comes back.

use std::error::Error;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use oauth2::{HttpRequest, HttpResponse};
use relais_outgoing::{Body, ClientError, ClientFault, Refused};
use url::{Url, form_urlencoded};

use crate::dialect::{self, Ask, ErrorAnswer};
use crate::provider::Endpoint;
use crate::text::cleaned;
use crate::{Dialect, Fault, FaultKind};

/// Bytes of an answer.
const ANSWER_BYTES: usize = 64 * 1024;
/// A clock that is off by less is not worth a word.
const CLOCK_SECONDS: u64 = 120;
/// What a secret that comes back in an answer is shown as.
const MASK: &str = "[…]";
/// The code of a fault where the host's own proxy does not let the request out.
pub(crate) const PROXY_REFUSES: &str = "proxy-refuses";
/// Parameters of a request whose values nobody may see again.
const SECRET_PARAMETERS: [&str; 7] = [
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "token",
];
/// A shorter value would mask ordinary words.
const SECRET_BYTES: usize = 8;

/// What an exchange needs to know beside the request.
pub(crate) struct Exchange<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) dialect: Dialect,
    pub(crate) ask: Ask,
    pub(crate) patience: Duration,
    pub(crate) now: fn() -> SystemTime,
    /// A secret that is in a header of the request.
    pub(crate) secret: Option<&'a str>,
}

/// Sends a request and reads its answer: JSON of a success, or why there is none.
pub(crate) async fn post(exchange: Exchange<'_>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let form: Vec<(String, String)> = form_urlencoded::parse(request.body()).into_owned().collect();
    let signed = form.iter().any(|(name, _)| name == "client_assertion");
    let secrets = form
        .iter()
        .filter(|(name, _)| SECRET_PARAMETERS.contains(&name.as_str()));
    let mask = Mask(
        secrets
            .map(|(_, value)| value.as_str())
            .chain(exchange.secret)
            .collect(),
    );
    let answer = tokio::time::timeout(
        exchange.patience,
        fetch(&exchange.endpoint.http, request.map(Body::from)),
    )
    .await;
    let answer = answer.unwrap_or_else(|_| {
        let mut fault = Fault::new(FaultKind::Unavailable, "timeout", "");
        fault.unanswered = true;
        Err(fault)
    })?;
    let ahead = clock_ahead(&answer.headers, (exchange.now)());
    let retry_after = retry_after(&answer.headers, (exchange.now)(), ahead);
    judge(&exchange, answer, &mask).map_err(|mut fault| {
        if fault.kind == FaultKind::Unavailable {
            fault.retry_after = retry_after.or(fault.retry_after);
        }
        if signed && matches!(fault.kind, FaultKind::Clock | FaultKind::Configuration) {
            fault.clock_ahead = ahead;
            // Only Entra says that it is the time; others say that they do not know who signed.
            if ahead.is_some() && fault.code == "invalid_client" {
                fault.kind = FaultKind::Clock;
            }
        }
        fault
    })
}

/// An answer, read but not judged.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

async fn fetch(http: &relais_outgoing::Client, request: http::Request<Body>) -> Result<Answer, Fault> {
    let (head, mut incoming) = http.execute(request).await.map_err(lost)?.into_parts();
    let mut body = Vec::new();
    // What a redirect says beside its address does not matter.
    while !head.status.is_redirection() {
        let Some(frame) = incoming.frame().await else {
            break;
        };
        let frame = frame.map_err(|error| broken(&error))?;
        let piece = frame.data_ref().map(|piece| &piece[..]).unwrap_or_default();
        if body.len() + piece.len() > ANSWER_BYTES {
            let mut fault = Fault::new(FaultKind::Unavailable, "too-large", "");
            fault.unanswered = head.status.is_success();
            return Err(fault);
        }
        body.extend_from_slice(piece);
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}

/// No answer at all.
fn lost(error: ClientError) -> Fault {
    let (kind, code, detail) = match error.fault {
        ClientFault::Refused(refused) => {
            let detail = match refused {
                Refused::Address { asked, ip, .. } => format!("{asked} → {ip}"),
                other => other.to_string(),
            };
            (FaultKind::Configuration, "provider-refused", detail)
        }
        ClientFault::Proxy(fault) => {
            let code = if fault.fault.refuses() {
                PROXY_REFUSES
            } else {
                "unreachable"
            };
            (FaultKind::Unavailable, code, fault.to_string())
        }
        ClientFault::Unreachable(text) => (FaultKind::Unavailable, "unreachable", text),
        ClientFault::Tls(text) => (FaultKind::Unavailable, "tls", text),
        ClientFault::Timeout => (FaultKind::Unavailable, "timeout", String::new()),
        ClientFault::Failed(text) => (FaultKind::Unavailable, "broken", text),
    };
    let mut fault = Fault::new(kind, code, &detail);
    fault.unanswered = error.connected;
    fault
}

/// An answer that broke off.
fn broken(error: &(dyn Error + 'static)) -> Fault {
    let innermost = relais_outgoing::causes(error).last().map(ToString::to_string);
    let mut fault = Fault::new(FaultKind::Unavailable, "broken", &innermost.unwrap_or_default());
    fault.unanswered = true;
    fault
}

fn judge(exchange: &Exchange<'_>, answer: Answer, mask: &Mask<'_>) -> Result<HttpResponse, Fault> {
    let Answer { status, headers, body } = answer;
    if status.is_redirection() {
        return Err(redirected(exchange.endpoint, status, &headers));
    }
    // RFC 7009 §2.2: the content of a successful revocation says nothing.
    if exchange.ask == Ask::Revoke && status.is_success() {
        return Ok(json(Vec::new()));
    }
    if let Some(refusal) = refusal(status, &body) {
        let refusal = refusal.map(|text| mask.over(text));
        return Err(dialect::read(exchange.dialect, exchange.ask, status.as_u16(), &refusal));
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .map(|kind| String::from_utf8_lossy(kind.as_bytes()));
    let code = match kind.as_deref().map(str::to_ascii_lowercase) {
        _ if page(&body) => "web-page",
        Some(kind) if kind.contains("html") => "web-page",
        _ if !status.is_success() => "http-status",
        Some(kind) if !kind.split(';').next().unwrap_or_default().trim_end().ends_with("json") => "not-json",
        _ => return Ok(json(body)),
    };
    let fault_kind = match status.as_u16() {
        404 | 405 | 410 => FaultKind::Configuration,
        _ => FaultKind::Unavailable,
    };
    let code = if status.as_u16() == 429 { "throttled" } else { code };
    let detail = match kind {
        Some(kind) => format!("HTTP {}, {kind}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    let mut fault = Fault::new(fault_kind, code, &mask.over(&detail));
    fault.unanswered = status.is_success();
    Err(fault)
}

/// An error response, also under a status of success, as some providers send it.
fn refusal(status: StatusCode, body: &[u8]) -> Option<ErrorAnswer> {
    let answer: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    if status.is_success() && answer.contains_key("access_token") {
        return None;
    }
    serde_json::from_value(serde_json::Value::Object(answer)).ok()
}

fn page(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    text.starts_with(b"<")
}

fn json(body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Names where it points, without the query, which may hold what was meant for us alone.
fn redirected(endpoint: &Endpoint, status: StatusCode, headers: &HeaderMap) -> Fault {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location
        .and_then(|text| endpoint.url.join(text).ok())
        .map(|mut url: Url| {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        });
    let detail = format!("HTTP {} → {}", status.as_u16(), target.as_deref().unwrap_or("?"));
    Fault::new(FaultKind::Unavailable, "redirected", &detail)
}

/// Seconds that this machine's clock is ahead of the answer's, where that is worth a word.
fn clock_ahead(headers: &HeaderMap, now: SystemTime) -> Option<i64> {
    let theirs = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let (seconds, sign) = match now.duration_since(theirs) {
        Ok(ahead) => (ahead.as_secs(), 1),
        Err(behind) => (behind.duration().as_secs(), -1),
    };
    let seconds = i64::try_from(seconds).ok().filter(|_| seconds > CLOCK_SECONDS)?;
    Some(sign * seconds)
}

/// RFC 9110 §10.2.3: seconds, or a date, which is read by the provider's own clock.
fn retry_after(headers: &HeaderMap, now: SystemTime, ahead: Option<i64>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            let by = Duration::from_secs(ahead.unwrap_or_default().unsigned_abs());
            let theirs = match ahead.unwrap_or_default() {
                0.. => now.checked_sub(by)?,
                _ => now.checked_add(by)?,
            };
            until.duration_since(theirs).unwrap_or_default()
        }
    };
    Some(wait.min(Fault::RETRY_AFTER))
}

/// What was sent as a secret.
struct Mask<'a>(Vec<&'a str>);

impl Mask<'_> {
    /// The text without the secrets, as they are and as a form has them. They are masked before anything is cut, so that no part of
    /// one is left.
    fn over(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.0.iter().filter(|secret| secret.len() >= SECRET_BYTES) {
            let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for secret in [*secret, encoded.as_str()] {
                if text.contains(secret) {
                    text = text.replace(secret, MASK);
                }
            }
        }
        cleaned(&text, Fault::DETAIL_CHARACTERS)
    }
}
