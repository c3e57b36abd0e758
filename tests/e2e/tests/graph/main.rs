//! The bundled Office365 connector in its sandbox against a Graph on loopback that keeps what it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod endless;
mod faults;
mod large;
mod prism;
mod small;
mod stand;
