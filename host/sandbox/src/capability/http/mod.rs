//! HTTP out: `relais:connector/http`, and `wasi:http/outgoing-handler` beside it, through one [`Door`].

mod body;
mod door;
mod exchange;
mod head;
mod underway;
mod wasi;

use wasmtime::component::Resource;

pub(crate) use body::ResponseBody;
pub(crate) use door::Door;
pub(crate) use wasi::Hooks;

use crate::bindings::relais::connector::http::{Chunk, Field, Host, HttpError, Request, Response};
use crate::capability::streams::Input;
use crate::floor::OnItsWay;
use crate::state::State;
use body::Piece;
use door::DoorError;
use exchange::Answer;
use underway::Outward;

/// Header fields of one request or response.
const FIELDS: usize = 128;
/// Room in a request's head for what is added to the guest's fields, so that it is not made anew for the last of them.
const ADDED: usize = 6;
/// Pieces of one request body.
const PIECES: usize = 4096;

impl From<DoorError> for HttpError {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Refused(text) | DoorError::Credential(text) => HttpError::Refused(text),
            DoorError::Unreachable(text) => HttpError::Unreachable(text),
            DoorError::Timeout => HttpError::Timeout,
            DoorError::Tls(text) => HttpError::Tls(text),
            DoorError::Limit(text) => HttpError::Limit(text),
            DoorError::Failed(text) => HttpError::Failed(text),
        }
    }
}

impl Host for State {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, HttpError>> {
        self.context.meter.call();
        let answered = self.exchange(request).await;
        match answered {
            Err(error) => Ok(Err(error)),
            Ok(answer) => {
                let (head, body) = answer.response.into_parts();
                let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| Field {
                    name: name.as_str().to_owned(),
                    value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
                };
                let body = Input::Response(Box::new(ResponseBody::new(body, answer.unread)));
                Ok(Ok(Response {
                    status: head.status.as_u16(),
                    headers: head.headers.iter().take(FIELDS).map(field).collect(),
                    body: self.table.push(body)?,
                }))
            }
        }
    }
}

impl State {
    async fn exchange(&mut self, request: Request) -> Result<Answer, HttpError> {
        let failed = |text: &str| HttpError::Failed(text.to_owned());
        if request.headers.len() > FIELDS || request.body.len() > PIECES {
            return Err(failed("too many header fields, or too many pieces of body"));
        }
        let mut head = http::Request::builder()
            .method(request.method.as_str())
            .uri(request.url.as_str());
        if let Some(headers) = head.headers_mut() {
            headers.reserve(request.headers.len() + ADDED);
        }
        for field in &request.headers {
            head = head.header(field.name.as_str(), field.value.as_str());
        }
        let head = head
            .body(())
            .map_err(|e| HttpError::Failed(format!("the request cannot be written: {e}")))?;
        let (mut head, ()) = head.into_parts();
        // Everything is judged before the streams are touched, and before a name is resolved.
        let client = self.door.admit(&mut head)?;
        let composed = request.body.iter().filter_map(|chunk| match chunk {
            Chunk::Bytes(bytes) => Some(bytes.as_slice()),
            Chunk::Stream(_) => None,
        });
        self.door.admit_body(&client.asked, composed)?;
        let underway = self.door.place()?;
        let mut pieces = Vec::with_capacity(request.body.len());
        for chunk in request.body {
            pieces.push(match chunk {
                Chunk::Bytes(bytes) => Piece::Bytes(bytes.into()),
                Chunk::Stream(stream) => self.take_stream(&stream)?,
            });
        }
        head.headers.remove(http::header::CONTENT_LENGTH);
        if let Some(size) = body::size(&pieces) {
            head.headers.insert(http::header::CONTENT_LENGTH, size.into());
        }
        let turn = self.door.turn(&head.method, &head.uri);
        let outward = Outward::new(underway.clone(), OnItsWay::new(self.context.clone()));
        let body = body::request_body(pieces, turn, outward, self.context.clone());
        let request = http::Request::from_parts(head, body);
        Ok(self.door.exchange(turn, client, underway, request).await?)
    }

    /// Moves the rest of a stream into a request; the guest's stream is at its end from here on.
    fn take_stream(&mut self, stream: &Resource<Input>) -> Result<Piece, HttpError> {
        let input = self
            .table
            .get_mut(stream)
            .map_err(|e| HttpError::Failed(e.to_string()))?;
        match std::mem::replace(input, Input::Ended) {
            Input::Message(body) => Ok(Piece::Message(body)),
            Input::Response(body) => Ok(Piece::Response(body)),
            Input::Ended => Ok(Piece::Bytes(bytes::Bytes::new())),
            connection @ Input::Connection(_) => {
                *input = connection;
                Err(HttpError::Failed(
                    "a connection's input cannot be a request's body: it has no end".to_owned(),
                ))
            }
        }
    }
}
