//! A small SMTP server on loopback that keeps what it receives: for the demonstration, tests and benchmarks.
//!
//! It speaks the server's side of RFC 5321 strictly, so that a client that breaks a rule is told so instead of
//! being understood, and it can misbehave on request ([`Faults`]). It listens on 127.0.0.1 alone, yet trusts no
//! client: lines, mails, sessions, silence and the memory that kept mails take are bounded.

mod certificate;
mod data;
mod faults;
mod options;
mod record;
mod server;
mod session;
mod transaction;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use faults::Faults;
pub use options::{Account, Keep, Options, Tls};
pub use record::Mail;
pub use relais_smtpd::MAX_LINE;

use certificate::Identity;
use server::Shared;

/// Largest mail, in octets before dot-stuffing, whatever [`Options::size_limit`] says.
pub const MAX_MAIL: u64 = 256 * 1024 * 1024;

/// Memory that the bodies of kept mails may take together, in octets. A mail that does not fit is refused with 452.
pub const MAX_KEPT: u64 = 1024 * 1024 * 1024;

/// Sessions at once. One more is told 421 and closed.
pub const MAX_SESSIONS: usize = 64;

/// Recipients of one mail. One more is refused with 452 (RFC 5321 section 4.5.3.1.10).
pub const MAX_RECIPIENTS: usize = 1000;

/// Command lines that [`Catcher::commands`] keeps; later ones are forgotten.
pub const MAX_COMMANDS: usize = 10_000;

/// How long a client may stay silent before it is told 421. RFC 5321 section 4.5.3.2.7 asks for 5 minutes at least.
pub const MAX_SILENCE: Duration = Duration::from_secs(600);

/// Why a catcher could not start, or did not see what was waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatcherError {
    /// No port could be opened on 127.0.0.1.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] std::io::Error),
    /// [`Options::certificate_names`] is empty although TLS is on.
    #[error("certificate_names is empty: name at least one host, such as localhost")]
    NoCertificateName,
    /// The certificate could not be made, most likely because a name in [`Options::certificate_names`] is no host name.
    #[error("cannot make a certificate for {names:?}: {source}")]
    Certificate {
        /// The names asked for.
        names: Vec<String>,
        /// What the certificate library says.
        source: rcgen::Error,
    },
    /// The TLS library refused the certificate or its key.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// Fewer mails arrived in time than [`Catcher::wait_for`] was asked for.
    #[error("{received} mails arrived within {waited:?}, {wanted} were expected")]
    TooFew {
        /// How many were asked for.
        wanted: u64,
        /// How many had arrived.
        received: u64,
        /// How long was waited.
        waited: Duration,
    },
}

/// A running server. It stops when it is dropped; [`Catcher::stop`] also waits until every session has ended.
#[derive(Debug)]
pub struct Catcher {
    address: SocketAddr,
    identity: Option<Identity>,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    // Never sent on: the server stops when this end goes away.
    running: oneshot::Sender<()>,
}

impl Catcher {
    /// Listens on a free port of 127.0.0.1 and serves it on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`CatcherError::Listen`] without a free port; [`CatcherError::NoCertificateName`],
    /// [`CatcherError::Certificate`] or [`CatcherError::Tls`] where TLS is on and no certificate can be made.
    pub async fn start(options: Options) -> Result<Self, CatcherError> {
        let identity = match options.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Implicit => Some(Identity::make(&options.certificate_names, options.self_signed)?),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(CatcherError::Listen)?;
        let address = listener.local_addr().map_err(CatcherError::Listen)?;
        let acceptor = identity.as_ref().map(Identity::acceptor);
        let shared = Arc::new(Shared::new(options, acceptor));
        let (running, stopped) = oneshot::channel();
        let accepting = tokio::spawn(server::accept(listener, Arc::clone(&shared), stopped));
        Ok(Self {
            address,
            identity,
            shared,
            accepting,
            running,
        })
    }

    /// The TCP port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address it listens on: 127.0.0.1 and [`Catcher::port`].
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's own certificate in PEM, to be pinned exactly. `None` without TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.certificate_pem.as_str())
    }

    /// The CA that signed the server's certificate, in PEM. `None` without TLS or where it is self-signed.
    pub fn ca_pem(&self) -> Option<&str> {
        self.identity.as_ref().and_then(|identity| identity.ca_pem.as_deref())
    }

    /// SHA-256 of the server's certificate (its DER form): 64 lower-case hexadecimal digits. `None` without TLS.
    pub fn certificate_sha256(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.sha256.as_str())
    }

    /// Copies of the mails kept so far, in order of arrival. Empty with [`Keep::Count`].
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.record.mails()
    }

    /// Waits until `n` mails have arrived since the start, then returns all that are kept: none with [`Keep::Count`].
    ///
    /// # Errors
    ///
    /// [`CatcherError::TooFew`] once `timeout` has passed.
    pub async fn wait_for(&self, n: u64, timeout: Duration) -> Result<Vec<Mail>, CatcherError> {
        match tokio::time::timeout(timeout, self.shared.record.reached(n)).await {
            Ok(()) => Ok(self.mails()),
            Err(_) => Err(CatcherError::TooFew {
                wanted: n,
                received: self.count(),
                waited: timeout,
            }),
        }
    }

    /// Mails received since the start: those answered with a 2xx, and those that [`Faults::drop_after_data`] left
    /// without an answer. Counted before the answer leaves.
    pub fn count(&self) -> u64 {
        self.shared.record.count()
    }

    /// Connections accepted since the start, ended ones included, those refused over [`MAX_SESSIONS`] not.
    pub fn sessions(&self) -> u64 {
        self.shared.record.sessions()
    }

    /// The first [`MAX_COMMANDS`] command lines of all sessions, as received, without CRLF. What follows the mechanism
    /// of an AUTH command is shown as `***`, as is each further line of that exchange. Octets that cannot stand in a
    /// command are escaped.
    pub fn commands(&self) -> Vec<String> {
        self.shared.record.commands()
    }

    /// Closes the port and all sessions, and returns once they are gone.
    pub async fn stop(self) {
        let Self { accepting, running, .. } = self;
        drop(running);
        // A panic in the accept loop is its own report; there is nothing left to stop then.
        let _ = accepting.await;
    }
}
