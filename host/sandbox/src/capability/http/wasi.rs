//! `wasi:http/outgoing-handler` through the same door. Its bodies stream, so they are watched for handles as they pass; what
//! holds one is cut before that piece leaves.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use relais_outgoing::{Asked, Body};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::door::{Door, DoorError};
use super::exchange::Answer;
use super::underway::{BLOCK, Outward, Unread};
use crate::context::Context;
use crate::floor::{OnItsWay, Turn};
use crate::handles::Watch;
use crate::observer::Level;
use crate::{Place, Rule};

type Exchanged = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// The hooks of one session.
pub(crate) struct Hooks {
    door: Arc<Door>,
}

impl Hooks {
    pub(crate) fn new(door: Arc<Door>) -> Self {
        Self { door }
    }
}

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        // The door itself drops what is the host's; a `fetch` that sets `host` is no reason to fail.
        Arc::new(|_| false)
    }

    /// Each write of a guest is a block of its request's body.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BLOCK
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let door = self.door.clone();
        // Here, and not in the task, which may get its turn in a later call.
        let turn = door.turn(request.method(), request.uri());
        let on_its_way = OnItsWay::new(door.context().clone());
        Box::new(async move {
            let (mut head, body) = request.into_parts();
            let admitted = door.admit(&mut head).map_err(error)?;
            let underway = door.place().map_err(error)?;
            let outward = Outward::new(underway.clone(), on_its_way);
            let body = watched(&door, &admitted.asked, turn, outward, body);
            let destination = head.uri.authority().map(ToString::to_string).unwrap_or_default();
            let answer = door
                .exchange(turn, admitted, underway, http::Request::from_parts(head, body))
                .await;
            let Answer { response, unread } = answer.map_err(|fault| {
                tell(&door, &destination, &fault);
                error(fault)
            })?;
            let context = door.context().clone();
            let response = response.map(|body| counted(context, body, unread));
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// `fetch` tells its guest that the network failed and no more; the administrator reads why in the log. Refusals are audited
/// already.
fn tell(door: &Door, destination: &str, fault: &DoorError) {
    if let DoorError::Credential(text) | DoorError::Tls(text) | DoorError::Unreachable(text) | DoorError::Failed(text) =
        fault
    {
        // A guest whose lines are spent ends at its next one.
        let _ = door.context().log.line(Level::Warn, &format!("{destination}: {text}"));
    }
}

/// An answer's body, counted. It keeps its place among the session's connections until its end.
fn counted(context: Arc<Context>, body: Body, unread: Unread) -> WasiBody {
    let failed = |text: String| Error::from(ErrorCode::InternalError(Some(text)));
    let frames = try_unfold((body, context, unread), move |(mut body, context, unread)| async move {
        let Some(frame) = body.frame().await else {
            return Ok(None);
        };
        let frame = frame.map_err(|e| failed(e.to_string()))?;
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        context
            .meter
            .arrived(bytes)
            .map_err(|limit| failed(context.limited(limit)))?;
        Ok(Some((frame, (body, context, unread))))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// A guest's body, counted and watched. All of its pieces are the guest's own words.
fn watched(door: &Arc<Door>, asked: &Asked, turn: Turn, outward: Arc<Outward>, body: WasiBody) -> Body {
    let (context, asked) = (door.context().clone(), asked.clone());
    let body = http_body_util::BodyExt::map_err(body, |e| std::io::Error::other(format!("{e:?}")));
    let start = (BodyStream::new(body), Watch::default(), outward);
    let pieces = try_unfold(start, move |(mut frames, mut watch, outward)| {
        let (context, asked) = (context.clone(), asked.clone());
        async move {
            while let Some(frame) = frames.try_next().await? {
                // Trailers are the connection's.
                let Ok(bytes) = frame.into_data() else { continue };
                if watch.sees(&context.handles, &bytes) {
                    let rule = Rule::Handle(Place::Body);
                    context.audit.refuse(&asked, rule.clone());
                    return Err(std::io::Error::other(rule));
                }
                outward.goes_on(turn, &context).await?;
                let leaves = context.leave(turn, bytes.len()).await;
                leaves.map_err(std::io::Error::other)?;
                outward.goes_on(turn, &context).await?;
                context.meter.carried(bytes.len());
                return Ok(Some((outward.clone().block(bytes), (frames, watch, outward))));
            }
            Ok(None)
        }
    });
    Body::wrap_stream(pieces)
}

fn error(error: DoorError) -> Error {
    let code = match error {
        DoorError::Refused(_) | DoorError::Credential(_) => ErrorCode::HttpRequestDenied,
        DoorError::Unreachable(_) => ErrorCode::ConnectionRefused,
        DoorError::Timeout => ErrorCode::ConnectionReadTimeout,
        DoorError::Tls(_) => ErrorCode::TlsProtocolError,
        DoorError::Limit(text) | DoorError::Failed(text) => ErrorCode::InternalError(Some(text)),
    };
    code.into()
}
