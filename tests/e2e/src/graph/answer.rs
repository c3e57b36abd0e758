//! Answers as Graph writes them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};
use tokio::time::{Interval, interval};

pub(super) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A body without an end: so many bytes each time.
struct Endless {
    bytes: Bytes,
    times: Interval,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.times.poll_tick(cx));
        Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))))
    }
}

/// An answer that never ends: so many blanks each time.
pub(super) fn endless(status: u16, bytes: usize, every: Duration) -> Answer {
    let body = Endless {
        bytes: vec![b' '; bytes].into(),
        times: interval(every),
    };
    empty(status).map(|_| body.boxed_unsync())
}

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
    let mut answer = Response::new(Full::new(body).boxed_unsync());
    *answer.status_mut() = status.try_into().unwrap();
    let id = "request-id";
    answer.headers_mut().insert(id, REQUEST_ID.parse().unwrap());
    answer
}
