//! Connections, bodies, and where a fault comes in.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::answer::{Answer, dated, empty, endless, error, later};
use super::{Goes, REQUEST_BYTES, Shared, routes, tls, upload};

/// A request whose body was read.
pub(super) struct Asked {
    pub method: String,
    /// Decoded.
    pub path: String,
    /// Decoded.
    pub query: String,
    pub content_type: String,
    pub content_range: Option<String>,
    pub immutable_ids: bool,
    pub body: Bytes,
}

/// The connection is cut: no answer comes.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(super) struct Cut;

pub(super) async fn graph(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.state().counts.connections += 1;
        let shared = shared.clone();
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let Some(stream) = tls::opened(stream, shared.tls.clone()).await else {
                return;
            };
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move {
                    let ahead = shared.directory.clock_ahead;
                    let answer = at_graph(request, shared).await?;
                    Ok::<_, Cut>(dated(answer, SystemTime::now() + ahead))
                }
            });
            // A client that is gone, or a connection that was to be cut.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

pub(super) async fn uploads(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.state().counts.upload_connections += 1;
        let shared = shared.clone();
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let Some(stream) = tls::opened(stream, shared.tls.clone()).await else {
                return;
            };
            let service = service_fn(move |request| at_uploads(request, shared.clone()));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn at_graph(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer, Cut> {
    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let (head, body) = request.into_parts();
    let fault = {
        let mut state = shared.state();
        let line = format!("{} {}", head.method, head.uri.path());
        state.counts.requests.push(line);
        state.faults.next(head.method.as_str(), head.uri.path())
    };
    let asked = read(head, body, &fault).await.map_err(|_| Cut)?;
    let token = authorization
        .as_ref()
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if !knows(&shared, token).await {
        return Ok(error(401, "InvalidAuthenticationToken"));
    }
    if asked.body.len() > REQUEST_BYTES {
        return Ok(error(413, "RequestBodyTooLarge"));
    }
    gone_wrong(fault, || routes::answer(&shared, &asked)).await
}

async fn knows(shared: &Shared, token: Option<&str>) -> bool {
    let Some(token) = token.map(str::to_owned) else {
        return false;
    };
    if shared.directory.tokens.contains(&token) {
        return true;
    }
    let Some(judge) = shared.directory.judge.clone() else {
        return false;
    };
    tokio::task::spawn_blocking(move || judge.0(&token))
        .await
        .unwrap_or(false)
}

async fn at_uploads(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer, Cut> {
    let has_token = request.headers().contains_key(AUTHORIZATION);
    let (head, body) = request.into_parts();
    let fault = {
        let mut state = shared.state();
        state.counts.requests.push(format!("{} upload", head.method));
        state.counts.tokens_at_uploads += usize::from(has_token);
        state.faults.next(head.method.as_str(), "upload")
    };
    let asked = match read(head, body, &fault).await {
        Ok(asked) => asked,
        Err(partial) => {
            upload::keep(&shared, &partial);
            return Err(Cut);
        }
    };
    if has_token {
        return Ok(error(401, "InvalidAudienceForResource"));
    }
    gone_wrong(fault, || upload::answer(&shared, &asked)).await
}

/// Reads the body; where it is to be cut, what came until then is the error.
async fn read(
    head: hyper::http::request::Parts,
    mut body: Incoming,
    fault: &Option<Goes>,
) -> Result<Asked, Box<Asked>> {
    let text = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut asked = Asked {
        method: head.method.to_string(),
        path: decoded(head.uri.path()),
        query: decoded(head.uri.query().unwrap_or_default()),
        content_type: text("content-type"),
        content_range: Some(text("content-range")).filter(|range| !range.is_empty()),
        immutable_ids: text("prefer").contains("IdType=\"ImmutableId\""),
        body: Bytes::new(),
    };
    let most = match fault {
        Some(Goes::CutAfter(bytes)) => *bytes,
        _ => usize::MAX,
    };
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            asked.body = bytes.into();
            return Err(Box::new(asked));
        };
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data[..data.len().min(most - bytes.len())]);
        }
        if bytes.len() >= most {
            asked.body = bytes.into();
            return Err(Box::new(asked));
        }
    }
    asked.body = bytes.into();
    Ok(asked)
}

async fn gone_wrong(fault: Option<Goes>, done: impl FnOnce() -> Answer) -> Result<Answer, Cut> {
    match fault {
        None => Ok(done()),
        Some(Goes::Instead {
            status,
            code,
            retry_after,
        }) => Ok(later(
            if code.is_empty() {
                empty(status)
            } else {
                error(status, code)
            },
            retry_after,
        )),
        Some(Goes::Though { status, retry_after }) => {
            done();
            Ok(later(empty(status), retry_after))
        }
        Some(Goes::DoneAndCut) => {
            done();
            Err(Cut)
        }
        Some(Goes::CutAfter(_)) => Err(Cut),
        Some(Goes::Silent) => std::future::pending().await,
        Some(Goes::Endless { status, bytes, every }) => {
            done();
            Ok(endless(status, bytes, every))
        }
    }
}

/// Percent-decoded (RFC 3986 section 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let octet = (byte == b'%').then(|| {
            let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap_or("00"), 16).unwrap_or(0)
        });
        out.push(octet.unwrap_or(byte));
    }
    String::from_utf8_lossy(&out).into_owned()
}
