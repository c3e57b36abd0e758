//! The content of one mail on its way into the intake. A mail that was refused is still read to its end, since a client
//! reads no reply before (RFC 5321 section 4.5.3.1.9), but not without end.

use std::time::Duration;

use relais_smtpd::{Incoming, Lost, Wire};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::{LEAST_RATE, MAX_CONTENT_SILENCE, Refusal, Sink};

/// Content, perhaps of several chunks.
pub(crate) struct Content<K> {
    /// Or why there is none any more.
    sink: Result<K, Refusal>,
    size: u64,
    limit: u64,
    began: Instant,
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
            began: Instant::now(),
            block: Vec::new(),
        }
    }

    /// By when more has to come: the longest silence, and no later than so much content may take in all, however often
    /// the client breaks its silence.
    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.size / LEAST_RATE);
        let whole = self.began + MAX_CONTENT_SILENCE + earned;
        whole.min(Instant::now() + MAX_CONTENT_SILENCE)
    }

    /// Reads to the end of what is `incoming`.
    ///
    /// # Errors
    ///
    /// The connection is over, or the content comes too slowly.
    pub(crate) async fn receive<S>(&mut self, wire: &mut Wire<S>, mut incoming: Incoming) -> Result<Read, Lost>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            self.block.clear();
            let step = incoming.step(wire.pending(), |part| self.block.extend_from_slice(part));
            wire.consume(step.consumed);
            self.pass_on().await;
            let deadline = self.deadline();
            // Chunks that each come at once may be far between.
            if deadline <= Instant::now() {
                return Err(Lost::Silent);
            }
            if step.done {
                return Ok(Read::Whole);
            }
            if self.size > self.limit.saturating_mul(2) {
                return Ok(Read::Endless);
            }
            wire.fill_until(deadline).await?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt as _;
    use tokio::time::sleep;

    use super::*;
    use crate::MAX_COMMAND_SILENCE;

    struct Null;

    impl Sink for Null {
        async fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
            Ok(())
        }

        async fn finish(self) -> Result<String, Refusal> {
            Ok(String::new())
        }
    }

    /// How content is read that comes in blocks of this size, so often, with so long before each.
    async fn read(block: usize, blocks: usize, pause: Duration) -> Result<Read, Lost> {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let mut wire = Wire::new(server, MAX_COMMAND_SILENCE);
        let mut content = Content::into(Null, u64::MAX);
        let block = vec![b'x'; block];
        let sending = async {
            for _ in 0..blocks {
                sleep(pause).await;
                client.write_all(&block).await.unwrap();
            }
            client.write_all(b"\r\n.\r\n").await.unwrap();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            read = content.receive(&mut wire, Incoming::dotted()) => read,
            () = sending => Ok(Read::Endless),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn content_that_drips_is_given_up_though_it_is_never_silent() {
        let begun = Instant::now();
        assert_eq!(read(1, 1000, Duration::from_secs(60)).await, Err(Lost::Silent));
        assert!(begun.elapsed() < MAX_CONTENT_SILENCE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn content_over_a_poor_line_is_read_to_its_end_and_so_is_one_that_rests_for_a_while() {
        let begun = Instant::now();
        assert_eq!(read(100 << 10, 200, Duration::from_secs(5)).await, Ok(Read::Whole));
        assert!(begun.elapsed() > MAX_CONTENT_SILENCE);
        assert_eq!(read(10, 3, Duration::from_secs(150)).await, Ok(Read::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn chunks_that_each_come_at_once_may_not_be_far_between_for_ever() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut wire = Wire::new(server, MAX_COMMAND_SILENCE);
        let mut content = Content::into(Null, u64::MAX);
        let begun = Instant::now();
        let mut read = Ok(Read::Whole);
        while read == Ok(Read::Whole) && begun.elapsed() < MAX_CONTENT_SILENCE * 4 {
            client.write_all(b"x").await.unwrap();
            wire.fill().await.unwrap();
            read = content.receive(&mut wire, Incoming::counted(1)).await;
            sleep(Duration::from_secs(240)).await;
        }
        assert_eq!(read, Err(Lost::Silent));
    }
}
