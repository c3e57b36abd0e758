//! The SMTP connector, a guest for `wasm32-wasip2`.
//!
//! From the outside in: [`session`] keeps a connection, [`connect`] makes one, [`transaction`] sends one message over it,
//! [`envelope`] is the first half of that, [`conversation`] is commands and replies, [`reply`] is bytes. All of it talks to
//! [`wire`]; only [`host`] and this file know that there is a sandbox.
//!
//! The message's body goes from the host to the connection without passing through here, and so does the password.

pub mod connect;
pub mod conversation;
pub mod ehlo;
pub mod envelope;
pub mod failures;
pub mod host;
pub mod letter;
pub mod reply;
pub mod session;
pub mod settings;
pub mod transaction;
pub mod wire;

use relais_sdk::message::Addressing;
use relais_sdk::{Failure, Findings, MailConnector, Message, Receipt};

use crate::host::Network;
use crate::letter::Letter;
use crate::session::Session;

/// The connector: [`Session`] over the host's network.
#[derive(Debug)]
pub struct Smtp(Session<Network>);

impl MailConnector for Smtp {
    fn open() -> Result<Self, Failure> {
        Ok(Self(Session::new(relais_sdk::parameters()?, Network)))
    }

    fn verify(&mut self) -> Result<Findings, Failure> {
        self.0.verify()
    }

    fn send(&mut self, message: Message) -> Result<Receipt, Failure> {
        let envelope = message.envelope();
        // Bodies are re-encoded by the host: only an address of the header makes eight bits.
        let eight_bit = message.eight_bit();
        self.0.send(&Letter {
            sender: envelope.sender,
            recipients: envelope.recipients,
            size: message.size(),
            eight_bit,
            utf8_header: eight_bit,
            body: &|framing| message.mime(Addressing::Written, framing),
        })
    }

    fn close(&mut self) {
        self.0.close();
    }
}

relais_sdk::export_mail_connector!(Smtp);
