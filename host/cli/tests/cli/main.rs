//! The binary as its users meet it: what it does, what it refuses, in which words, with which status, and what it leaves
//! behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod administration;
mod bad_input;
mod daemon;
mod language;
mod objects;
mod post;
mod sending;
mod sendmail;
mod support;
