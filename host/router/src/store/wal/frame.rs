//! A record of the log: one batch of changes, and by what it is told from everything else that may stand in its place.
//!
//! ```text
//! 8  mark
//! 16 salt       of this round of the log, drawn at random when the round began
//! 8  position   where the record begins, in bytes from the start of the file, little-endian
//! 4  length     of the changes in bytes, little-endian
//! 4  sum        CRC-32 of all of the above and of the changes, little-endian
//! …  changes
//! …  zeros      up to the next boundary
//! ```
//!
//! The file is written over round after round, so behind the last record of this round stand old ones, and in them what callers
//! sent: bodies that may look like records. None of them can carry the salt, which nobody knew when they were written.

use super::changes::Changes;

/// Records begin at multiples of this many bytes, so that what is being written shares no page with what was acknowledged.
pub(super) const ALIGN: usize = 4096;
pub(super) const HEADER: usize = 40;
const MARK: [u8; 8] = *b"relaiswa";
/// Bytes of the head that the sum covers.
const SUMMED: usize = HEADER - 4;

/// Tells the records of one round of the log from those of every other.
pub(crate) type Salt = u128;

/// Bytes that a record of these changes takes.
pub(super) fn size(changes: &Changes) -> u64 {
    (HEADER + changes.length()).next_multiple_of(ALIGN) as u64
}

/// Makes a record of the changes.
pub(super) fn seal(changes: &mut Changes, salt: Salt, position: u64) {
    let length = u32::try_from(changes.length()).unwrap_or(u32::MAX);
    let bytes = &mut changes.bytes;
    if let Some(head) = bytes.first_chunk_mut::<HEADER>() {
        *head = self::head(salt, position, length);
    }
    let sum = sum(bytes);
    if let Some(place) = bytes.get_mut(SUMMED..HEADER) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
}

/// Bytes of the changes of the record that begins with this head; none where it is no record of this round and place.
pub(super) fn length(head: &[u8; HEADER], salt: Salt, position: u64) -> Option<usize> {
    let (_, length) = head.get(..SUMMED)?.split_last_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    (head.get(..SUMMED) == self::head(salt, position, length).get(..SUMMED)).then_some(length as usize)
}

/// Whether a record, from its head to its last change, is as it was written.
pub(super) fn whole(record: &[u8]) -> bool {
    record.get(SUMMED..HEADER) == Some(&sum(record).to_le_bytes())
}

fn head(salt: Salt, position: u64, length: u32) -> [u8; HEADER] {
    let mut head = [0; HEADER];
    let parts: [&[u8]; 4] = [
        &MARK,
        &salt.to_le_bytes(),
        &position.to_le_bytes(),
        &length.to_le_bytes(),
    ];
    for (place, byte) in head.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    head
}

fn sum(record: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(record.get(..SUMMED).unwrap_or_default());
    sum.update(record.get(HEADER..).unwrap_or_default());
    sum.finalize()
}
