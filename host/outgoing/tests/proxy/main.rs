//! A way out through a proxy: a scripted one, that does what no honest proxy does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fake;
mod faults;
mod stage;
mod tunnels;
mod ways;
