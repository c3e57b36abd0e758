//! The message of a dropped file as a body whose length is known, so that a small one needs no place among the large.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

const BLOCK: u64 = 64 << 10;

/// So many bytes of a file from where it stands.
pub struct Measured {
    file: File,
    left: u64,
    block: BytesMut,
}

impl Measured {
    /// A file that its owner made shorter ends the body in an error, and what was added is left out.
    pub fn new(file: std::fs::File, length: u64) -> Self {
        Self {
            file: File::from_std(file),
            left: length,
            block: BytesMut::new(),
        }
    }
}

impl Body for Measured {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(this.left.min(BLOCK)).unwrap_or_default();
        this.block.resize(wanted, 0);
        let mut buffer = ReadBuf::new(&mut this.block);
        match Pin::new(&mut this.file).poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                if read == 0 {
                    return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                }
                this.left -= read as u64;
                Poll::Ready(Some(Ok(Frame::data(this.block.split_to(read).freeze()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Seek, SeekFrom, Write};

    use http_body_util::BodyExt;

    use super::*;

    fn file(bytes: &[u8]) -> std::fs::File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(1)).unwrap();
        file
    }

    #[tokio::test]
    async fn a_body_says_its_length_and_is_as_long_as_it_says() {
        let long = vec![b'x'; 200_001];
        let body = Measured::new(file(&long), 200_000);
        assert_eq!(body.size_hint().exact(), Some(200_000));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 200_000);
        let grown = Measured::new(file(b"-body and more"), 4);
        assert_eq!(grown.collect().await.unwrap().to_bytes(), "body");
        assert!(Measured::new(file(b"-bo"), 4).collect().await.is_err());
    }
}
