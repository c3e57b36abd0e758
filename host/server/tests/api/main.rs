//! The API as its callers see it: the real application over a real router, with a connector that works and does nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod administration;
mod bad_input;
mod document;
mod following;
mod idempotency;
mod isolation;
mod sending;
mod serving;
mod support;
