//! The submission listener (RFC 6409): any mail client, PHPMailer and the like, uses Relais as its server.
//!
//! The way of a mail: [`Submission`] accepts the connection, its session reads the commands and streams the content
//! into an [`Intake`], and the 250 leaves only once the intake says that the mail is safe. The intake of a running
//! Relais is the router ([`RouterIntake`]); the protocol knows nothing of it.
//!
//! The threat is whoever can reach the port. Nobody hands in mail without a token, unless an administrator opened the
//! listener to this machine. A token never crosses a network in clear: from another machine it is taken under TLS only.
//! Lines, recipients, content, errors, silence, slowness, connections and the sessions of one token are bounded, and
//! what a client sends before it should is never read as a command.

mod certificate;
mod content;
mod intake;
mod listener;
mod mail;
mod options;
mod refusal;
mod router;
mod session;
mod sessions;
mod trace;

pub use certificate::{CertificateError, server_tls};
pub use intake::{Envelope, Intake, Login, Secret, Sink};
pub use listener::{ListenError, Submission};
pub use options::{
    LEAST_RATE, MAX_COMMAND_SILENCE, MAX_CONNECTIONS, MAX_CONTENT_SILENCE, MAX_ERRORS, MAX_IDLE_COMMANDS,
    MAX_LOGIN_TIME, MAX_RECIPIENTS, MAX_SESSIONS, MAX_WORKSPACE_SESSIONS, Options,
};
pub use refusal::Refusal;
pub use relais_smtpd::MAX_LINE;
pub use router::{Principal, RouterIntake, RouterSink};
