//! A Microsoft Graph on loopback that keeps what it is given: mailboxes with their drafts and Sent Items, uploads in ranges, and
//! the rules and errors of Microsoft's documentation. A test tells it what goes wrong, and reads what was sent.
//!
//! Not everything is there that Graph has: what a connector for mail asks, and no more. Nothing of it is the connector's own code:
//! it reads MIME with another parser's eyes, and its rules are written from the documentation.

mod answer;
mod faults;
mod mail;
mod mailbox;
mod routes;
mod serve;
mod tls;
mod upload;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::Identity;

pub use faults::{Fault, Goes};
pub use mail::{How, Sent};

use mailbox::State;

/// Who may ask, and for what.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Tokens that are accepted.
    pub tokens: Vec<String>,
    /// Who else knows which tokens are good.
    pub judge: Option<Judge>,
    /// The user that the tokens are of; none: an application without a user.
    pub user: Option<String>,
    /// Every mailbox of the tenant, the user's own among them.
    pub mailboxes: Vec<String>,
    /// Other mailboxes that the user has full access to.
    pub full_access: Vec<String>,
    /// Addresses that the user may send as, beside its own.
    pub send_as: Vec<String>,
    /// Whether drafts may be made and read (`Mail.ReadWrite`).
    pub may_read: bool,
    /// How long a sent draft lies where it was before it is moved.
    pub moves_after: Duration,
    /// Whether what was sent is kept to be looked at; a benchmark would fill the memory with it.
    pub keeps: bool,
    /// What it shows under TLS; without one it speaks in clear.
    pub identity: Option<Identity>,
    /// The names that Graph and the host of its uploads are reached by; none: 127.0.0.1.
    pub names: Option<[&'static str; 2]>,
    /// How far Graph's clock is ahead of this machine's.
    pub clock_ahead: Duration,
}

impl Directory {
    /// A user with a mailbox, and one token.
    pub fn of(user: &str, token: &str) -> Self {
        Self {
            tokens: vec![token.to_owned()],
            judge: None,
            user: Some(user.to_owned()),
            mailboxes: vec![user.to_owned()],
            full_access: Vec::new(),
            send_as: Vec::new(),
            may_read: true,
            moves_after: Duration::from_millis(200),
            keeps: true,
            identity: None,
            names: None,
            clock_ahead: Duration::ZERO,
        }
    }

    /// The same user, whose tokens somebody else knows. He may take a moment.
    pub fn judged(user: &str, judge: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            tokens: Vec::new(),
            judge: Some(Judge(Arc::new(judge))),
            ..Self::of(user, "")
        }
    }
}

/// Whether a token is good.
#[derive(Clone)]
pub struct Judge(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}

/// The largest request (4 MB, read as what a mail system would take them for).
const REQUEST_BYTES: usize = 4 << 20;
/// The largest message of a mailbox, by its usual setting.
const MESSAGE_BYTES: usize = 35 << 20;

/// What was asked of it.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Connections to Graph.
    pub connections: usize,
    /// Connections to the uploads' host.
    pub upload_connections: usize,
    /// Requests that came whole or in part, as `METHOD /path` without the query, in their order. Those of uploads are `PUT upload`
    /// and `GET upload`.
    pub requests: Vec<String>,
    /// Requests to the uploads' host that had an `Authorization`.
    pub tokens_at_uploads: usize,
    /// Messages that were accepted.
    pub accepted: usize,
}

impl Counts {
    /// How many requests of a method to a path that ends so there were.
    pub fn of(&self, method: &str, end: &str) -> usize {
        let is = |line: &&String| {
            let (asked, path) = line.split_once(' ').unwrap_or_default();
            asked == method && path.ends_with(end)
        };
        self.requests.iter().filter(is).count()
    }
}

/// A running Graph. It ends when it is dropped.
pub struct FakeGraph {
    address: SocketAddr,
    /// Scheme, host and port.
    origin: String,
    shared: Arc<Shared>,
    serving: [JoinHandle<()>; 2],
}

/// What its connections share.
struct Shared {
    directory: Directory,
    /// Where uploads go, as Graph tells it.
    uploads: String,
    tls: Option<TlsAcceptor>,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl FakeGraph {
    /// Starts on two free ports of 127.0.0.1: Graph, and the host of its uploads.
    ///
    /// # Errors
    ///
    /// There are no free ports.
    pub async fn start(directory: Directory) -> io::Result<Self> {
        Self::on(directory, 0, 0).await
    }

    /// Starts on these ports.
    ///
    /// # Errors
    ///
    /// They are not free.
    pub async fn on(directory: Directory, port: u16, uploads: u16) -> io::Result<Self> {
        let graph = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let upload = TcpListener::bind((Ipv4Addr::LOCALHOST, uploads)).await?;
        let address = graph.local_addr()?;
        let scheme = directory.identity.as_ref().map_or("http", |_| "https");
        let [own, of_uploads] = directory.names.unwrap_or(["127.0.0.1"; 2]);
        let origin = |name: &str, port: u16| format!("{scheme}://{name}:{port}");
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(&directory)),
            uploads: origin(of_uploads, upload.local_addr()?.port()),
            tls: directory.identity.as_ref().map(tls::acceptor),
            directory,
        });
        let serving = [
            tokio::spawn(serve::graph(graph, shared.clone())),
            tokio::spawn(serve::uploads(upload, shared.clone())),
        ];
        Ok(Self {
            origin: origin(own, address.port()),
            address,
            shared,
            serving,
        })
    }

    /// Graph's address, without its version.
    pub fn url(&self) -> String {
        self.origin.clone()
    }

    /// The address of uploads.
    pub fn upload_url(&self) -> String {
        self.shared.uploads.clone()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What goes wrong once, at the next request that it is meant for. Several of one kind follow each other.
    pub fn fault(&self, fault: Fault) {
        self.shared.state().faults.push(fault);
    }

    /// Everything that was accepted to be sent, in its order.
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }

    /// Drafts that lie in the mailboxes.
    pub fn drafts(&self) -> usize {
        self.shared.state().drafts()
    }

    /// Messages in the Sent Items of the mailboxes.
    pub fn kept(&self) -> usize {
        self.shared.state().kept()
    }

    pub fn counts(&self) -> Counts {
        self.shared.state().counts.clone()
    }
}

impl Drop for FakeGraph {
    fn drop(&mut self) {
        for serving in &self.serving {
            serving.abort();
        }
    }
}
