//! Base64 on one line (RFC 4648 section 4) of bytes that come in pieces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes that make four characters.
const GROUP: usize = 3;

/// What came and makes no whole group yet: two bytes at most.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    carry: Vec<u8>,
}

impl Base64 {
    /// The characters of all groups that are whole with this piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut rest = piece;
        let mut out = Vec::with_capacity((piece.len() / GROUP + 2) * 4);
        if !self.carry.is_empty() {
            let missing = GROUP.saturating_sub(self.carry.len()).min(rest.len());
            let (first, after) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
            self.carry.extend_from_slice(first);
            rest = after;
            if self.carry.len() < GROUP {
                return Vec::new();
            }
            append(&self.carry, &mut out);
            self.carry.clear();
        }
        let whole = rest.len() - rest.len() % GROUP;
        let (groups, left) = rest.split_at_checked(whole).unwrap_or((rest, &[]));
        append(groups, &mut out);
        self.carry.extend_from_slice(left);
        out
    }

    /// The last characters, padded.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        STANDARD.encode(std::mem::take(&mut self.carry)).into_bytes()
    }

    /// The characters that are still to come where so many bytes are.
    pub(crate) fn left(&self, bytes: u64) -> u64 {
        bytes
            .saturating_add(self.carry.len() as u64)
            .div_ceil(GROUP as u64)
            .saturating_mul(4)
    }
}

/// Encodes in place: the library's own way into a string goes through a kilobyte at a time.
fn append(groups: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + groups.len().div_ceil(GROUP) * 4, 0);
    if let Some(place) = out.get_mut(start..) {
        // The place has exactly the size that is needed, which is the only thing that can be wrong here.
        let written = STANDARD.encode_slice(groups, place).unwrap_or(0);
        out.truncate(start + written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_cut_it_is_the_base64_of_the_whole_and_as_long_as_was_said() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        for size in [0, 1, 2, 3, 4, 5, 6, 255, 256] {
            let input = bytes.get(..size).unwrap_or_default();
            for piece in 1..=size.max(1) {
                let mut encoder = Base64::default();
                let said = encoder.left(size as u64);
                let mut out = Vec::new();
                let mut left = size as u64;
                for piece in input.chunks(piece) {
                    out.extend(encoder.push(piece));
                    left -= piece.len() as u64;
                    assert_eq!(out.len() as u64 + encoder.left(left), said);
                }
                out.extend(encoder.finish());
                assert_eq!(out, STANDARD.encode(input).into_bytes(), "{size} in pieces of {piece}");
                assert_eq!(out.len() as u64, said);
            }
        }
    }
}
