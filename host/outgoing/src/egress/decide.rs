//! The one decision.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use relais_manifest::{Egress, Scheme};

use super::address::{Reach, canonical, reach};
use crate::refused::Refused;

/// Where somebody wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub scheme: Scheme,
    /// A name in lower case without a final dot, or an address without brackets.
    pub host: String,
    pub port: u16,
}

impl Asked {
    pub fn new(scheme: Scheme, host: &str, port: u16) -> Self {
        let host = bare(host).to_ascii_lowercase();
        Self { scheme, host, port }
    }

    /// Whether it is what this grant names: [`new`](Self::new) of the grant, compared without making it.
    fn is(&self, granted: &Egress) -> bool {
        let host = bare(&granted.host).bytes().map(|byte| byte.to_ascii_lowercase());
        self.port == granted.port && self.scheme == granted.scheme && host.eq(self.host.bytes())
    }

    /// The destination of an absolute HTTP URL; none where it is no such URL.
    pub fn of(uri: &http::Uri) -> Option<Self> {
        let (scheme, usual) = match uri.scheme_str()? {
            "https" => (Scheme::Https, 443),
            "http" => (Scheme::Http, 80),
            _ => return None,
        };
        Some(Self::new(scheme, uri.host()?, uri.port_u16().unwrap_or(usual)))
    }

    /// The address, where the host is one.
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// A host without the brackets of an address, or the final dot of a name.
fn bare(host: &str) -> &str {
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host)
}

/// The most characters of a host in words; control characters are none of them.
const HOST: usize = 253;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme;
        let host = match self.host.len() <= HOST && !self.host.chars().any(char::is_control) {
            true => Cow::Borrowed(self.host.as_str()),
            false => self.host.chars().filter(|c| !c.is_control()).take(HOST).collect(),
        };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{}", self.port)
        } else {
            write!(f, "{scheme}://{host}:{}", self.port)
        }
    }
}

/// One place that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub egress: Egress,
    /// An administrator excepted this name: it may be private or loopback although the manifest fixes it.
    pub private: bool,
}

impl Destination {
    /// The destination as it is asked for.
    pub fn asked(&self) -> Asked {
        Asked::new(self.egress.scheme, &self.egress.host, self.egress.port)
    }
}

/// The grant that covers a name and a port, and its place among all.
pub fn entitled<'a>(egress: &'a [Egress], asked: &Asked) -> Result<(usize, &'a Egress), Refused> {
    let covering = egress.iter().enumerate().find(|(_, e)| asked.is(e));
    covering.ok_or_else(|| Refused::NotGranted {
        asked: asked.to_string(),
        granted: egress.iter().map(ToString::to_string).collect(),
    })
}

/// Judges what was asked and the addresses that it resolves to against a destination; answers the addresses that may be dialled, in
/// their order.
///
/// - Name and port are the destination's, or nothing is dialled.
/// - A name or address that an administrator typed may reach public and private addresses; loopback only where `localhost`
///   or a loopback literal was typed; a link-local or metadata address only where that very literal was typed.
/// - A name that the manifest fixes may reach public addresses only, unless an administrator excepts it; then also private ones
///   and loopback.
pub fn decide(destination: &Destination, asked: &Asked, resolved: &[IpAddr]) -> Result<Vec<IpAddr>, Refused> {
    entitled(std::slice::from_ref(&destination.egress), asked)?;
    let mut allowed = Vec::new();
    let mut refused = None;
    for ip in resolved {
        // Judged as what it maps; dialled as it was resolved, since only the site's network knows the way through a NAT64.
        if may_dial(destination, asked, canonical(*ip)) {
            let ip = ip.to_canonical();
            if !allowed.contains(&ip) {
                allowed.push(ip);
            }
        } else {
            refused.get_or_insert(canonical(*ip));
        }
    }
    match refused {
        Some(ip) if allowed.is_empty() => Err(Refused::Address {
            asked: asked.to_string(),
            host: asked.host.clone(),
            ip,
            reach: reach(ip),
            typed: destination.egress.typed,
        }),
        _ => Ok(allowed),
    }
}

fn may_dial(destination: &Destination, asked: &Asked, ip: IpAddr) -> bool {
    let typed = destination.egress.typed;
    let typed_literal = typed.then(|| asked.literal().map(canonical)).flatten();
    match reach(ip) {
        Reach::Public => true,
        Reach::Private if typed => true,
        Reach::Private => destination.private,
        Reach::Loopback if typed => asked.host == "localhost" || typed_literal == Some(ip),
        Reach::Loopback => destination.private,
        Reach::LinkLocal => typed_literal == Some(ip),
        Reach::Never => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn grant(typed: bool, host: &str, private: bool) -> Destination {
        let egress = Egress {
            scheme: Scheme::Tcp,
            host: host.to_owned(),
            port: 587,
            typed,
            tls_name: None,
            certificate_pem: None,
            connect_timeout: None,
        };
        Destination { egress, private }
    }

    /// (typed by the administrator, granted host, exception, asked host, port, address, allowed)
    type Case = (bool, &'static str, bool, &'static str, u16, &'static str, bool);

    #[test]
    fn the_decision_as_a_table() {
        let cases: &[Case] = &[
            // Name and port first.
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "93.184.216.34",
                true,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "SMTP.Mairie.local.",
                587,
                "93.184.216.34",
                true,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                25,
                "93.184.216.34",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "other.mairie.local",
                587,
                "93.184.216.34",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "93.184.216.34",
                587,
                "93.184.216.34",
                false,
            ),
            // Typed names.
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "10.0.0.5",
                true,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "fd12::5",
                true,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "127.0.0.1",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "::ffff:127.0.0.1",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "169.254.169.254",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "64:ff9b::169.254.169.254",
                false,
            ),
            (
                true,
                "smtp.mairie.local",
                false,
                "smtp.mairie.local",
                587,
                "0.0.0.0",
                false,
            ),
            (true, "localhost", false, "localhost", 587, "127.0.0.1", true),
            (true, "localhost", false, "localhost", 587, "::1", true),
            (true, "localhost", false, "localhost", 587, "169.254.169.254", false),
            // Typed literals.
            (true, "127.0.0.1", false, "127.0.0.1", 587, "127.0.0.1", true),
            (
                true,
                "::ffff:127.0.0.1",
                false,
                "[::ffff:127.0.0.1]",
                587,
                "::ffff:127.0.0.1",
                true,
            ),
            (
                true,
                "169.254.169.254",
                false,
                "169.254.169.254",
                587,
                "169.254.169.254",
                true,
            ),
            (true, "0.0.0.0", false, "0.0.0.0", 587, "0.0.0.0", false),
            // Names that the manifest fixes.
            (
                false,
                "api.example.org",
                false,
                "api.example.org",
                587,
                "93.184.216.34",
                true,
            ),
            (
                false,
                "api.example.org",
                false,
                "api.example.org",
                587,
                "10.0.0.5",
                false,
            ),
            (
                false,
                "api.example.org",
                false,
                "api.example.org",
                587,
                "2002:0a00:0005::",
                false,
            ),
            (
                false,
                "api.example.org",
                false,
                "api.example.org",
                587,
                "127.0.0.1",
                false,
            ),
            (false, "api.example.org", true, "api.example.org", 587, "10.0.0.5", true),
            (
                false,
                "api.example.org",
                true,
                "api.example.org",
                587,
                "127.0.0.1",
                true,
            ),
            (
                false,
                "api.example.org",
                true,
                "api.example.org",
                587,
                "169.254.169.254",
                false,
            ),
        ];
        for case in cases {
            let (typed, host, excepted, asked, port, ip, allowed) = *case;
            let asked = Asked::new(Scheme::Tcp, asked, port);
            let verdict = decide(&grant(typed, host, excepted), &asked, &[ip.parse().unwrap()]);
            assert_eq!(verdict.is_ok(), allowed, "{case:?}: {verdict:?}");
        }
    }

    #[test]
    fn only_the_addresses_that_pass_are_dialled() {
        let asked = Asked::new(Scheme::Tcp, "smtp.mairie.local", 587);
        let resolved = ["127.0.0.1", "10.0.0.5", "::ffff:10.0.0.5"].map(|ip| ip.parse().unwrap());
        let verdict = decide(&grant(true, "smtp.mairie.local", false), &asked, &resolved);
        assert_eq!(verdict.unwrap(), ["10.0.0.5".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn a_grant_of_one_scheme_is_not_a_grant_of_another() {
        let asked = Asked::new(Scheme::Https, "smtp.mairie.local", 587);
        assert!(decide(&grant(true, "smtp.mairie.local", false), &asked, &[]).is_err());
    }
}
