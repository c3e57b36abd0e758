//! WASI 0.2, whole and empty: no files, no environment, no sockets. What a language's runtime imports but does not need must
//! not stop a connector from loading. Standard output and error go to the log.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::context::Context;
use crate::meter::LimitHit;
use crate::observer::Level;
use crate::state::State;

pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// An empty world with a log.
pub(crate) fn context(context: &Arc<Context>) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder
        .stdout(Lines::new(context, false))
        .stderr(Lines::new(context, true))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder.build()
}

/// Bytes of a line that waits for its end.
const PENDING_BYTES: usize = 4096;

/// Cuts a stream of bytes into log lines.
#[derive(Clone)]
struct Lines {
    context: Arc<Context>,
    error: bool,
    pending: Arc<Mutex<Vec<u8>>>,
}

impl Lines {
    fn new(context: &Arc<Context>, error: bool) -> Self {
        Self {
            context: context.clone(),
            error,
            pending: Arc::default(),
        }
    }

    fn take(&self, bytes: &[u8]) -> Result<(), LimitHit> {
        let mut pending = self.pending.lock().unwrap_or_else(|e| e.into_inner());
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = PENDING_BYTES.saturating_sub(pending.len());
            pending.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                self.say(&std::mem::take(&mut *pending))?;
            }
        }
        Ok(())
    }

    fn say(&self, line: &[u8]) -> Result<(), LimitHit> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        match (text.is_empty(), self.error) {
            (true, _) => Ok(()),
            (false, true) => self.context.log.error_line(text),
            (false, false) => self.context.log.line(Level::Info, text),
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes).map_err(|limit| StreamError::Trap(limit.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Task<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.take(bytes).map(|()| bytes.len()).map_err(std::io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
