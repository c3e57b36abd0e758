//! The callers that EzGED's sites have: PHP's `mail()`, PHPMailer, swaks, msmtp and curl, each handing an accented mail with 20 MB over
//! to `relais serve`, through the sandboxed SMTP connector to Postfix.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod clients;
mod php;
mod stand;
mod workspaces;
