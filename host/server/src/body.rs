//! Bodies of requests, which come from a stranger: neither longer than they may be, nor slower.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::options::Options;
use crate::refusal::{Refusal, Request as Wrong};

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("too slow")]
    TooSlow,
    #[error("broken off")]
    Broken,
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge { limit } => Wrong::TooLarge { limit },
            BodyFault::TooSlow => Wrong::TooSlow,
            BodyFault::Broken => Wrong::Broken,
        }
        .into()
    }
}

impl BodyFault {
    /// The fault among the causes of an error; a body that fails otherwise broke off.
    pub fn among(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return Some(*fault);
            }
            cause = error.source();
        }
        None
    }
}

/// How large and how slow a body may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub limit: u64,
    pub silence: Duration,
    pub least_rate: u64,
}

impl Bounds {
    /// With the server's patience, and this many bytes.
    pub fn new(options: &Options, limit: u64) -> Self {
        Self {
            limit,
            silence: options.silence,
            least_rate: options.least_rate.max(1),
        }
    }
}

/// The middleware that bounds the body of every request, and answers at once what announces too much.
pub async fn bound(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    if request.body().size_hint().lower() > bounds.limit {
        return Refusal::from(BodyFault::TooLarge { limit: bounds.limit }).into_response();
    }
    next.run(request.map(|body| Body::new(Bounded::new(body, bounds))))
        .await
}

/// All of a body that stands in memory.
pub async fn whole(body: Body) -> Result<Bytes, Refusal> {
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(BodyFault::among(&error).unwrap_or(BodyFault::Broken).into()),
    }
}

/// A body with a limit on its bytes, on its silences and on its slowness.
struct Bounded {
    body: Body,
    bounds: Bounds,
    received: u64,
    began: Instant,
    /// Ends the silence. Made when it is first waited for: most bodies are there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Bounded {
    fn new(body: Body, bounds: Bounds) -> Self {
        Self {
            body,
            bounds,
            received: 0,
            began: Instant::now(),
            timer: None,
        }
    }

    /// By when more has to come: the silence, and what is left of the time that so many bytes may take.
    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.received / self.bounds.least_rate);
        let whole = self.began + self.bounds.silence + earned;
        (Instant::now() + self.bounds.silence).min(whole)
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                this.received = this.received.saturating_add(length);
                this.timer = None;
                if this.received > this.bounds.limit {
                    let limit = this.bounds.limit;
                    return Poll::Ready(Some(Err(BodyFault::TooLarge { limit })));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(BodyFault::Broken))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let deadline = this.deadline();
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                match timer.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(BodyFault::TooSlow))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::stream;

    use super::*;

    fn bounds(limit: u64) -> Bounds {
        Bounds {
            limit,
            silence: Duration::from_secs(30),
            least_rate: 1024,
        }
    }

    fn body(bounds: Bounds, pause: Duration, pieces: usize) -> Body {
        let pieces = stream::unfold(0, move |count| async move {
            if count == pieces {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), count + 1))
        });
        Body::new(Bounded::new(Body::from_stream(Box::pin(pieces)), bounds))
    }

    async fn fault(body: Body) -> Option<BodyFault> {
        body.collect().await.err().and_then(|error| BodyFault::among(&error))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_piece_by_piece_is_read_whole() {
        assert_eq!(
            whole(body(bounds(3), Duration::from_secs(5), 3)).await.unwrap().len(),
            3
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_announced_length_ends_at_the_limit() {
        let read = fault(body(bounds(2), Duration::ZERO, 3)).await;
        assert_eq!(read, Some(BodyFault::TooLarge { limit: 2 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_body_is_not_waited_for() {
        let read = fault(body(bounds(9), Duration::from_secs(31), 3)).await;
        assert_eq!(read, Some(BodyFault::TooSlow));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_not_waited_for_either() {
        let start = Instant::now();
        let read = fault(body(bounds(1 << 20), Duration::from_secs(10), 1000)).await;
        assert_eq!(read, Some(BodyFault::TooSlow));
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
