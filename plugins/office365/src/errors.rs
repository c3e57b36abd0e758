//! From what Graph answers to the contract's kinds.
//!
//! Graph says `{"error": {"code", "message", "innerError"}}`, and its documentation asks to judge by `code` alone. Most codes of
//! mail are those of Exchange (EWS `ResponseCode`). The text is a sentence that says what to do, then Microsoft's own words.

use relais_sdk::{Failure, kind};
use serde::Deserialize;

use crate::codes::{Row, TABLE};
use crate::time;
use crate::wire::Response;

/// The longest part of Microsoft's own words that is passed on, in characters.
const WORDS: usize = 600;
/// Codes of a fault in the middle of a request, which may have been done.
const OPEN: [&str; 2] = ["ErrorTimeoutExpired", "UnknownError"];
/// The longest pause that is believed, in seconds: a day.
const RETRY_AFTER: u32 = 86_400;

/// An answer that is no success, as Graph tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    /// Empty where the answer is not Graph's: a gateway's page, most often.
    pub code: String,
    pub message: String,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// What Microsoft asks for when one calls it.
    pub request_id: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    code: String,
    #[serde(default)]
    message: String,
}

impl Refused {
    pub fn of(response: &Response) -> Self {
        let error = serde_json::from_slice::<Body>(&response.body)
            .ok()
            .map(|body| body.error);
        let (code, message) = error.map(|error| (error.code, error.message)).unwrap_or_default();
        Self {
            status: response.status,
            code,
            message: message.chars().take(WORDS).collect(),
            retry_after: retry_after(response),
            request_id: header(response, "request-id").map(str::to_owned),
        }
    }

    /// Whether this is Graph's own word on the request: an answer of the service, not of a gateway that heard nothing of it, nor
    /// a fault in the middle of it.
    pub fn is_final(&self) -> bool {
        match self.status {
            502 | 504 => false,
            500 => self.row().is_some_and(|(code, ..)| !OPEN.contains(code)),
            status => (300..600).contains(&status),
        }
    }

    /// Whether this is a 503 that the service itself did not sign: it may come from a front end that passed the request on before.
    pub fn is_turned_away(&self) -> bool {
        self.status == 503 && self.row().is_none_or(|(_, kind, _)| *kind != kind::THROTTLED)
    }

    fn row(&self) -> Option<&'static Row> {
        TABLE.iter().find(|(code, ..)| code.eq_ignore_ascii_case(&self.code))
    }

    /// The failure that it is; `doing` completes “in answer to”.
    pub fn failure(&self, doing: &str) -> Failure {
        let (kind, sentence) = match self.row() {
            // Some services say `TooManyRequests` with other words for it.
            _ if matches!(self.status, 429 | 503 | 509) => (
                kind::THROTTLED,
                self.row().map_or("Microsoft asks to slow down", |row| row.2),
            ),
            // Without the right of the token the code says little: `ErrorAccessDenied` comes with 401 too.
            Some((_, kind, sentence)) => (*kind, *sentence),
            None => by_status(self.status),
        };
        let mut text = sentence.to_owned();
        if !self.message.is_empty() {
            text.push_str(&format!(" (“{}”)", self.message));
        }
        text.push_str(&format!(", in answer to {doing}"));
        let code = format!("{} {}", self.status, self.code);
        let mut failure = Failure::new(kind, text).with_code(code.trim_end());
        if let Some(seconds) = self.retry_after {
            failure = failure.retry_in(seconds);
        }
        match &self.request_id {
            Some(id) => failure.with_detail("request-id", id),
            None => failure,
        }
    }
}

/// For codes that the table does not have, and answers that are not Graph's.
fn by_status(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => (
            kind::AUTHENTICATION,
            "Microsoft does not accept the account's token: associate the account again",
        ),
        403 => (
            kind::CONFIGURATION,
            "the account or the application lacks a permission, or access to the mailbox: grant Mail.Send and Mail.ReadWrite, and for another mailbox “Full access”",
        ),
        404 => (
            kind::CONFIGURATION,
            "Graph does not know the mailbox: check `mailbox` and `tenant`",
        ),
        413 => (
            kind::TOO_LARGE,
            "the mail is larger than Graph, or a proxy before it, takes in one request",
        ),
        400 | 422 => (
            kind::REJECTED,
            "Graph does not accept the mail: where every mail is refused so, check `mailbox` and `tenant`",
        ),
        408 | 409 | 412 | 423 | 500 | 502 | 504 | 507 => (kind::TEMPORARY, "Microsoft has a passing fault"),
        300..=399 => (
            kind::CONFIGURATION,
            "something between sends to another address, which is not followed: check `cloud`, and the proxy or the portal on the way out",
        ),
        _ => (
            kind::OTHER,
            "what answered is not Graph as it is documented: check `cloud`, and the proxy on the way out",
        ),
    }
}

/// Seconds of `Retry-After` (RFC 9110 section 10.2.3). Graph gives their number; something between may give a date, which is
/// counted from that of the answer.
fn retry_after(response: &Response) -> Option<u32> {
    let text = header(response, "retry-after")?.trim();
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let left = time::http_date(text)?.saturating_sub(time::of_answer(response)?);
            u32::try_from(left.max(0)).unwrap_or(RETRY_AFTER)
        }
    };
    Some(seconds.min(RETRY_AFTER))
}

pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let found = response.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn refused(status: u16, code: &str) -> Refused {
        Refused::of(&Response {
            status,
            headers: Vec::new(),
            body: format!(r#"{{"error":{{"code":"{code}","message":"Words.","innerError":{{}}}}}}"#).into_bytes(),
        })
    }

    #[test]
    fn the_table_is_in_order_and_says_each_code_once() {
        for pair in TABLE.windows(2) {
            let [(first, ..), (second, ..)] = pair else { panic!() };
            assert!(first.to_lowercase() < second.to_lowercase(), "{first} {second}");
        }
    }

    #[test]
    fn every_code_has_its_kind_a_sentence_microsofts_words_and_the_code_itself() {
        for (code, kind, sentence) in TABLE {
            let failure = refused(400, code).failure("sendMail");
            assert_eq!(failure.kind, kind, "{code}");
            assert_eq!(failure.code.as_deref(), Some(&*format!("400 {code}")));
            assert!(sentence.len() > 20 && !sentence.ends_with('.'), "{sentence}");
            assert_eq!(failure.text, format!("{sentence} (“Words.”), in answer to sendMail"));
        }
    }

    #[test]
    fn whoever_has_to_act_is_told_what_to_do() {
        for (code, kind, sentence) in TABLE {
            let waits = [kind::TEMPORARY, kind::THROTTLED].contains(&kind);
            assert!(waits || sentence.contains(": "), "{code}: {sentence}");
        }
    }

    #[test]
    fn the_kinds_are_those_that_the_cases_call_for() {
        for (code, kind) in [
            ("ErrorSendAsDenied", "rejected"),
            ("ErrorMessageSizeExceeded", "too-large"),
            ("ErrorInvalidRecipients", "rejected"),
            ("MailboxConcurrency", "throttled"),
            ("ApplicationThrottled", "throttled"),
            ("ErrorMimeContentInvalidBase64String", "rejected"),
            ("ErrorAccessDenied", "configuration"),
            ("MailboxNotEnabledForRESTAPI", "configuration"),
            ("ErrorQuotaExceeded", "temporary"),
            ("ErrorItemNotFound", "temporary"),
            ("ResourceNotFound", "configuration"),
            ("Authorization_RequestDenied", "configuration"),
            ("InvalidAuthenticationToken", "authentication"),
        ] {
            assert_eq!(refused(400, code).failure("x").kind, kind, "{code}");
        }
    }

    #[test]
    fn a_throttled_answer_says_how_long_whatever_its_code() {
        for (status, code) in [
            (429, "Anything"),
            (429, "ApplicationThrottled"),
            (503, "UnknownError"),
            (503, ""),
        ] {
            let mut response = Response {
                status,
                headers: vec![("Retry-After".to_owned(), " 17 ".to_owned())],
                body: format!(r#"{{"error":{{"code":"{code}"}}}}"#).into_bytes(),
            };
            let failure = Refused::of(&response).failure("sendMail");
            assert_eq!(
                (failure.kind.as_str(), failure.retry_after),
                ("throttled", Some(17)),
                "{status} {code}"
            );
            // A date says how long where the answer has one to count from.
            response.headers[0].1 = "Wed, 21 Oct 2026 07:28:00 GMT".to_owned();
            assert_eq!(Refused::of(&response).failure("sendMail").retry_after, None);
            for (now, expected) in [
                ("Wed, 21 Oct 2026 07:27:30 GMT", 30),
                ("Wed, 21 Oct 2026 09:00:00 GMT", 0),
                ("Mon, 21 Oct 2024 07:28:00 GMT", RETRY_AFTER),
            ] {
                response.headers.push(("Date".to_owned(), now.to_owned()));
                let failure = Refused::of(&response).failure("sendMail");
                assert_eq!(failure.retry_after, Some(expected), "{now}");
                response.headers.pop();
            }
        }
    }

    #[test]
    fn a_page_that_is_not_graphs_is_judged_by_its_status() {
        let page = |status| {
            let body = b"<html>Not Graph</html>".to_vec();
            let headers = Vec::new();
            let refused = Refused::of(&Response { status, headers, body });
            refused.failure("sendMail")
        };
        assert_eq!(page(401).kind, "authentication");
        assert_eq!(page(413).kind, "too-large");
        assert_eq!(page(302).kind, "configuration");
        assert_eq!(page(418).kind, "other");
        assert_eq!(page(413).code.as_deref(), Some("413"));
        assert!(!page(413).text.contains("html"));
    }

    #[test]
    fn a_gateway_and_a_fault_without_a_name_are_no_word_on_the_mail() {
        for (status, code, is_final) in [
            (400, "Whatever", true),
            (403, "ErrorSendAsDenied", true),
            (429, "", true),
            (500, "", false),
            (500, "UnknownError", false),
            (500, "ErrorTimeoutExpired", false),
            (500, "ErrorInternalServerTransientError", true),
            (502, "", false),
            (503, "", true),
            (504, "UnknownError", false),
            (200, "", false),
        ] {
            assert_eq!(refused(status, code).is_final(), is_final, "{status} {code}");
        }
    }

    #[test]
    fn a_503_is_the_services_own_where_it_names_what_is_too_much() {
        for (status, code, is_turned_away) in [
            (503, "", true),
            (503, "UnknownError", true),
            (503, "serviceNotAvailable", true),
            (503, "ErrorServerBusy", false),
            (503, "ApplicationThrottled", false),
            (429, "", false),
        ] {
            assert_eq!(
                refused(status, code).is_turned_away(),
                is_turned_away,
                "{status} {code}"
            );
        }
    }
}
