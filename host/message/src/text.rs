//! The text or the HTML of a message: as it was given, or still encoded in the MIME that came in.

use std::io;
use std::sync::OnceLock;

use mail_parser::decoders::charsets::map::charset_decoder;

use crate::recode::{Decode, Decoder};
use crate::source::Content;

/// The text of a message, or its HTML.
#[derive(Debug)]
pub(crate) enum Text {
    Given(String),
    Encoded(Box<Encoded>),
}

/// A body in a MIME, decoded when it is first asked for: SMTP never does.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) content: Content,
    /// How it is encoded, and how many bytes it decodes to.
    pub(crate) encoding: Option<(Decode, u64)>,
    pub(crate) charset: Option<String>,
    pub(crate) decoded: OnceLock<String>,
}

impl Text {
    /// The text; reads it the first time, waiting for the disk.
    pub(crate) fn get(&self) -> io::Result<&str> {
        match self {
            Self::Given(text) => Ok(text),
            Self::Encoded(encoded) => encoded.get(),
        }
    }
}

impl Encoded {
    fn get(&self) -> io::Result<&str> {
        if let Some(text) = self.decoded.get() {
            return Ok(text);
        }
        let bytes = self.bytes()?;
        let text = to_text(bytes, self.charset.as_deref()).replace("\r\n", "\n");
        Ok(self.decoded.get_or_init(|| text))
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        let Some((how, size)) = self.encoding else {
            return Ok(self.content.load()?.into());
        };
        let mut decoder = Decoder::new(how);
        let mut out = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        self.content.for_each(|chunk| {
            decoder.push(chunk, &mut out);
            Ok(())
        })?;
        decoder.finish(&mut out);
        Ok(out)
    }
}

/// Bytes in a charset as text. Where the charset is not told, not known or not true, UTF-8 is tried, and windows-1252
/// then, which every byte has a meaning in.
fn to_text(bytes: Vec<u8>, charset: Option<&str>) -> String {
    let told = charset.map(str::to_ascii_lowercase);
    let known = told
        .as_deref()
        .filter(|name| !matches!(*name, "utf-8" | "utf8" | "us-ascii"));
    if let Some(decode) = known.and_then(|name| charset_decoder(name.as_bytes())) {
        return decode(&bytes);
    }
    let fallback = |bytes: &[u8]| match charset_decoder(b"windows-1252") {
        Some(decode) => decode(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    };
    String::from_utf8(bytes).unwrap_or_else(|error| fallback(error.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_charset_is_believed_where_it_can_be() {
        for (bytes, charset, want) in [
            (&b"\xe9"[..], Some("ISO-8859-1"), "é"),
            (b"\xa4", Some("iso-8859-15"), "€"),
            (b"\xc3\xa9", Some("UTF-8"), "é"),
            (b"\xc3\xa9", None, "é"),
            (b"\x80\xe9", None, "€é"),
            (b"\xe9", Some("utf-8"), "é"),
            (b"\xc3\xa9", Some("x-unknown"), "é"),
            (b"\xe9\0", Some("utf-16le"), "é"),
        ] {
            assert_eq!(to_text(bytes.to_vec(), charset), want, "{charset:?}");
        }
    }
}
