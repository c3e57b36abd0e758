//! What was accepted and where it stands: deliveries, their messages, and what becomes of them.
//!
//! [`Book`] is the way in. Its changes are `rules` (with what people do in `changes`, and the calendar in `arrange`), applied by the `writer` in a `batch`; what a rule makes of a `row` is written
//! with its indexes by the store. A message stands beside its row as `content`, or in the `spool`, where an `upload` may have
//! brought it already.

mod arrange;
mod batch;
mod blocks;
mod book;
mod calendar;
mod changes;
mod clock;
mod content;
mod delivery;
mod id;
mod owed;
mod query;
mod reading;
mod retention;
mod row;
mod rules;
mod spool;
mod upload;
mod writer;

pub(crate) use book::blocking;
pub use book::{Acceptance, Book, Idempotency, NewDelivery};
#[cfg(test)]
pub(crate) use calendar::Hands;
pub use calendar::{Calendar, Now};
pub(crate) use clock::{ms, time};
pub use delivery::{
    Attempt, Body, Delivery, Origin, Outcome, Recipient, RecipientResult, RecipientState, Summary, UncertainPolicy,
    Words,
};
pub use id::{DeliveryId, IdError};
pub use owed::{Owed, PATIENCE};
pub use query::{Counts, Filter, Page, Timer, Unreadable, Written};
pub use retention::{Retention, Retentions};
pub use row::TimerKind;
pub(crate) use row::{DeliveryRow, Places};
pub use rules::Change;
pub(crate) use rules::doubt;
pub(crate) use spool::FOLDER_DIGITS;
pub use spool::Spool;
pub use upload::{Upload, UploadError};

#[cfg(test)]
mod tests;
