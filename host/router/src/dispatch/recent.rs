//! Messages that were just accepted, so that the first attempt need not read back what was just written. Bounded by bytes:
//! beyond, the oldest are forgotten and read from the store.

use std::collections::{HashMap, VecDeque};

use relais_message::Message;

use crate::outbox::{Delivery, DeliveryId};

/// Bytes that are held at most.
const BYTES: usize = 32 << 20;
/// What a delivery takes beside its message: the row, the header, the tables that hold it.
const OVERHEAD: usize = 4 << 10;
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
}

impl Recent {
    /// Holds a message of which `in_memory` bytes are not in a file.
    pub(super) fn put(&mut self, delivery: Delivery, message: Message, in_memory: u64) {
        let bytes = usize::try_from(in_memory)
            .unwrap_or(usize::MAX)
            .saturating_add(OVERHEAD);
        if bytes > BYTES {
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
            },
        );
        while self.bytes > BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.take(oldest);
        }
        // Most are taken long before they are forgotten.
        if self.order.len() > 2 * self.held.len() + SLACK {
            self.order.retain(|id| self.held.contains_key(id));
        }
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
    fn beyond_its_bytes_the_oldest_are_forgotten() {
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
        assert!(recent.take(ids[0]).is_none() && recent.take(ids[1]).is_none());
        assert!(recent.take(ids[8]).is_some() && recent.take(ids[2]).is_some());
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
