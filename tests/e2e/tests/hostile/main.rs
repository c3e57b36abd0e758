//! Hostile connectors: each attack ends in a failure that names the limit or the rule, the audit hears of it, the host goes
//! on, and the next mail leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod canonical_abi;
mod component;
mod credentials;
mod egress;
mod gate;
mod growth;
mod handles;
mod host;
mod http;
mod journal;
mod lies;
mod login;
mod observed;
mod peer;
mod prepared;
mod setup;
mod slow;
mod turned_down;
mod way_out;

// How the standard connectors are built is how this one is.
#[path = "../../../../plugins/bundle/build/guest.rs"]
mod guest;
#[path = "../../../../plugins/bundle/build/target.rs"]
mod target;
