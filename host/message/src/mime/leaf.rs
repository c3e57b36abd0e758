//! One part that holds no parts: what it says of itself, and how it has to be written.

use super::Fault;
use super::block::Block;
use super::lines::Flaws;
use super::rewrite::{Changes, NewType};
use super::value::{self, Typed};
use crate::reason::Reason;
use crate::recode::{Decode, Recode};
use crate::source::Content;

/// How a body is encoded (RFC 2045 section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 7bit, or nothing, or a word that no standard has.
    Identity,
    EightBit,
    Binary,
    Quoted,
    Base64,
}

impl Encoding {
    fn parse(value: &str) -> Self {
        let word = value.split([';', '(']).next().unwrap_or_default();
        match word.trim().to_ascii_lowercase().as_str() {
            "8bit" => Self::EightBit,
            "binary" => Self::Binary,
            "quoted-printable" => Self::Quoted,
            "base64" => Self::Base64,
            _ => Self::Identity,
        }
    }

    /// Whether the name promises bytes that are not there any more in what leaves.
    pub(super) fn is_wide(self) -> bool {
        matches!(self, Self::EightBit | Self::Binary)
    }

    /// How the body is decoded, if it is encoded at all.
    pub(super) fn decode(self) -> Option<Decode> {
        match self {
            Self::Identity | Self::EightBit | Self::Binary => None,
            Self::Quoted => Some(Decode::Quoted),
            Self::Base64 => Some(Decode::Base64),
        }
    }
}

/// What the header of a part says of its body.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) typed: Typed,
    pub(super) encoding: Encoding,
}

impl Kind {
    /// Without a Content-Type that can be read, a part is plain text (RFC 2045 section 5.2), or a message in a digest
    /// (RFC 2046 section 5.1.5).
    pub(super) fn read(block: &Block, in_digest: bool) -> Result<Self, Reason> {
        let typed = block.only("Content-Type")?;
        let typed = typed.and_then(|entry| value::typed(&block.value(entry)));
        let encoding = block.only("Content-Transfer-Encoding")?;
        let default = if in_digest { "message/rfc822" } else { "text/plain" };
        Ok(Self {
            typed: typed.filter(|typed| typed.kind.contains('/')).unwrap_or_else(|| Typed {
                kind: default.into(),
                parameters: Vec::new(),
            }),
            encoding: encoding.map_or(Encoding::Identity, |entry| Encoding::parse(&block.value(entry))),
        })
    }

    pub(super) fn is(&self, top: &str) -> bool {
        self.typed.kind.split('/').next() == Some(top)
    }
}

/// How a leaf is written.
pub(super) struct Way {
    /// `None` where its lines pass as they are.
    pub(super) recode: Option<Recode>,
    pub(super) changes: Changes,
}

/// Decides how a body with these flaws is written; `alone` where the message ends with it. `unix` says whether a line
/// of it ends with LF alone, which is no line break in a binary body.
pub(super) fn way(kind: &Kind, flaws: Flaws, unix: bool, alone: bool, body: &Content) -> Result<Way, Fault> {
    let file = kind.is("message");
    let charset = kind.typed.parameter("charset");
    // Characters of more than one byte, in which CR and LF are not line breaks.
    let wide = charset.is_some_and(|charset| {
        let charset = charset.to_ascii_lowercase();
        ["utf-16", "utf-32", "ucs-", "utf16", "utf32"]
            .iter()
            .any(|family| charset.starts_with(family))
    });
    let text = kind.is("text") && !wide;
    let as_bytes = kind.encoding == Encoding::Binary && !text && unix;
    if !flaws.any() && !as_bytes {
        let encoding = kind.encoding.is_wide().then_some("7bit");
        return Ok(Way {
            recode: None,
            changes: Changes {
                encoding,
                content_type: None,
            },
        });
    }
    let (recode, encoding) = match kind.encoding {
        Encoding::Base64 => (Recode::Rewrapped, "base64"),
        Encoding::Quoted => (Recode::Requoted { alone }, "quoted-printable"),
        _ if text => (Recode::Quoted { alone }, "quoted-printable"),
        _ => (Recode::Base64, "base64"),
    };
    let content_type = if file {
        Some(NewType::File)
    } else if text && charset.is_none() && flaws.eight_bit && recode != Recode::Rewrapped {
        Some(NewType::Charset(if is_utf8(body)? { "utf-8" } else { "windows-1252" }))
    } else {
        None
    };
    Ok(Way {
        recode: Some(recode),
        changes: Changes {
            encoding: Some(encoding),
            content_type,
        },
    })
}

/// Whether a text that does not tell its charset is UTF-8. What is not is windows-1252, in France.
fn is_utf8(body: &Content) -> Result<bool, Fault> {
    let (mut valid, mut held) = (true, Vec::new());
    body.for_each(|chunk| {
        if !valid {
            return Ok(());
        }
        held.extend_from_slice(chunk);
        match std::str::from_utf8(&held) {
            Ok(_) => held.clear(),
            Err(error) if error.error_len().is_none() => {
                held.drain(..error.valid_up_to());
            }
            Err(_) => valid = false,
        }
        Ok(())
    })?;
    Ok(valid && held.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn chosen(header: &str, flaws: Flaws, unix: bool, body: &[u8]) -> (Option<Recode>, Changes) {
        let kind = Kind::read(&Block::of(header.as_bytes()), false).unwrap();
        let Ok(way) = way(&kind, flaws, unix, false, &Content::Bytes(body.to_vec().into())) else {
            unreachable!("nothing is read from a disk");
        };
        (way.recode, way.changes)
    }

    #[test]
    fn a_leaf_is_only_rewritten_where_it_must_be() {
        let clean = Flaws::default();
        let eight = Flaws {
            eight_bit: true,
            ..clean
        };
        let long = Flaws { long: true, ..clean };
        let encoding = |way: (Option<Recode>, Changes)| (way.0, way.1.encoding);
        assert_eq!(encoding(chosen("", clean, true, b"")), (None, None));
        assert_eq!(
            encoding(chosen("Content-Transfer-Encoding: 8bit\r\n", clean, true, b"")),
            (None, Some("7bit"))
        );
        for (header, flaws, how, name) in [
            (
                "Content-Type: text/html\r\n",
                eight,
                Recode::Quoted { alone: false },
                "quoted-printable",
            ),
            ("Content-Type: image/png\r\n", eight, Recode::Base64, "base64"),
            (
                "Content-Type: text/plain; charset=UTF-16LE\r\n",
                eight,
                Recode::Base64,
                "base64",
            ),
            (
                "Content-Transfer-Encoding: BASE64\r\n",
                long,
                Recode::Rewrapped,
                "base64",
            ),
            (
                "Content-Transfer-Encoding: Quoted-Printable (x)\r\n",
                long,
                Recode::Requoted { alone: false },
                "quoted-printable",
            ),
        ] {
            assert_eq!(
                encoding(chosen(header, flaws, false, b"")),
                (Some(how), Some(name)),
                "{header}"
            );
        }
        let binary = "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n";
        assert_eq!(chosen(binary, clean, true, b"").0, Some(Recode::Base64));
        assert_eq!(chosen(binary, clean, false, b"").0, None);
    }

    #[test]
    fn a_charset_is_told_where_it_was_not() {
        let eight = Flaws {
            eight_bit: true,
            ..Flaws::default()
        };
        let told = |header: &str, body: &[u8]| chosen(header, eight, false, body).1.content_type;
        assert_eq!(told("", "é".as_bytes()), Some(NewType::Charset("utf-8")));
        assert_eq!(told("", b"\xe9"), Some(NewType::Charset("windows-1252")));
        assert_eq!(told("", b"\xc3"), Some(NewType::Charset("windows-1252")));
        assert_eq!(told("Content-Type: text/plain; charset=iso-8859-15\r\n", b"\xe9"), None);
        assert_eq!(
            told("Content-Type: message/rfc822\r\n", "é".as_bytes()),
            Some(NewType::File)
        );
        let long = format!("{}é{}", "x".repeat(65_535), "é".repeat(70_000));
        assert_eq!(told("", long.as_bytes()), Some(NewType::Charset("utf-8")));
    }
}
