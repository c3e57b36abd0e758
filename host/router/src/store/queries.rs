//! What is asked of the outbox. Every answer is found by seeking in an index; none reads more rows than it was allowed to.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use redb::ReadableTable;

use super::error::{At, StoreError};
use super::logged::{COUNTS, DELIVERIES, DUE, LISTING, SENDING, TIMERS};
use super::record::decode;
use super::tables::{Bytes, Tables, Transaction};
use crate::names::{InstancePath, WorkspaceName};
use crate::outbox::{DeliveryId, DeliveryRow, Filter, Page, Summary, Timer, TimerKind, Unreadable, ms, time};

/// Rows that one page looks at, at most, to find those that it shows.
const LOOKED_AT: usize = 2_000;
/// Deliveries on one page at most.
pub(crate) const PAGE: usize = 500;
/// The last id there can be.
const LAST: u128 = u128::MAX;

/// Deliveries of one instance that are due, with when.
pub(crate) type Due = Vec<(jiff::Timestamp, DeliveryId)>;

#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// What is due for an instance until then, from the longest due, after the one that is named and without those to skip.
    pub(crate) fn due(
        &self,
        instance: &InstancePath,
        until_ms: u64,
        after: Option<(u64, DeliveryId)>,
        limit: usize,
        skip: impl Fn(DeliveryId) -> bool,
    ) -> Result<Due, StoreError> {
        let Some(table) = self.open(DUE)? else {
            return Ok(Vec::new());
        };
        let (ws, name) = (instance.workspace.as_str(), instance.name.as_str());
        let first = match after {
            Some((at_ms, id)) => Bound::Excluded((ws, name, at_ms, id.to_u128())),
            None => Bound::Included((ws, name, 0, 0)),
        };
        let last = Bound::Included((ws, name, until_ms, LAST));
        if after.is_some_and(|(at_ms, id)| (at_ms, id.to_u128()) >= (until_ms, LAST)) {
            // No range begins behind its end.
            return Ok(Vec::new());
        }
        let mut due = Vec::new();
        for row in table.range((first, last)).at(self.place())? {
            if due.len() >= limit {
                break;
            }
            let (key, _) = row.at(self.place())?;
            let (_, _, at_ms, id) = key.value();
            let id = DeliveryId::from_u128(id);
            if !skip(id) {
                due.push((time(at_ms), id));
            }
        }
        Ok(due)
    }

    /// The instances that have anything due, now or later; one seek for each.
    pub(crate) fn instances_with_work(&self) -> Result<Vec<InstancePath>, StoreError> {
        let Some(table) = self.open(DUE)? else {
            return Ok(Vec::new());
        };
        let mut found: Vec<InstancePath> = Vec::new();
        loop {
            let first = match found.last() {
                Some(last) => Bound::Excluded((last.workspace.as_str(), last.name.as_str(), u64::MAX, LAST)),
                None => Bound::Unbounded,
            };
            let Some(row) = table.range((first, Bound::Unbounded)).at(self.place())?.next() else {
                return Ok(found);
            };
            let (key, _) = row.at(self.place())?;
            let (ws, name, _, _) = key.value();
            let path = InstancePath {
                workspace: self.name(ws)?,
                name: self.name(name)?,
            };
            found.push(path);
        }
    }

    /// Deliveries that were being sent.
    pub(crate) fn sending(&self) -> Result<Vec<DeliveryId>, StoreError> {
        let mut found = Vec::new();
        self.scan(SENDING, 0, |id, _| {
            found.push(DeliveryId::from_u128(id));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Timers until then, the earliest first, after the one that is named and without those to skip. One of a kind that only a
    /// later version knows is left to that.
    pub(crate) fn timers(
        &self,
        until_ms: u64,
        after: Option<(u64, DeliveryId, TimerKind)>,
        limit: usize,
        skip: impl Fn(DeliveryId) -> bool,
    ) -> Result<Vec<Timer>, StoreError> {
        let mut found = Vec::new();
        let Some(table) = self.open(TIMERS)? else {
            return Ok(found);
        };
        let first = match after {
            Some((at_ms, id, kind)) => Bound::Excluded((at_ms, id.to_u128(), kind as u8)),
            None => Bound::Unbounded,
        };
        for row in table.range((first, Bound::Unbounded)).at(self.place())? {
            let (key, _) = row.at(self.place())?;
            let (at_ms, id, kind) = key.value();
            if at_ms > until_ms || found.len() >= limit {
                break;
            }
            let (at, id) = (time(at_ms), DeliveryId::from_u128(id));
            if let Some(kind) = TimerKind::from_number(kind)
                && !skip(id)
            {
                found.push(Timer { at, id, kind });
            }
        }
        Ok(found)
    }

    /// The deliveries of a workspace that pass the filter, the newest first.
    pub(crate) fn list(&self, ws: &WorkspaceName, filter: &Filter) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let (Some(listing), Some(rows)) = (self.open(LISTING)?, self.open(DELIVERIES)?) else {
            return Ok(page);
        };
        let end = filter.before.map_or(LAST, DeliveryId::to_u128);
        let states: Vec<Summary> = filter.state.map_or(Summary::ALL.to_vec(), |state| vec![state]);
        // One walk back through the ids for each state, merged: the newest of their heads comes next.
        let mut walks = Vec::with_capacity(states.len());
        for state in states {
            let (first, last) = ((ws.as_str(), state as u8, 0), (ws.as_str(), state as u8, end));
            let walk = listing.range(first..last).at(self.place())?.rev();
            walks.push(walk.map(|row| row.map(|(key, _)| key.value().2)).peekable());
        }
        let limit = filter.limit.clamp(1, PAGE);
        for looked_at in 0.. {
            let mut newest = None;
            for (place, walk) in walks.iter_mut().enumerate() {
                let head = match walk.next_if(Result::is_err) {
                    Some(error) => Some(error.at(self.place())?),
                    None => walk.peek().and_then(|head| head.as_ref().ok()).copied(),
                };
                newest = newest.max(head.map(|id| (id, place)));
            }
            let Some((id, place)) = newest else {
                page.next = None;
                return Ok(page);
            };
            if page.deliveries.len() + page.unreadable.len() >= limit || looked_at >= LOOKED_AT {
                return Ok(page);
            }
            if let Some(walk) = walks.get_mut(place) {
                walk.next();
            }
            page.next = Some(DeliveryId::from_u128(id));
            let id = DeliveryId::from_u128(id);
            match self.listed(&rows, id) {
                Ok(row) if filter.admits(&row.delivery) => page.deliveries.push(row.delivery),
                Ok(_) => {}
                // It is shown as what it is: the others are not hidden by it.
                Err(error) if error.of_one_record() => page.unreadable.push(Unreadable { id, code: error.code() }),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    fn listed(&self, rows: &impl ReadableTable<u128, Bytes>, id: DeliveryId) -> Result<DeliveryRow, StoreError> {
        let row = rows.get(id.to_u128()).at(self.place())?;
        let row = row.ok_or_else(|| self.damaged(format!("delivery {id} is listed and not there")))?;
        decode(row.value(), &id.to_string(), self.place())
    }

    /// Deliveries that are pending or uncertain, after the place where the last call ended; one call looks at `most`.
    pub(crate) fn unfinished(
        &self,
        after: Option<&(WorkspaceName, u8, DeliveryId)>,
        most: usize,
    ) -> Result<Vec<(WorkspaceName, u8, DeliveryId)>, StoreError> {
        let mut found = Vec::new();
        let Some(table) = self.open(LISTING)? else {
            return Ok(found);
        };
        let mut from = match after {
            Some((ws, state, id)) => Bound::Excluded((ws.as_str().to_owned(), *state, id.to_u128())),
            None => Bound::Unbounded,
        };
        while found.len() < most {
            let start = match &from {
                Bound::Excluded((ws, state, id)) => Bound::Excluded((ws.as_str(), *state, *id)),
                _ => Bound::Unbounded,
            };
            let Some(row) = table.range((start, Bound::Unbounded)).at(self.place())?.next() else {
                break;
            };
            let (key, _) = row.at(self.place())?;
            let (ws, state, id) = key.value();
            if state > Summary::Uncertain as u8 {
                // The rest of this workspace is finished.
                from = Bound::Excluded((ws.to_owned(), u8::MAX, LAST));
                continue;
            }
            from = Bound::Excluded((ws.to_owned(), state, id));
            found.push((self.name(ws)?, state, DeliveryId::from_u128(id)));
        }
        Ok(found)
    }

    /// Shows every delivery, in the order in which they were accepted; without its row where that cannot be read.
    pub(crate) fn each_delivery(
        &self,
        mut visit: impl FnMut(DeliveryId, Option<DeliveryRow>),
    ) -> Result<(), StoreError> {
        self.scan(DELIVERIES, 0, |id, row| {
            let id = DeliveryId::from_u128(id);
            match decode(row, &id.to_string(), self.place()) {
                Ok(row) => visit(id, Some(row)),
                Err(error) if error.of_one_record() => visit(id, None),
                Err(error) => return Err(error),
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// How many deliveries each instance has in each state.
    pub(crate) fn counts(&self) -> Result<BTreeMap<(InstancePath, Summary), u64>, StoreError> {
        let mut found = BTreeMap::new();
        self.scan(COUNTS, ("", "", 0), |(ws, name, state), count| {
            // A state that only a later version knows is left to that.
            let Some(state) = Summary::ALL.into_iter().find(|summary| *summary as u8 == state) else {
                return Ok(ControlFlow::Continue(()));
            };
            let path = InstancePath {
                workspace: self.name(ws)?,
                name: self.name(name)?,
            };
            found.insert((path, state), count);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// When anything is due next for that instance.
    pub(crate) fn next_due(&self, instance: &InstancePath) -> Result<Option<u64>, StoreError> {
        let first = self.due(instance, u64::MAX, None, 1, |_| false)?;
        Ok(first.first().map(|(at, _)| ms(*at)))
    }

    /// When the next timer is set for.
    pub(crate) fn next_timer(&self) -> Result<Option<u64>, StoreError> {
        let mut next = None;
        self.scan(TIMERS, (0, 0, 0), |(at_ms, _, _), ()| {
            next = Some(at_ms);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(next)
    }
}
