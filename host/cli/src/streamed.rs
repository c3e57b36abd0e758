//! A body that is read as it leaves, so that a large file never stands in memory.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

const BLOCK: u64 = 64 << 10;

/// So many bytes of a reader. It reads where it is polled: files of this machine, in a command that has nothing else to do.
pub struct Streamed {
    left: u64,
    reader: Box<dyn Read + Send>,
}

impl Streamed {
    /// A reader that gives fewer bytes ends the request in an error.
    pub fn new(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self {
            left: length,
            reader: Box::new(reader.take(length)),
        }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut block = Vec::new();
        Poll::Ready(Some(match self.reader.by_ref().take(BLOCK).read_to_end(&mut block) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                self.left = self.left.saturating_sub(read as u64);
                Ok(Frame::data(block.into()))
            }
            Err(error) => Err(error),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
