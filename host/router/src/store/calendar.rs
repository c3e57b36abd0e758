//! Where the calendar of the outbox stood when it was last noted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{StoreError, What};
use super::record::Record;
use super::tables::{META, Tables, Transaction, Writing};

const CALENDAR: &str = "calendar";

/// A moment by the wall clock and by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRow {
    pub wall: Timestamp,
    pub calendar: Timestamp,
}

impl Record for CalendarRow {
    const WHAT: What = What::Store;
}

#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// Where the calendar stood; none in a store of before there was one.
    pub fn calendar(&self) -> Result<Option<CalendarRow>, StoreError> {
        self.record(META, CALENDAR, CALENDAR)
    }
}

impl Writing<'_> {
    /// Notes where the calendar stands.
    pub fn put_calendar(&mut self, row: &CalendarRow) -> Result<(), StoreError> {
        self.put(META, CALENDAR, row, CALENDAR)
    }
}
