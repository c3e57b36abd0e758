//! The Office365 connector, a guest for `wasm32-wasip2`: mail by Microsoft Graph.
//!
//! From the outside in: [`send`] chooses how a message goes, [`large`] sends one that no request holds, [`outcome`] judges what
//! became of it and [`settle`] looks for it where nobody heard. [`draft`] and [`files`] write it as JSON, [`upload`] brings large
//! attachments, [`graph`] is one request with the account's token, [`errors`] says what an answer means, by [`codes`], and [`time`]
//! when it was made. All of it talks to [`wire`]; only [`host`] and this file know that there is a sandbox.
//!
//! Neither MIME nor attachments pass through here, and neither does the token. The address of an upload does: Microsoft
//! authorises it by itself.

pub mod codes;
pub mod draft;
pub mod errors;
pub mod files;
pub mod graph;
pub mod host;
pub mod large;
pub mod outcome;
pub mod send;
pub mod settings;
pub mod settle;
pub mod time;
pub mod upload;
pub mod url;
pub mod verify;
pub mod wire;

use relais_sdk::{Failure, Findings, MailConnector, Message, Receipt};

use crate::graph::{Graph, no_account};
use crate::host::Host;
use crate::settings::{Account, Sender, Settings};
use crate::wire::World;

/// The connector: the host's world, and the settings of one instance.
#[derive(Debug)]
pub struct Office365 {
    settings: Settings,
    graph: Graph<Host>,
}

impl Office365 {
    /// The account as it is now, and the mailbox that sends for it.
    fn sender(&mut self) -> Result<(Account, Sender), Failure> {
        let described = self.graph.world.describe().map_err(no_account)?;
        let account = Account::of(&described);
        let sender = self.settings.sender(&account)?;
        Ok((account, sender))
    }
}

impl MailConnector for Office365 {
    fn open() -> Result<Self, Failure> {
        Ok(Self {
            settings: relais_sdk::parameters()?,
            graph: Graph { world: Host },
        })
    }

    fn verify(&mut self) -> Result<Findings, Failure> {
        let (account, sender) = self.sender()?;
        verify::verify(&mut self.graph, &account, &sender)
    }

    fn send(&mut self, message: Message) -> Result<Receipt, Failure> {
        let (_, sender) = self.sender()?;
        send::send(&mut self.graph, &sender, self.settings.save_to_sent_items, &message)
    }
}

relais_sdk::export_mail_connector!(Office365);
