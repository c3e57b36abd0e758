//! What the end-to-end tests share: the host with its SMTP connector, real servers to send to, and a reader of what arrived that is
//! not ours.
//!
//! A server that is not installed does not fail a test: it is skipped, and says so ([`skipped`]).

// Only tests use this crate, and a helper that cannot do its part has to end the test that asked for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod account;
mod aiosmtpd;
mod certificate;
pub mod daemon;
mod decode;
pub mod dialogue;
mod draft;
pub mod graph;
mod host;
pub mod oauth;
pub mod office;
mod postfix;
mod prism;
mod process;
pub mod proxy;
pub mod recorder;
mod tinyproxy;

pub use account::{DealtAccount, without_token};
pub use aiosmtpd::{Aiosmtpd, Demands, Received, Tls};
pub use certificate::Identity;
pub use decode::{Decoded, Part, Reader, unix_lines};
pub use draft::{RECIPIENT, SENDER, accept, attachment, draft, pdf};
pub use host::{PATIENCE, Target, sandbox, send, smtp};
pub use postfix::Postfix;
pub use prism::Prism;
pub use tinyproxy::Tinyproxy;

use std::io::Write;

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    process::find(program).is_some()
}

/// Says on the standard error that a test did not run, and why. Under `RELAIS_NO_SKIP`, which CI sets, that is a failure.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("RELAIS_NO_SKIP").is_none(),
        "RELAIS_NO_SKIP is set, but {why}"
    );
    // Not `eprintln!`, which the test harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
