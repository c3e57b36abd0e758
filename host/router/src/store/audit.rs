//! The tables of the audit journal, and who makes room in it.
//!
//! The threat is somebody who makes many entries so that an older one goes. Each workspace has its own share, and so has the
//! host; and where all together are too many, whoever has the most makes room. So nobody's entries push out those of another
//! who has fewer.

use std::ops::ControlFlow;

use redb::{ReadableTable, TableDefinition};

use super::admin_rows::AuditRow;
use super::error::{At, StoreError};
use super::record::{decode, encode};
use super::tables::{Bytes, One, Tables, Transaction, Writing};
use crate::names::WorkspaceName;

/// By sequence number, which never comes twice.
pub(super) const AUDIT: TableDefinition<u64, Bytes> = TableDefinition::new("audit");
/// Whose each entry is: a workspace, or nobody for what concerns the whole host.
pub(super) const AUDIT_OF: TableDefinition<(&'static str, u64), ()> = TableDefinition::new("audit-of");
/// How many entries each of them has.
pub(super) const AUDIT_COUNTS: TableDefinition<One, u64> = TableDefinition::new("audit-counts");
const HOST: &str = "";

/// How much of the journal is kept.
#[derive(Debug, Clone, Copy)]
pub struct AuditLimits {
    /// What is older goes.
    pub oldest: jiff::Timestamp,
    /// Entries of one workspace, or of the host, at most.
    pub of_one: u64,
    /// Entries of all together at most.
    pub most: u64,
    /// Old entries that go with one new entry at most.
    pub drops: usize,
}

#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// Shows the audit journal, of one workspace or of all, newest first, from before `before` on, until `visit` breaks off.
    pub fn audit_back(
        &self,
        ws: Option<&WorkspaceName>,
        before: Option<u64>,
        mut visit: impl FnMut(u64, AuditRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let Some(table) = self.open(AUDIT)? else {
            return Ok(());
        };
        let before = before.unwrap_or(u64::MAX);
        let mut show =
            |seq: u64, row: &[u8]| Ok::<_, StoreError>(visit(seq, decode(row, &seq.to_string(), self.place())?));
        let Some(ws) = ws else {
            for row in table.range(..before).at(self.place())?.rev() {
                let (seq, row) = row.at(self.place())?;
                if show(seq.value(), row.value())?.is_break() {
                    break;
                }
            }
            return Ok(());
        };
        let Some(index) = self.open(AUDIT_OF)? else {
            return Ok(());
        };
        for entry in index
            .range((ws.as_str(), 0)..(ws.as_str(), before))
            .at(self.place())?
            .rev()
        {
            let (entry, _) = entry.at(self.place())?;
            let (_, seq) = entry.value();
            if let Some(row) = table.get(seq).at(self.place())?
                && show(seq, row.value())?.is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// Whether it is known whose each entry is: not in a store of before there were shares.
    pub fn audit_shared(&self) -> Result<bool, StoreError> {
        let any = |first: Option<_>| first.is_some();
        let counted = match self.open(AUDIT_COUNTS)? {
            Some(table) => table.first().at(self.place())?.map(drop),
            None => None,
        };
        let noted = match self.open(AUDIT)? {
            Some(table) => table.first().at(self.place())?.map(drop),
            None => None,
        };
        Ok(any(counted) || !any(noted))
    }
}

impl Writing<'_> {
    /// Adds a row to the audit journal, and lets old rows go that are beyond its limits.
    pub fn add_audit(&mut self, row: &AuditRow, limits: &AuditLimits) -> Result<(), StoreError> {
        self.share_audit()?;
        let place = self.place().to_path_buf();
        let whose = row.workspace.as_ref().map_or(HOST, WorkspaceName::as_str);
        let mut table = self.table(AUDIT)?;
        let last = table.last().at(&place)?.map(|(seq, _)| seq.value());
        let seq = last.map_or(1, |seq| seq.saturating_add(1));
        let bytes = encode(row, &seq.to_string(), &place)?;
        table.insert(seq, bytes.as_slice()).at(&place)?;
        drop(table);
        self.table(AUDIT_OF)?.insert((whose, seq), ()).at(&place)?;
        self.count_audit(whose, 1)?;
        for _ in 0..limits.drops {
            let Some((whose, seq)) = self.superfluous(whose, limits)? else {
                break;
            };
            self.table(AUDIT)?.remove(seq).at(&place)?;
            self.table(AUDIT_OF)?.remove((whose.as_str(), seq)).at(&place)?;
            self.count_audit(&whose, -1)?;
        }
        Ok(())
    }

    /// The entry that goes next, after `whose` had a new one.
    fn superfluous(&self, whose: &str, limits: &AuditLimits) -> Result<Option<(String, u64)>, StoreError> {
        let mut old = None;
        self.scan(AUDIT, 0, |seq, row| {
            // One that cannot be read goes when whoever it is counted for has too many.
            if let Ok(row) = decode::<AuditRow>(row, &seq.to_string(), self.place())
                && row.at < limits.oldest
            {
                let whose = row.workspace.as_ref().map_or(HOST, WorkspaceName::as_str);
                old = Some((whose.to_owned(), seq));
            }
            Ok(ControlFlow::Break(()))
        })?;
        if old.is_some() {
            return Ok(old);
        }
        let (mut own, mut all, mut largest) = (0, 0_u64, (0, String::new()));
        self.scan(AUDIT_COUNTS, "", |other, count| {
            all = all.saturating_add(count);
            if other == whose {
                own = count;
            }
            if count > largest.0 {
                largest = (count, other.to_owned());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let whose = match (own > limits.of_one, all > limits.most) {
            (true, _) => whose.to_owned(),
            (false, true) => largest.1,
            (false, false) => return Ok(None),
        };
        let mut first = None;
        self.scan(AUDIT_OF, (whose.as_str(), 0), |(other, seq), ()| {
            first = (other == whose).then_some(seq);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(first.map(|seq| (whose, seq)))
    }

    fn count_audit(&mut self, whose: &str, by: i64) -> Result<(), StoreError> {
        let place = self.place().to_path_buf();
        let mut table = self.table(AUDIT_COUNTS)?;
        let before = table.get(whose).at(&place)?.map_or(0, |count| count.value());
        match before.saturating_add_signed(by) {
            0 => table.remove(whose).at(&place).map(drop),
            count => table.insert(whose, count).at(&place).map(drop),
        }
    }

    /// Notes whose each entry is, in a store of before there were shares. True if there was anything to note.
    pub fn share_audit(&mut self) -> Result<bool, StoreError> {
        if self.audit_shared()? {
            return Ok(false);
        }
        let mut entries = Vec::new();
        self.scan(AUDIT, 0, |seq, row| {
            // One that cannot be read is nobody's.
            let row = decode::<AuditRow>(row, &seq.to_string(), self.place()).ok();
            entries.push((row.and_then(|row| row.workspace), seq));
            Ok(ControlFlow::Continue(()))
        })?;
        let place = self.place().to_path_buf();
        for (ws, seq) in entries {
            let whose = ws.as_ref().map_or(HOST, WorkspaceName::as_str);
            self.table(AUDIT_OF)?.insert((whose, seq), ()).at(&place)?;
            self.count_audit(whose, 1)?;
        }
        Ok(true)
    }
}

#[cfg(test)]
impl super::Store {
    /// Takes away what a store of before there were shares did not have.
    pub(crate) fn forget_audit_shares(&self) {
        let forgotten: Result<(), StoreError> = self.write(|tables| {
            tables.drop_table(AUDIT_OF)?;
            tables.drop_table(AUDIT_COUNTS)
        });
        assert!(forgotten.is_ok(), "{forgotten:?}");
    }
}
