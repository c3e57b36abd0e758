//! What a listener is asked to be, and the bounds that no option lifts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Connections at once. One more is told 421 and closed.
pub const MAX_CONNECTIONS: usize = 256;

/// Recipients of one mail. One more is refused with 452, and the client sends it another time (RFC 5321 section
/// 4.5.3.1.10).
pub const MAX_RECIPIENTS: usize = 1000;

/// Refused commands since the last accepted mail. At this one the client is told 421: it is broken, or guesses.
pub const MAX_ERRORS: u32 = 20;

/// Commands since the last accepted mail that do nothing for one (NOOP, RSET and the like). Postfix's
/// `smtpd_junk_command_limit`.
pub const MAX_IDLE_COMMANDS: u32 = 100;

/// How long a command may take to come (RFC 5321 section 4.5.3.2.7).
pub const MAX_COMMAND_SILENCE: Duration = Duration::from_secs(5 * 60);

/// How long content may rest between two blocks.
pub const MAX_CONTENT_SILENCE: Duration = Duration::from_secs(10 * 60);

/// Octets a second that content brings at least, once it has taken longer than [`MAX_CONTENT_SILENCE`]: a poor line of
/// 128 kbit/s.
pub const LEAST_RATE: u64 = 16 << 10;

/// How long a client that has to log in may be there without.
pub const MAX_LOGIN_TIME: Duration = Duration::from_secs(2 * 60);

/// Sessions of one token at once. One more is refused at its login, and the client tries again.
pub const MAX_SESSIONS: usize = 64;

/// Sessions of all tokens of one workspace at once: half of [`MAX_CONNECTIONS`].
pub const MAX_WORKSPACE_SESSIONS: usize = 128;

/// What a listener offers.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens. Beyond loopback it must have `tls`.
    pub address: SocketAddr,
    /// How it calls itself in the greeting and in Received fields: the host's name, without a space.
    pub name: String,
    /// Offers STARTTLS with this certificate; see [`crate::server_tls`].
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// TLS from the first octet (RFC 8314 section 3.3, port 465) in place of STARTTLS. It must have `tls`.
    pub implicit: bool,
    /// The SIZE announced (RFC 1870): the largest content taken, in octets.
    pub largest_mail: u64,
}

impl Options {
    /// Loopback, in clear.
    pub fn loopback(port: u16, largest_mail: u64) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            name: "localhost".to_owned(),
            tls: None,
            implicit: false,
            largest_mail,
        }
    }
}
