//! The catcher as a client sees it: octets over a socket, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod auth;
mod client;
mod faults;
mod limits;
mod mails;
mod tls;
