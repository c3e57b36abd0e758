//! The content of a delivery as the store keeps it: what the message is beside its large contents, and these or where they are.
//!
//! ```text
//! 1  version       1 here
//! 1  kind          0: the body follows; 1: it is a file of the spool
//! 8  length        of the body in bytes, little-endian
//! 32 digest        SHA-256 of the body where it is a file, else zeros
//! 4  head length   in bytes, little-endian
//! …  head          of the message
//! …  body          where it follows
//! ```

use bytes::Bytes;

/// The version that is written, and the latest that is read.
pub const VERSION: u8 = 1;
const INLINE: u8 = 0;
const SPOOL: u8 = 1;
const FIXED: usize = 1 + 1 + 8 + 32 + 4;

/// Bytes of a body that stands in the database at most.
pub const INLINE_BYTES: u64 = 256 << 10;

/// SHA-256 of a body.
pub type Digest = [u8; 32];

/// Where a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Inline(Bytes),
    Spool { length: u64, digest: Digest },
}

/// A content read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub head: Bytes,
    pub body: Place,
}

/// Why bytes are no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A later version of Relais wrote them.
    Newer(u8),
    Damaged,
}

/// A content as it is written.
pub fn encode(head: &[u8], body: &Place) -> Vec<u8> {
    let (kind, length, digest, inline) = match body {
        Place::Inline(bytes) => (INLINE, bytes.len() as u64, [0; 32], &bytes[..]),
        Place::Spool { length, digest } => (SPOOL, *length, *digest, &[][..]),
    };
    let mut out = Vec::with_capacity(FIXED + head.len() + inline.len());
    out.extend([VERSION, kind]);
    out.extend(length.to_le_bytes());
    out.extend(digest);
    // A head of 4 GiB would have been refused long before: the limits of a message see to that.
    out.extend(u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(head);
    out.extend(inline);
    out
}

/// Reads a content back.
pub fn decode(bytes: Vec<u8>) -> Result<Content, Unreadable> {
    let mut rest = Bytes::from(bytes);
    let [version] = take(&mut rest)?;
    if version > VERSION {
        return Err(Unreadable::Newer(version));
    }
    let [kind] = take(&mut rest)?;
    let length = u64::from_le_bytes(take(&mut rest)?);
    let digest = take(&mut rest)?;
    let head_length = u32::from_le_bytes(take(&mut rest)?) as usize;
    if rest.len() < head_length {
        return Err(Unreadable::Damaged);
    }
    let head = rest.split_to(head_length);
    let body = match kind {
        INLINE if rest.len() as u64 == length => Place::Inline(rest),
        SPOOL if rest.is_empty() => Place::Spool { length, digest },
        _ => return Err(Unreadable::Damaged),
    };
    Ok(Content { head, body })
}

fn take<const N: usize>(rest: &mut Bytes) -> Result<[u8; N], Unreadable> {
    if rest.len() < N {
        return Err(Unreadable::Damaged);
    }
    rest.split_to(N).as_ref().try_into().map_err(|_| Unreadable::Damaged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_content_reads_back_wherever_its_body_is() {
        let spool = Place::Spool {
            length: 7,
            digest: [9; 32],
        };
        for body in [
            Place::Inline(Bytes::from_static(b"body")),
            Place::Inline(Bytes::new()),
            spool,
        ] {
            let content = decode(encode(b"head", &body)).unwrap();
            assert_eq!(
                content,
                Content {
                    head: Bytes::from_static(b"head"),
                    body
                }
            );
        }
    }

    #[test]
    fn a_content_that_was_cut_or_is_of_a_later_version_is_told() {
        let whole = encode(b"head", &Place::Inline(Bytes::from_static(b"body")));
        for length in 0..whole.len() {
            assert_eq!(decode(whole[..length].to_vec()), Err(Unreadable::Damaged), "{length}");
        }
        let mut newer = whole;
        newer[0] = 2;
        assert_eq!(decode(newer), Err(Unreadable::Newer(2)));
    }
}
