//! Every branch of the conversation, against a server that is a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chunking;
mod data;
mod envelope;
mod login;
mod opening;
mod renewal;
mod script;
mod utf8;
mod verify;
