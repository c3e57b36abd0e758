//! The listener against clients that do right and wrong, with an intake that keeps what it accepts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod contents;
mod encrypted;
mod fake;
mod limits;
mod logins;
mod python;
mod router;
