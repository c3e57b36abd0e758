//! Changes of tables as bytes: what a record of the log holds. Each says what stands under a key from now on, so that to make
//! them once more, in their order, comes to the same, and so does to make only the last for each key.
//!
//! ```text
//! 1  table         its number
//! 1  kind          0: the value follows; 1: the row is gone
//! 4  key length    in bytes, little-endian
//! 4  value length  in bytes, little-endian
//! …  key, value    as redb has them
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

use super::frame::HEADER;

const PUT: u8 = 0;
const REMOVED: u8 = 1;

/// What stands last under each key of each table; none where the row is gone.
pub(crate) type Last<V> = BTreeMap<u8, BTreeMap<Vec<u8>, Option<V>>>;

/// Changes of one batch, with room before them for the head of their record.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(super) bytes: Vec<u8>,
    /// Where in the bytes the value stands.
    last: Last<Range<usize>>,
}

/// One change, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change<'b> {
    pub(crate) table: u8,
    pub(crate) key: &'b [u8],
    /// None where the row is gone.
    pub(crate) value: Option<&'b [u8]>,
}

/// Bytes are no changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Default for Changes {
    fn default() -> Self {
        Self {
            bytes: vec![0; HEADER],
            last: Last::new(),
        }
    }
}

impl Changes {
    pub(crate) fn put(&mut self, table: u8, key: &[u8], value: &[u8]) {
        self.push(table, PUT, key, value);
        let end = self.bytes.len();
        self.note(table, key, Some(end.saturating_sub(value.len())..end));
    }

    pub(crate) fn removed(&mut self, table: u8, key: &[u8]) {
        self.push(table, REMOVED, key, &[]);
        self.note(table, key, None);
    }

    /// What these changes have put under a key: none where they do not touch it, and none within where the row is gone.
    pub(crate) fn get(&self, table: u8, key: &[u8]) -> Option<Option<&[u8]>> {
        let value = self.last.get(&table)?.get(key)?;
        Some(value.clone().and_then(|value| self.bytes.get(value)))
    }

    /// The keys of the rows that are gone, of each table.
    pub(crate) fn gone(&self) -> impl Iterator<Item = (u8, impl Iterator<Item = &[u8]>)> {
        self.last.iter().map(|(table, rows)| {
            let gone = rows.iter().filter(|(_, value)| value.is_none());
            (*table, gone.map(|(key, _)| key.as_slice()))
        })
    }

    /// No row is touched.
    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// What stands last under each key, without copying it.
    pub(crate) fn into_last(self) -> Last<Bytes> {
        let bytes = Bytes::from(self.bytes);
        let slices = |value: Option<Range<usize>>| value.map(|value| bytes.slice(value));
        let tables = self.last.into_iter();
        tables
            .map(|(table, rows)| {
                (
                    table,
                    rows.into_iter().map(|(key, value)| (key, slices(value))).collect(),
                )
            })
            .collect()
    }

    /// Bytes of the changes alone.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len().saturating_sub(HEADER)
    }

    fn push(&mut self, table: u8, kind: u8, key: &[u8], value: &[u8]) {
        let out = &mut self.bytes;
        out.reserve(10 + key.len() + value.len());
        out.extend([table, kind]);
        for part in [key, value] {
            // What has 4 GiB is too long for the log, and is never written as these lengths.
            out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        out.extend(key);
        out.extend(value);
    }

    fn note(&mut self, table: u8, key: &[u8], value: Option<Range<usize>>) {
        let rows = self.last.entry(table).or_default();
        match rows.get_mut(key) {
            Some(place) => *place = value,
            None => drop(rows.insert(key.to_vec(), value)),
        }
    }
}

/// Reads changes back, in their order.
pub(crate) fn read(mut rest: &[u8]) -> impl Iterator<Item = Result<Change<'_>, Malformed>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let change = next(&mut rest).ok_or(Malformed);
        if change.is_err() {
            rest = &[];
        }
        Some(change)
    })
}

fn next<'b>(rest: &mut &'b [u8]) -> Option<Change<'b>> {
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at_checked(length)?;
        *rest = left;
        Some(taken)
    };
    let ([table, kind], [key, value]) = (
        take(2)?.try_into().ok()?,
        [take(4)?, take(4)?].map(|length| length.try_into().map(u32::from_le_bytes)),
    );
    let (key, value) = (take(key.ok()? as usize)?, take(value.ok()? as usize)?);
    let value = match kind {
        PUT => Some(value),
        REMOVED if value.is_empty() => None,
        _ => return None,
    };
    Some(Change { table, key, value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn changes_read_back_in_their_order() {
        let mut changes = Changes::default();
        changes.put(1, b"key", b"value");
        changes.removed(2, b"other");
        changes.put(3, b"", b"");
        let found: Vec<_> = read(&changes.bytes[HEADER..]).map(Result::unwrap).collect();
        let put = |table, key, value| Change {
            table,
            key,
            value: Some(value),
        };
        let removed = Change {
            table: 2,
            key: b"other",
            value: None,
        };
        assert_eq!(found, [put(1, b"key", b"value"), removed, put(3, b"", b"")]);
    }

    #[test]
    fn changes_that_were_cut_are_told() {
        let mut changes = Changes::default();
        changes.put(1, b"key", b"value");
        let whole = &changes.bytes[HEADER..];
        for length in 1..whole.len() {
            assert_eq!(read(&whole[..length]).last(), Some(Err(Malformed)), "{length}");
        }
    }

    #[test]
    fn what_stands_last_under_a_key_is_told_and_outlives_the_changes() {
        let mut changes = Changes::default();
        assert!(changes.is_empty());
        changes.put(1, b"a", b"first");
        changes.put(1, b"b", b"other");
        changes.put(1, b"a", b"last");
        changes.removed(2, b"a");
        assert_eq!(changes.get(1, b"a"), Some(Some(&b"last"[..])));
        assert_eq!(changes.get(2, b"a"), Some(None));
        assert_eq!(changes.get(2, b"b"), None);
        assert_eq!(changes.get(3, b"a"), None);
        let rows = |rows: &[(&[u8], Option<&'static [u8]>)]| {
            let rows = rows
                .iter()
                .map(|(key, value)| (key.to_vec(), value.map(Bytes::from_static)));
            rows.collect::<BTreeMap<_, _>>()
        };
        let expected = [
            (1, rows(&[(b"a", Some(b"last")), (b"b", Some(b"other"))])),
            (2, rows(&[(b"a", None)])),
        ];
        assert_eq!(changes.into_last(), Last::from(expected));
    }
}
