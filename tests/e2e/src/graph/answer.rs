//! Answers as Graph writes them.

use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

pub(super) type Answer = Response<Full<Bytes>>;

pub(super) fn empty(status: u16) -> Answer {
    answer(status, Bytes::new())
}

pub(super) fn value(status: u16, value: &Value) -> Answer {
    let mut answer = answer(status, value.to_string().into());
    let json = "application/json; odata.metadata=minimal";
    answer.headers_mut().insert(CONTENT_TYPE, json.parse().unwrap());
    answer
}

pub(super) fn error(status: u16, code: &str) -> Answer {
    let inner = json!({ "date": "2026-11-28T10:00:00", "request-id": REQUEST_ID, "client-request-id": REQUEST_ID });
    let message = format!("The fake says {code}.");
    value(
        status,
        &json!({ "error": { "code": code, "message": message, "innerError": inner } }),
    )
}

pub(super) fn later(mut answer: Answer, retry_after: Option<u32>) -> Answer {
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// A time as Graph's JSON has it.
pub(super) fn timestamp(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap();
    at.round(Unit::Second).unwrap().to_string()
}

/// An answer that says when it was made.
pub(super) fn dated(mut answer: Answer, at: SystemTime) -> Answer {
    let at = Timestamp::try_from(at).unwrap();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap();
    answer.headers_mut().insert(DATE, date.parse().unwrap());
    answer
}

pub(super) const REQUEST_ID: &str = "24e7991e-01ae-4cc2-8e06-532a96fd8948";

fn answer(status: u16, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status.try_into().unwrap();
    let id = "request-id";
    answer.headers_mut().insert(id, REQUEST_ID.parse().unwrap());
    answer
}
