//! The calendar: the time by which everything is done that is to be done later.
//!
//! The threat is a wall clock that is wrong, or is put right. A machine whose battery is empty starts in 1970 or in 2099, and is
//! corrected a minute later; a virtual one is restored from a snapshot. Mail would be given up that nobody had tried, a retry
//! would wait for years, contents would be erased that were to be kept for a month. So nothing that is to come is timed by the
//! wall clock. While Relais runs, the calendar goes with the clock of the machine that only counts. From one process to the
//! next it goes on where it was noted last, and the time between counts where the wall clock tells a believable one.
//!
//! What has happened is told by the wall clock, as people know it. Where people are shown what is to come, it is told by the
//! wall clock as well ([`Calendar::shown`]). A jump changes one number here, and not a row.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::delivery::Delivery;
use crate::store::{CalendarRow, Store, StoreError};

/// A wall clock that differs from the counting one by more than this has jumped; by less, it is followed.
const JUMP: SignedDuration = SignedDuration::from_secs(60);
/// The longest time between two processes of which the wall clock is believed. What is longer is a wrong clock as likely as a
/// long holiday, and does not count.
const ABSENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A moment by both clocks, in whole milliseconds as the store counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For what has happened.
    pub wall: Timestamp,
    /// For what is to come.
    pub calendar: Timestamp,
}

impl From<Timestamp> for Now {
    /// A moment at which both clocks agree.
    fn from(at: Timestamp) -> Self {
        Self { wall: at, calendar: at }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Calendar(Mutex<Hands>);

impl Calendar {
    /// Goes on where the last process left off.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let row = match store.read(|tables| tables.calendar()) {
            Err(error @ (StoreError::Damaged { .. } | StoreError::Newer { .. })) => {
                tracing::warn!(%error, "the calendar begins anew with the wall clock");
                None
            }
            row => row?,
        };
        let hands = Hands::resumed(row.as_ref(), Timestamp::now(), Instant::now());
        let noted = row.is_some_and(|row| row.calendar.duration_since(row.wall) == hands.lead);
        let calendar = Self(Mutex::new(hands));
        // Else the next process would find the same old note, and another time between.
        if !noted && let Err(error) = calendar.note(store) {
            tracing::warn!(%error, "the calendar could not be noted");
        }
        Ok(calendar)
    }

    /// The moment by both clocks.
    pub fn now(&self) -> Now {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // With the lock held: who is late would take its delay for a jump.
        hands.look(Timestamp::now(), Instant::now())
    }

    /// By how much the wall clock has jumped since this was last asked.
    pub fn jumped(&self) -> Option<SignedDuration> {
        self.now();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).jumped()
    }

    /// Notes the time durably, for the next process. Blocks.
    pub fn note(&self, store: &Store) -> Result<(), StoreError> {
        let Now { wall, calendar } = self.now();
        store.write(|tables| tables.put_calendar(&CalendarRow { wall, calendar }))
    }

    /// A delivery as people are shown it: what is to come of it is told by the wall clock.
    pub fn shown(&self, mut delivery: Delivery) -> Delivery {
        let Now { wall, calendar } = self.now();
        let lead = calendar.duration_since(wall);
        if !lead.is_zero() {
            delivery.due_at = delivery.due_at.map(|at| moved(at, -lead));
            delivery.give_up_at = moved(delivery.give_up_at, -lead);
        }
        delivery
    }
}

/// How the clocks stand to each other.
#[derive(Debug)]
pub(crate) struct Hands {
    /// By how much the calendar is ahead of the wall clock.
    lead: SignedDuration,
    /// The calendar and the counting clock when they were last looked at.
    calendar: Timestamp,
    steady: Instant,
    /// Jumps that nobody was told of yet.
    jumped: SignedDuration,
}

impl Hands {
    /// As the last process left them.
    pub(crate) fn resumed(row: Option<&CalendarRow>, wall: Timestamp, steady: Instant) -> Self {
        let wall = whole(wall);
        let absent = row.map_or(SignedDuration::ZERO, |row| wall.duration_since(row.wall));
        let believed = !absent.is_negative() && absent <= ABSENCE;
        let calendar = match row {
            None => wall,
            Some(row) if believed => moved(row.calendar, absent),
            Some(row) => row.calendar,
        };
        let jumped = !believed && absent.abs() > JUMP;
        Self {
            lead: calendar.duration_since(wall),
            calendar,
            steady,
            jumped: if jumped { absent } else { SignedDuration::ZERO },
        }
    }

    /// Looks at both clocks.
    pub(crate) fn look(&mut self, wall: Timestamp, steady: Instant) -> Now {
        let wall = whole(wall);
        let passed = SignedDuration::try_from(steady.saturating_duration_since(self.steady));
        let counted = whole(moved(self.calendar, passed.unwrap_or(SignedDuration::MAX)));
        let by = moved(wall, self.lead).duration_since(counted);
        if by.abs() > JUMP {
            self.lead = counted.duration_since(wall);
            self.jumped = self.jumped.saturating_add(by);
        }
        self.calendar = moved(wall, self.lead);
        self.steady = steady;
        Now {
            wall,
            calendar: self.calendar,
        }
    }

    /// By how much the wall clock has jumped since this was last asked.
    pub(crate) fn jumped(&mut self) -> Option<SignedDuration> {
        let by = std::mem::take(&mut self.jumped);
        (!by.is_zero()).then_some(by)
    }
}

/// Within what the calendar holds.
fn moved(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn start() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn the_calendar_follows_a_clock_that_is_put_right_by_a_second() {
        let steady = Instant::now();
        let mut hands = Hands::resumed(None, start(), steady);
        let now = hands.look(
            start() + MINUTE - SignedDuration::from_secs(2),
            steady + Duration::from_secs(60),
        );
        assert_eq!(now.calendar, now.wall);
        assert_eq!(hands.jumped(), None);
    }

    #[test]
    fn a_jump_either_way_moves_the_wall_clock_alone() {
        let steady = Instant::now();
        let mut hands = Hands::resumed(None, start(), steady);
        for (minutes, jump) in [(1, 3 * HOUR), (2, -400 * DAY), (3, SignedDuration::ZERO)] {
            let steady = steady + Duration::from_secs(60 * minutes);
            let counted = start() + SignedDuration::from_mins(i64::try_from(minutes).unwrap());
            let now = hands.look(counted + jump, steady);
            assert_eq!((now.calendar, now.wall), (counted, counted + jump));
            assert!(hands.jumped().is_some());
        }
        // It stayed where it was put.
        assert_eq!(hands.lead, SignedDuration::ZERO);
    }

    #[test]
    fn the_time_between_two_processes_counts_where_it_can_be_believed() {
        let calendar = start() + 9 * DAY;
        let row = CalendarRow {
            wall: start(),
            calendar,
        };
        let cases = [
            (SignedDuration::ZERO, SignedDuration::ZERO),
            (HOUR, HOUR),
            (7 * DAY, 7 * DAY),
            (7 * DAY + HOUR, SignedDuration::ZERO),
            (70 * 365 * DAY, SignedDuration::ZERO),
            (-HOUR, SignedDuration::ZERO),
        ];
        for (absent, counted) in cases {
            let steady = Instant::now();
            let mut hands = Hands::resumed(Some(&row), start() + absent, steady);
            let now = hands.look(start() + absent, steady);
            assert_eq!(now.calendar, calendar + counted, "{absent}");
            assert_eq!(hands.jumped().is_some(), absent != counted, "{absent}");
        }
    }

    #[test]
    fn a_wrong_clock_that_is_put_right_after_the_start_costs_no_time() {
        let row = CalendarRow {
            wall: start(),
            calendar: start(),
        };
        let steady = Instant::now();
        // The battery is empty; a minute later the network tells the time.
        let mut hands = Hands::resumed(Some(&row), Timestamp::UNIX_EPOCH, steady);
        assert_eq!(hands.look(Timestamp::UNIX_EPOCH, steady).calendar, start());
        let now = hands.look(start() + HOUR, steady + Duration::from_secs(60));
        assert_eq!(now.calendar, start() + MINUTE);
    }
}
