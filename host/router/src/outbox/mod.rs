//! What was accepted and where it stands: deliveries, their messages, and what becomes of them.

mod delivery;
mod id;
mod retention;

pub use delivery::{
    Attempt, Body, Delivery, Origin, Outcome, Recipient, RecipientResult, RecipientState, Summary, UncertainPolicy,
    Words,
};
pub use id::{DeliveryId, IdError};
pub use retention::Retention;
