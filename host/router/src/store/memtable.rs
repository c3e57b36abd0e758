//! The changes of the outbox that are in the log and not in the database yet. Most of what happens to a mail happens within
//! moments: it is accepted, leaves, and is noted as sent. Only what stands last under each key is ever written to the database's
//! trees, at once for all that came meanwhile, and not while a caller waits.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::outbox::Expiry;
use super::wal::{Changes, Last, Malformed, read};

/// How long the database may lack a change; who reads it before does not wait for that.
const DELAY: Duration = Duration::from_millis(20);
/// Bytes of changes that the database may lack, roughly.
const MOST: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Memtable {
    last: Last<Bytes>,
    /// Of all changes, also of those that are not the last for their key: a record is held as a whole.
    bytes: usize,
    since: Option<Instant>,
    forgotten: Option<Expiry>,
}

impl Memtable {
    /// What was put under a key: none where the database knows, and none within where the row is gone.
    pub(super) fn get(&self, table: u8, key: &[u8]) -> Option<Option<&[u8]>> {
        let value = self.last.get(&table)?.get(key)?;
        Some(value.as_deref())
    }

    /// Takes the changes of a record of the log, and which expired key they forgot last.
    pub(super) fn take(&mut self, changes: Changes, forgotten: Option<Expiry>) {
        self.forgotten = forgotten.or(self.forgotten.take());
        self.bytes = self.bytes.saturating_add(changes.length());
        self.since.get_or_insert_with(Instant::now);
        for (table, rows) in changes.into_last() {
            self.last.entry(table).or_default().extend(rows);
        }
    }

    /// The same of a record that was read.
    pub(super) fn take_again(&mut self, record: &[u8]) -> Result<(), Malformed> {
        let mut changes = Changes::default();
        for change in read(record) {
            let change = change?;
            match change.value {
                Some(value) => changes.put(change.table, change.key, value),
                None => changes.removed(change.table, change.key),
            }
        }
        self.take(changes, None);
        Ok(())
    }

    /// The last of the expired keys that the database has and that were forgotten.
    pub(super) fn forgotten(&self) -> Option<&Expiry> {
        self.forgotten.as_ref()
    }

    pub(super) fn rows(&self) -> &Last<Bytes> {
        &self.last
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// There are so many that the database should have them.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST
    }

    /// When the database should have them; none where it has.
    pub(super) fn due(&self) -> Option<Instant> {
        let since = self.since?;
        Some(if self.is_full() { since } else { since + DELAY })
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
