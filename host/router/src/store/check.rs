//! Whether the indexes of the outbox say what its rows say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::error::StoreError;
use super::logged::{CONTENTS, COUNTS, DELIVERIES, DUE, IDEMPOTENCY, IDEMPOTENCY_EXPIRY, LISTING, SENDING, TIMERS};
use super::record::{IdempotencyRow, decode};
use super::tables::{Tables, Transaction};
use crate::outbox::{Body, DeliveryId, DeliveryRow};

/// Faults that are told at most.
const TOLD: usize = 100;

#[derive(Default)]
struct Indexes {
    due: BTreeSet<(String, String, u64, u128)>,
    sending: BTreeSet<(u128, u64)>,
    timers: BTreeSet<(u64, u128, u8)>,
    listing: BTreeSet<(String, u8, u128)>,
    counts: BTreeMap<(String, String, u8), u64>,
    contents: BTreeSet<u128>,
    expiries: BTreeSet<(u64, String, String)>,
}

#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// Reads everything and tells where the indexes differ from the rows; empty where they do not.
    pub(crate) fn differences(&self) -> Result<Vec<String>, StoreError> {
        let (mut wanted, mut found) = (Indexes::default(), Indexes::default());
        let mut told = Vec::new();
        self.scan(DELIVERIES, 0, |id, bytes| {
            let row: DeliveryRow = decode(bytes, &DeliveryId::from_u128(id).to_string(), self.place())?;
            let places = row.places();
            let (ws, instance) = (places.workspace.to_string(), places.instance.to_string());
            let state = places.summary as u8;
            if row.delivery.id.to_u128() != id {
                told.push(format!(
                    "the row of {} names another delivery",
                    DeliveryId::from_u128(id)
                ));
            }
            if row.delivery.body != Body::Gone {
                wanted.contents.insert(id);
            }
            if let Some(at_ms) = places.due_ms {
                wanted.due.insert((ws.clone(), instance.clone(), at_ms, id));
            }
            wanted.sending.extend(places.sending_ms.map(|since_ms| (id, since_ms)));
            wanted
                .timers
                .extend(places.timers.iter().map(|(at_ms, kind)| (*at_ms, id, *kind as u8)));
            wanted.listing.insert((ws.clone(), state, id));
            *wanted.counts.entry((ws, instance, state)).or_default() += 1;
            // What nothing would ever come back to is lost.
            let idle = places.due_ms.is_none() && places.sending_ms.is_none();
            if idle && (places.timers.is_empty() || row.delivery.pending().next().is_some()) {
                told.push(format!("nothing comes back to delivery {}", row.delivery.id));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.scan(IDEMPOTENCY, ("", ""), |(scope, key), bytes| {
            let row: IdempotencyRow = decode(bytes, key, self.place())?;
            wanted
                .expiries
                .insert((row.expires_ms, scope.to_owned(), key.to_owned()));
            Ok(ControlFlow::Continue(()))
        })?;
        let on = || Ok(ControlFlow::Continue(()));
        self.scan(DUE, ("", "", 0, 0), |(ws, instance, at_ms, id), ()| {
            found.due.insert((ws.to_owned(), instance.to_owned(), at_ms, id));
            on()
        })?;
        self.scan(SENDING, 0, |id, since_ms| {
            found.sending.insert((id, since_ms));
            on()
        })?;
        self.scan(TIMERS, (0, 0, 0), |timer, ()| {
            found.timers.insert(timer);
            on()
        })?;
        self.scan(LISTING, ("", 0, 0), |(ws, state, id), ()| {
            found.listing.insert((ws.to_owned(), state, id));
            on()
        })?;
        self.scan(COUNTS, ("", "", 0), |(ws, instance, state), count| {
            found.counts.insert((ws.to_owned(), instance.to_owned(), state), count);
            on()
        })?;
        self.scan(CONTENTS, 0, |id, _| {
            found.contents.insert(id);
            on()
        })?;
        self.scan(IDEMPOTENCY_EXPIRY, (0, "", ""), |(at_ms, scope, key), ()| {
            found.expiries.insert((at_ms, scope.to_owned(), key.to_owned()));
            on()
        })?;
        differ(&mut told, "due", &wanted.due, &found.due);
        differ(&mut told, "sending", &wanted.sending, &found.sending);
        differ(&mut told, "timers", &wanted.timers, &found.timers);
        differ(&mut told, "listing", &wanted.listing, &found.listing);
        differ(
            &mut told,
            "counts",
            &wanted.counts.into_iter().collect(),
            &found.counts.into_iter().collect(),
        );
        differ(&mut told, "contents", &wanted.contents, &found.contents);
        differ(&mut told, "idempotency", &wanted.expiries, &found.expiries);
        told.truncate(TOLD);
        Ok(told)
    }
}

fn differ<E: Ord + std::fmt::Debug>(told: &mut Vec<String>, index: &str, wanted: &BTreeSet<E>, found: &BTreeSet<E>) {
    told.extend(
        wanted
            .difference(found)
            .map(|entry| format!("{index}: {entry:?} is missing")),
    );
    told.extend(
        found
            .difference(wanted)
            .map(|entry| format!("{index}: {entry:?} is too much")),
    );
}
