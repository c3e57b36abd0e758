//! What the conversation needs of the world. The host's network is one such world ([`crate::host`]), a script in the
//! tests is another: everything between is tested natively.

pub use relais_sdk::message::Framing;
pub use relais_sdk::network::{NetworkError, Reply as LoginReply, Security};
pub use relais_sdk::streams::StreamError;

/// Opens connections.
pub trait Dial {
    type Wire: Wire;

    /// Resolves, connects, and with [`Security::Tls`] shakes hands.
    ///
    /// # Errors
    ///
    /// As `connect` of the contract's `network`.
    fn dial(&mut self, host: &str, port: u16, security: Security) -> Result<Self::Wire, NetworkError>;

    /// What the host tells of the account that a credential is made of; nothing where it is made of a secret.
    fn account(&self, credential: &str) -> Vec<(String, String)>;
}

/// One connection. It closes when dropped.
pub trait Wire {
    /// A message as a stream.
    type Body;

    /// Waits for at least one byte; none when the server has closed.
    ///
    /// # Errors
    ///
    /// As `read` of the contract's `streams`.
    fn read(&mut self) -> Result<Option<Vec<u8>>, StreamError>;

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// As `write` of the contract's `streams`.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError>;

    /// Sends the body to its end; answers the number of bytes.
    ///
    /// # Errors
    ///
    /// As `splice` of the contract's `streams`.
    fn splice(&mut self, body: Self::Body) -> Result<u64, StreamError>;

    /// Upgrades to TLS.
    ///
    /// # Errors
    ///
    /// As `start-tls` of the contract's `network`.
    fn start_tls(&mut self) -> Result<(), NetworkError>;

    /// Has the host run a login with a credential of the manifest.
    ///
    /// # Errors
    ///
    /// As `authenticate` of the contract's `network`.
    fn authenticate(&mut self, credential: &str) -> Result<LoginReply, NetworkError>;

    /// Seconds of silence after which reads and writes give up.
    fn set_silence_limit(&mut self, seconds: u32);

    /// What the host knows of the peer.
    fn describe(&self) -> Vec<(String, String)>;
}
