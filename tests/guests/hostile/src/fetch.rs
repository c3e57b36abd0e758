//! `wasi:http`, as a runtime that brings its own `fetch` uses it.

use relais_sdk::Failure;

use self::bindings::wasi::http::outgoing_handler::handle;
use self::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, OutputStream, Scheme,
};
use crate::told;

/// What `wit-bindgen` makes of `wit/`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "example:hostile/fetching", generate_all });
}

/// A POST whose body is still being written.
#[derive(Debug)]
pub(crate) struct Upload {
    // Before the body that it is a part of.
    stream: OutputStream,
    body: OutgoingBody,
    answer: FutureIncomingResponse,
}

impl Upload {
    /// The request's head is on its way.
    pub(crate) fn begin(url: &str, header: Option<(&str, String)>) -> Result<Self, Failure> {
        let (authority, path) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| told("the URL is not one of this attack's"))?;
        let fields = Fields::new();
        if let Some((name, value)) = header {
            fields.append(name, value.as_bytes()).map_err(told)?;
        }
        let request = OutgoingRequest::new(fields);
        request.set_method(&Method::Post).map_err(told)?;
        request.set_scheme(Some(&Scheme::Http)).map_err(told)?;
        request.set_authority(Some(authority)).map_err(told)?;
        request.set_path_with_query(Some(&format!("/{path}"))).map_err(told)?;
        let body = request.body().map_err(told)?;
        let stream = body.write().map_err(told)?;
        Ok(Self {
            stream,
            body,
            answer: handle(request, None).map_err(told)?,
        })
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        // What one call takes at most.
        for piece in bytes.chunks(4096) {
            self.stream.blocking_write_and_flush(piece).map_err(told)?;
        }
        Ok(())
    }

    /// Waits for an answer, and drops it; the body is still open.
    pub(crate) fn answered(self) -> Result<Self, Failure> {
        self.answer.subscribe().block();
        let answer = self
            .answer
            .get()
            .and_then(Result::ok)
            .ok_or_else(|| told("no answer"))?;
        drop(answer.map_err(told)?);
        Ok(self)
    }

    /// Ends the body and waits for the answer's status.
    pub(crate) fn finish(self) -> Result<u16, Failure> {
        let Self { stream, body, answer } = self;
        drop(stream);
        OutgoingBody::finish(body, None).map_err(told)?;
        answer.subscribe().block();
        let response = answer.get().and_then(Result::ok).ok_or_else(|| told("no answer"))?;
        Ok(response.map_err(told)?.status())
    }
}
