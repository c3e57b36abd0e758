//! A message whose end is a line of one dot, as sendmail reads it without `-i`.

use std::io::{self, Read};

/// A reader that ends where a line holds one dot and nothing else.
pub struct UntilDot<R> {
    bytes: io::Bytes<R>,
    line: Line,
    /// Bytes that turned out to belong to the message.
    held: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    Within,
    End,
}

impl<R: io::BufRead> UntilDot<R> {
    pub fn new(reader: R) -> Self {
        Self {
            bytes: reader.bytes(),
            line: Line::Start,
            held: Vec::new(),
        }
    }

    /// Reads on by a byte, or by as many as tell whether a dot stands alone.
    fn step(&mut self) -> io::Result<()> {
        let Some(byte) = self.bytes.next().transpose()? else {
            self.line = Line::End;
            return Ok(());
        };
        if self.line != Line::Start || byte != b'.' {
            self.held.push(byte);
            self.line = if byte == b'\n' { Line::Start } else { Line::Within };
            return Ok(());
        }
        // A dot, then perhaps CR, then LF or the end of the input.
        let mut begun = vec![byte];
        loop {
            match self.bytes.next().transpose()? {
                Some(b'\n') | None => {
                    self.line = Line::End;
                    return Ok(());
                }
                Some(next) => begun.push(next),
            }
            if begun != b".\r" {
                self.held.append(&mut begun);
                self.line = Line::Within;
                return Ok(());
            }
        }
    }
}

impl<R: io::BufRead> Read for UntilDot<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.held.len() < buf.len() && self.line != Line::End {
            self.step()?;
        }
        let count = self.held.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(self.held.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}
