//! Backups: the whole host but the key, as a stream, while it works.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, TRAILER};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use relais_router::Error;
use tokio::sync::{mpsc, oneshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::backup::{Backup, REPORT};
use crate::app::Shared;
use crate::caller::Host;
use crate::refusal::Refusal;

/// Pieces of a backup that wait for a slow reader; each has some 100 KB.
const PIECES: usize = 8;
/// Bytes of a piece.
const PIECE: usize = 128 << 10;

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(backup))
}

/// A backup of the whole host as it is now, without the key to its secrets. What it holds is told by the trailer
/// `Relais-Backup-Report`, a Backup as JSON, where the request says `TE: trailers`. On the machine itself only.
#[utoipa::path(get, path = "/api/v1/backup", tag = "backup", operation_id = "backup",
    responses((status = 200, description = "A tar archive", body = Vec<u8>, content_type = "application/x-tar",
        headers(("Trailer" = String, description = "`relais-backup-report`")))))]
async fn backup(State(app): State<Shared>, host: Host) -> Result<Response, Refusal> {
    let (pieces, mut read) = mpsc::channel(PIECES);
    let (failed, failure) = oneshot::channel();
    let router = Arc::clone(&app.router);
    tokio::task::spawn_blocking(move || {
        let mut to = Pieces {
            buffer: Vec::with_capacity(PIECE),
            pieces,
        };
        match router.backup(&host.who, &mut to).and_then(|report| {
            to.flush()
                .map_err(|source| relais_router::BackupError::Write { source })?;
            Ok(report)
        }) {
            Ok(report) => to.end(trailer(&(&report).into())),
            Err(error) => {
                // Told as a problem where nothing was written yet, else by breaking off.
                if let Err(error) = failed.send(error) {
                    tracing::error!(%error, "a backup broke off");
                }
                to.break_off();
            }
        }
    });
    // The first piece decides: a failure before it is answered as one.
    let first = match read.recv().await {
        Some(Ok(first)) => first,
        _ => return Err(failure.await.unwrap_or(Error::Stopped).into()),
    };
    let rest = stream::unfold(
        read,
        |mut read| async move { read.recv().await.map(|piece| (piece, read)) },
    );
    let whole = futures_util::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/x-tar")),
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"relais-backup.tar\""),
        ),
        (TRAILER, HeaderValue::from_static(REPORT)),
    ];
    Ok((headers, Body::new(StreamBody::new(whole))).into_response())
}

fn trailer(backup: &Backup) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    let report = serde_json::to_string(backup).unwrap_or_default();
    // A path may hold letters that no header does: they are escaped, as JSON allows.
    let ascii = report.chars().fold(String::new(), |mut text, c| {
        match c.is_ascii() {
            true => text.push(c),
            false => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
        }
        text
    });
    if let Ok(value) = HeaderValue::try_from(ascii) {
        trailers.insert(HeaderName::from_static(REPORT), value);
    }
    trailers
}

/// Hands what is written to whoever reads the answer, and waits for them.
struct Pieces {
    buffer: Vec<u8>,
    pieces: mpsc::Sender<io::Result<Frame<Bytes>>>,
}

impl Pieces {
    fn send(&self, piece: io::Result<Frame<Bytes>>) -> io::Result<()> {
        let sent = self.pieces.blocking_send(piece);
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn end(self, trailers: HeaderMap) {
        // Whoever hung up wants no report.
        let _ = self.send(Ok(Frame::trailers(trailers)));
    }

    fn break_off(self) {
        let _ = self.send(Err(io::Error::other("the backup broke off")));
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.send(Ok(Frame::data(full.into())))
    }
}
