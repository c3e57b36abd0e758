//! The server's side of SMTP, without a policy of its own: what a submission listener and a catching test server share.
//!
//! Lines in and replies out ([`Wire`]), lines to commands ([`parse`]), content to its end ([`Incoming`]), logins
//! ([`auth`]), the connections of a port ([`serve`]) and TLS on them ([`encrypt`]). Which command may come when, and
//! what becomes of a mail, is its user's.
//!
//! The threat is a client that is not understood the way it was meant: a line or a mail that ends where a neighbour
//! sees none, commands in clear that are obeyed after STARTTLS. So only CRLF ends a line, only CRLF.CRLF a mail, what
//! is left over at a change of protocol is never read, and lines, silence and connections are bounded.

pub mod auth;
mod command;
mod data;
mod path;
mod port;
mod tls;
mod wire;

pub use command::{Command, Extensions, NOT_ANNOUNCED, Refused, parse};
pub use data::{Incoming, Step};
pub use port::serve;
pub use tls::encrypt;
pub use wire::{Line, Lost, MAX_LINE, Wire};
