//! What a Rust connector starts from: the contract's bindings and the glue that every guest repeats.
//!
//! A connector is a struct that lives as long as one session, and one line that exports it:
//!
//! ```
//! use relais_sdk::{Failure, Findings, MailConnector, Message, Receipt, kind};
//!
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     host: String,
//!     port: u16,
//! }
//!
//! struct Hello {
//!     settings: Settings,
//! }
//!
//! impl MailConnector for Hello {
//!     fn open() -> Result<Self, Failure> {
//!         Ok(Self { settings: relais_sdk::parameters()? })
//!     }
//!
//!     fn verify(&mut self) -> Result<Findings, Failure> {
//!         Ok(vec![("server".to_owned(), format!("{}:{}", self.settings.host, self.settings.port))])
//!     }
//!
//!     fn send(&mut self, message: Message) -> Result<Receipt, Failure> {
//!         Err(Failure::new(kind::OTHER, format!("{} was not sent: this is an example", message.id())))
//!     }
//! }
//!
//! relais_sdk::export_mail_connector!(Hello);
//! # fn main() {}
//! ```
//!
//! A credential is named, and never seen: [`credentials::handle`] for a header, [`network::Connection::authenticate`] for a login,
//! whether it is made of a secret or of an account; [`credentials::describe`] tells whose account it is. A 401 to an account's
//! token is worth one more try, since the host writes another token then.
//!
//! The bindings compile natively too, so that a connector's tests run without a sandbox; calling the host from there
//! panics. Keep what is worth testing behind a trait of your own.

pub mod bindings;
mod export;
mod failure;
pub mod kind;
mod settings;

pub use bindings::exports::relais::mail::sender::{Receipt, Refusal};
pub use bindings::relais::connector::failures::Failure;
pub use bindings::relais::connector::{credentials, failures, http, log, network, parameters, streams};
pub use bindings::relais::mail::message::{self, Message};
pub use export::{Findings, MailConnector, Session};
pub use settings::{parameters, read_parameters};
