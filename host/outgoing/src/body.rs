//! Bodies of requests and answers, in pieces as they come.

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};

use crate::tls::causes;

type Cause = Box<dyn Error + Send + Sync>;

/// A body. One made of bytes has a length; one made of a stream goes out in chunks, unless the request's header names its length.
pub struct Body(UnsyncBoxBody<Bytes, BodyError>);

impl Body {
    pub fn empty() -> Self {
        Self::of(Empty::new())
    }

    /// Pieces as they come. An error among them breaks the request off, and is a cause of what its client says.
    pub fn wrap_stream<E: Into<Cause>>(pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self {
        Self::of(StreamBody::new(pieces.map_ok(Frame::data)))
    }

    pub(crate) fn of<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Cause>,
    {
        Self(body.map_err(|error| BodyError(error.into())).boxed_unsync())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::of(Full::new(bytes.into()))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A body that breaks off. It says the innermost of its causes.
#[derive(Debug)]
pub struct BodyError(Cause);

impl BodyError {
    /// Whether the system gave the connection up for its silence.
    pub fn is_timeout(&self) -> bool {
        causes(self).any(|cause| {
            let io = cause.downcast_ref::<io::Error>();
            io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        })
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match causes(&*self.0).last() {
            Some(cause) => write!(f, "{cause}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_piece_is_found_among_the_causes() {
        let inner = io::Error::new(io::ErrorKind::TimedOut, "no word");
        let error = BodyError(Box::new(io::Error::other(inner)));
        assert!(error.is_timeout());
        assert_eq!(error.to_string(), "no word");
    }
}
