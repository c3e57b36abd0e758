//! The content of one mail on its way into the intake. A mail that was refused is still read to its end, since a client
//! reads no reply before (RFC 5321 section 4.5.3.1.9), but not without end.

use relais_smtpd::{Incoming, Lost, Wire};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Refusal, Sink};

/// Content, perhaps of several chunks.
pub(crate) struct Content<K> {
    /// Or why there is none any more.
    sink: Result<K, Refusal>,
    size: u64,
    limit: u64,
    /// The octets of one read that belong to the content.
    block: Vec<u8>,
}

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// At the end of the content, or of the chunk.
    Whole,
    /// Twice the limit is read, and there is no end in sight.
    Endless,
}

impl<K: Sink> Content<K> {
    /// Content for this sink, of at most `limit` octets.
    pub(crate) fn into(sink: K, limit: u64) -> Self {
        Self::of(Ok(sink), limit)
    }

    /// Content that nobody wants, of which at most twice `limit` is read.
    pub(crate) fn nowhere(why: Refusal, limit: u64) -> Self {
        Self::of(Err(why), limit)
    }

    fn of(sink: Result<K, Refusal>, limit: u64) -> Self {
        Self {
            sink,
            size: 0,
            limit,
            block: Vec::new(),
        }
    }

    /// Reads to the end of what is `incoming`.
    pub(crate) async fn receive<S>(&mut self, wire: &mut Wire<S>, mut incoming: Incoming) -> Result<Read, Lost>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            self.block.clear();
            let step = incoming.step(wire.pending(), |part| self.block.extend_from_slice(part));
            wire.consume(step.consumed);
            self.pass_on().await;
            if step.done {
                return Ok(Read::Whole);
            }
            if self.size > self.limit.saturating_mul(2) {
                return Ok(Read::Endless);
            }
            wire.fill().await?;
        }
    }

    async fn pass_on(&mut self) {
        self.size += self.block.len() as u64;
        let Ok(sink) = &mut self.sink else {
            return;
        };
        if self.size > self.limit {
            self.sink = Err(too_large());
        } else if !self.block.is_empty()
            && let Err(refusal) = sink.write(&self.block).await
        {
            self.sink = Err(refusal);
        }
    }

    /// Why the content is refused, if it is.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.sink.as_ref().err()
    }

    /// The sink, to be finished.
    pub(crate) fn into_sink(self) -> Result<K, Refusal> {
        self.sink
    }
}

/// RFC 1870 section 6.3.
pub(crate) fn too_large() -> Refusal {
    Refusal::new(552, "5.3.4", "Mail larger than the announced SIZE")
}
