//! Messages that were just accepted, so that the first attempt need not read back what was just written. Bounded by bytes:
//! beyond, the newest are not held, and are read from the store. The oldest are the next to be sent; only those that nobody came
//! for in a while, since their destination is down, make room.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use relais_message::Message;

use crate::outbox::{Delivery, DeliveryId};

/// Bytes that are held at most.
const BYTES: usize = 32 << 20;
/// What a delivery takes beside its message: the row, the header, the tables that hold it.
const OVERHEAD: usize = 4 << 10;
/// How long what nobody comes for is held against what is new.
const STALE: Duration = Duration::from_secs(5);
/// Ids of what was taken that the order may hold.
const SLACK: usize = 1 << 10;

/// Deliveries and their messages, by id; each is taken once.
#[derive(Debug, Default)]
pub(super) struct Recent {
    held: HashMap<DeliveryId, Held>,
    /// In the order of acceptance; may name what was taken.
    order: VecDeque<DeliveryId>,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    delivery: Delivery,
    message: Message,
    bytes: usize,
    since: Instant,
}

impl Recent {
    /// Holds a message of which `in_memory` bytes are not in a file.
    pub(super) fn put(&mut self, delivery: Delivery, message: Message, in_memory: u64) {
        let bytes = usize::try_from(in_memory)
            .unwrap_or(usize::MAX)
            .saturating_add(OVERHEAD);
        if !self.makes_room(bytes, STALE) {
            return;
        }
        let id = delivery.id;
        self.bytes += bytes;
        self.order.push_back(id);
        self.held.insert(
            id,
            Held {
                delivery,
                message,
                bytes,
                since: Instant::now(),
            },
        );
        // Most are taken long before they are forgotten.
        if self.order.len() > 2 * self.held.len() + SLACK {
            self.order.retain(|id| self.held.contains_key(id));
        }
    }

    /// Whether there is room for so many bytes, once the oldest are forgotten that were held for `stale`.
    fn makes_room(&mut self, bytes: usize, stale: Duration) -> bool {
        let most = BYTES.saturating_sub(bytes);
        while self.bytes > most {
            let Some(oldest) = self.order.front().copied() else {
                break;
            };
            match self.held.get(&oldest) {
                Some(held) if held.since.elapsed() < stale => return false,
                _ => drop(self.take(oldest)),
            }
            self.order.pop_front();
        }
        bytes <= BYTES
    }

    /// Takes one out.
    pub(super) fn take(&mut self, id: DeliveryId) -> Option<(Delivery, Message)> {
        let held = self.held.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(held.bytes);
        Some((held.delivery, held.message))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::dispatch::fake;

    #[test]
    fn a_message_is_taken_once() {
        let mut recent = Recent::default();
        let (delivery, message) = fake::delivery(1, &["a@example.org"]);
        let id = delivery.id;
        recent.put(delivery, message, 100);
        assert_eq!(recent.take(id).unwrap().0.id, id);
        assert!(recent.take(id).is_none());
        assert_eq!(recent.bytes, 0);
    }

    #[test]
    fn beyond_its_bytes_the_newest_are_not_held_and_the_oldest_are_forgotten_once_they_are_stale() {
        let mut recent = Recent::default();
        let ids: Vec<DeliveryId> = (1..=9)
            .map(|number| {
                let (delivery, message) = fake::delivery(number, &["a@example.org"]);
                let id = delivery.id;
                recent.put(delivery, message, 4 << 20);
                id
            })
            .collect();
        assert!(recent.bytes <= BYTES);
        assert!(recent.take(ids[7]).is_none() && recent.take(ids[8]).is_none());
        assert!(recent.take(ids[0]).is_some());
        assert!(recent.makes_room(10 << 20, Duration::ZERO), "they are stale");
        assert!(recent.take(ids[1]).is_none() && recent.take(ids[6]).is_some());
        let (huge, message) = fake::delivery(99, &["a@example.org"]);
        let id = huge.id;
        recent.put(huge, message, u64::MAX);
        assert!(recent.take(id).is_none());
    }

    #[test]
    fn what_comes_and_goes_leaves_nothing_behind() {
        let mut recent = Recent::default();
        for number in 0..10_000 {
            let (delivery, message) = fake::delivery(number, &["a@example.org"]);
            let id = delivery.id;
            recent.put(delivery, message, 10);
            recent.take(id);
        }
        assert!(recent.order.len() <= SLACK + 2 && recent.bytes == 0);
    }
}
