//! The clients that are compared. Each makes a connection, and sends one message after another over it.

pub mod lettre;
pub mod raw;
pub mod relais;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Client {
    /// A pipelined native sender of bytes built beforehand: the ceiling.
    Raw,
    /// lettre over a stream with TCP_NODELAY.
    LettreNodelay,
    /// lettre as published.
    Lettre,
    /// The sandboxed connector, a warm session a connection.
    Relais,
}

impl Client {
    pub const ALL: [Client; 4] = [Client::Raw, Client::LettreNodelay, Client::Lettre, Client::Relais];

    pub fn word(self) -> &'static str {
        match self {
            Client::Raw => "raw",
            Client::LettreNodelay => "lettre-nodelay",
            Client::Lettre => "lettre",
            Client::Relais => "relais",
        }
    }
}
