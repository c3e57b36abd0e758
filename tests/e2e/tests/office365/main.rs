//! Office365 as EzGED uses it, through the real daemon: the account is associated and kept by the host, at a real OAuth server that
//! speaks as Entra ID does, and mail leaves by a Graph that takes the tokens of that server and no others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certificate;
mod killed;
mod proxied;
mod renewal;
mod rights;
mod routing;
mod secrets;
mod site;
