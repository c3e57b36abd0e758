//! Conversations with a Graph that is played from a script, natively.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod drafts;
mod script;
mod sending;
mod uploads;
mod verifying;
