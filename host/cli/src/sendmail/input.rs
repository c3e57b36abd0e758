//! The message on the standard input: copied to a file without a name, so that a large one never stands in memory, and read
//! far enough to know whether it has a From.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use relais_message::{ReadAt, Source};

use super::until_dot::UntilDot;

/// Bytes of a message at most: what the API takes.
pub const MESSAGE_BYTES: u64 = 150 << 20;
/// Bytes of the header that are looked at for a From.
const HEADER_BYTES: usize = 256 << 10;
/// Bytes of an encoded word's text, so that the word stays within 75 characters (RFC 2047 §2).
const WORD_BYTES: usize = 18;

/// A whole message that is ready to be handed over.
#[derive(Debug, Clone)]
pub struct Input {
    /// A From that the message lacks.
    prefix: Vec<u8>,
    file: Arc<Copy>,
    /// Behind the line `From …` that mailboxes put before a message.
    start: u64,
}

/// Why there is no message.
#[derive(Debug)]
pub enum NoMessage {
    Empty,
    TooLarge,
    Read(io::Error),
    /// The copy could not be written.
    Write(io::Error),
}

impl Input {
    /// Copies `reader` to its end, or to a line of one dot where `dots` are not part of the message.
    pub fn read(reader: impl Read, dots: bool) -> Result<Self, NoMessage> {
        let file = tempfile::tempfile().map_err(NoMessage::Write)?;
        let mut writer = BufWriter::new(file);
        let copied = if dots {
            copy(BufReader::new(reader), &mut writer)?
        } else {
            let reader = UntilDot::new(BufReader::new(reader));
            copy(reader, &mut writer)?
        };
        let file = writer
            .into_inner()
            .map_err(|error| NoMessage::Write(error.into_error()))?;
        if copied == 0 {
            return Err(NoMessage::Empty);
        }
        let file = Arc::new(Copy { file, length: copied });
        let head = file.head().map_err(NoMessage::Read)?;
        let start = mailbox_line(&head) as u64;
        Ok(Self {
            prefix: Vec::new(),
            file,
            start,
        })
    }

    /// Gives a message without From one: of this address, under this name.
    pub fn sign(&mut self, address: &str, name: Option<&str>) -> io::Result<()> {
        let head = self.file.head()?;
        let start = usize::try_from(self.start).unwrap_or(0);
        if head.get(start..).is_some_and(|head| !has_from(head)) {
            let name = name.map(|name| format!("{} ", phrase(name))).unwrap_or_default();
            self.prefix = format!("From: {name}<{address}>\n").into_bytes();
        }
        Ok(())
    }

    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.prefix.len() as u64 + self.file.length.saturating_sub(self.start)
    }

    /// The whole as a message's source.
    pub fn source(&self) -> Source {
        Source::Range {
            offset: 0,
            len: self.len(),
            file: Arc::new(self.clone()),
        }
    }

    /// The whole from its beginning.
    pub fn reader(&self) -> impl Read + Send + use<> {
        let input = self.clone();
        let mut place = 0;
        BufReader::with_capacity(
            64 << 10,
            Reading(move |buf: &mut [u8]| {
                let read = input.read_at(buf, place)?;
                place += read as u64;
                Ok(read)
            }),
        )
    }
}

struct Reading<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Reading<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (self.0)(buf)
    }
}

impl ReadAt for Input {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let prefix = self.prefix.len() as u64;
        let left = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.prefix.get(offset..));
        match left {
            Some(mut left) if !left.is_empty() => left.read(buf),
            _ => self.file.file.read_at(buf, self.start + offset.saturating_sub(prefix)),
        }
    }

    fn len(&self) -> u64 {
        Input::len(self)
    }
}

#[derive(Debug)]
struct Copy {
    file: File,
    length: u64,
}

impl Copy {
    /// As much of the header as is looked at.
    fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = vec![0; usize::try_from(self.length).unwrap_or(usize::MAX).min(HEADER_BYTES)];
        self.file.read_exact_at(&mut head, 0)?;
        Ok(head)
    }
}

fn copy(reader: impl Read, writer: &mut impl Write) -> Result<u64, NoMessage> {
    let mut reader = reader.take(MESSAGE_BYTES + 1);
    let (mut block, mut total) = (vec![0; 64 << 10], 0_u64);
    loop {
        let read = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(NoMessage::Read(error)),
        };
        total += read as u64;
        if total > MESSAGE_BYTES {
            return Err(NoMessage::TooLarge);
        }
        writer
            .write_all(block.get(..read).unwrap_or_default())
            .map_err(NoMessage::Write)?;
    }
    Ok(total)
}

/// Bytes of a leading `From somebody Tue …`, which is no header field.
fn mailbox_line(head: &[u8]) -> usize {
    if !head.starts_with(b"From ") && !head.starts_with(b">From ") {
        return 0;
    }
    head.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn has_from(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .take_while(|line| !line.is_empty())
        .any(|line| {
            line.split_first_chunk::<4>().is_some_and(|(name, rest)| {
                name.eq_ignore_ascii_case(b"from") && rest.trim_ascii_start().starts_with(b":")
            })
        })
}

/// A name as a header may hold it: quoted (RFC 5322 §3.2.4), or as encoded words (RFC 2047).
fn phrase(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_ascii() {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut words = vec![String::new()];
    let mut bytes = 0;
    for c in name.chars() {
        if bytes + c.len_utf8() > WORD_BYTES {
            words.push(String::new());
            bytes = 0;
        }
        bytes += c.len_utf8();
        if let Some(word) = words.last_mut() {
            let mut utf8 = [0; 4];
            word.extend(c.encode_utf8(&mut utf8).bytes().map(|byte| format!("={byte:02X}")));
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?UTF-8?Q?{word}?=")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn whole(input: &Input) -> Vec<u8> {
        let mut bytes = Vec::new();
        input.reader().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, input.len());
        bytes
    }

    #[test]
    fn a_line_of_one_dot_ends_the_message_unless_dots_belong_to_it() {
        for (given, until_dot) in [
            ("a\n.\nb\n", "a\n"),
            ("a\r\n.\r\nb", "a\r\n"),
            ("a\n..\n.b\n", "a\n..\n.b\n"),
            ("a\n.\rb\n.", "a\n.\rb\n"),
            ("a.\n", "a.\n"),
        ] {
            let input = Input::read(given.as_bytes(), false).unwrap();
            assert_eq!(whole(&input), until_dot.as_bytes(), "{given:?}");
            let input = Input::read(given.as_bytes(), true).unwrap();
            assert_eq!(whole(&input), given.as_bytes(), "{given:?}");
        }
    }

    #[test]
    fn an_empty_input_is_no_message() {
        assert!(matches!(Input::read(&b""[..], true), Err(NoMessage::Empty)));
        assert!(matches!(Input::read(&b".\n"[..], false), Err(NoMessage::Empty)));
    }

    #[test]
    fn the_line_of_a_mailbox_is_left_out() {
        let input = Input::read(&b"From me Tue\nSubject: x\n\n"[..], true).unwrap();
        assert_eq!(whole(&input), b"Subject: x\n\n");
    }

    #[test]
    fn a_from_is_added_only_where_there_is_none() {
        let signed = |given: &str, name| {
            let mut input = Input::read(given.as_bytes(), true).unwrap();
            input.sign("a@x", name).unwrap();
            String::from_utf8(whole(&input)).unwrap()
        };
        assert_eq!(signed("fRom : b@x\n\nFrom: c", None), "fRom : b@x\n\nFrom: c");
        assert_eq!(signed("To: b@x\n\nFrom: c", None), "From: <a@x>\nTo: b@x\n\nFrom: c");
        assert_eq!(
            signed("To: b\n\n", Some("A \"B\"\n")),
            "From: \"A \\\"B\\\"\" <a@x>\nTo: b\n\n"
        );
        assert_eq!(
            signed("To: b\n\n", Some("É")),
            "From: =?UTF-8?Q?=C3=89?= <a@x>\nTo: b\n\n"
        );
    }
}
