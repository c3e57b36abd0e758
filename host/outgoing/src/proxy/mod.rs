//! The site's own way out: an HTTP proxy that opens tunnels (`CONNECT`, RFC 9110 section 9.3.6).
//!
//! Through a proxy, name and port are judged and no address is: the proxy resolves. What is private goes direct, so that its
//! addresses are judged as without a proxy; which way a destination takes is decided without a look at what it resolves to, in one place
//! ([`Proxy::way`]).
//!
//! The threat: whoever answers in the proxy's name reads and writes what the tunnel carries, so that certificates are verified
//! against the destination all the same, nothing is written to the proxy before it agreed but the tunnel's own request, and what it
//! answers is bounded in bytes and in time.

mod exceptions;
mod fault;
mod tunnel;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

pub use exceptions::Exceptions;
pub use fault::{ProxyError, ProxyFault};
pub(crate) use tunnel::open;

use crate::egress::{Destination, Reach, reach};
use crate::settings::SettingError;
use crate::{Resolve, Secret};

/// Bytes of `user:password`.
const CREDENTIALS_BYTES: usize = 1024;

/// A proxy, and what does not go through it.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// A name in lower case, or an address without brackets.
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Secret>,
    exceptions: Exceptions,
}

/// Which way a connection leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Resolved and dialled here.
    Direct,
    /// Through the proxy, which resolves.
    Proxy,
}

impl Proxy {
    /// Reads `http://HOST:PORT`. The port is always given: there is no usual one.
    ///
    /// # Errors
    ///
    /// Anything else, credentials among it: an address is seen by every user of the machine.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let not_one = || SettingError::ProxyAddress;
        if text.contains('@') {
            return Err(SettingError::ProxyUser);
        }
        let uri: http::Uri = text.trim().parse().map_err(|_| not_one())?;
        let authority = uri.authority().ok_or_else(not_one)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(SettingError::ProxyScheme),
            None => return Err(not_one()),
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(not_one());
        }
        let port = authority.port_u16().filter(|port| *port != 0).ok_or_else(not_one)?;
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(not_one());
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
            authorization: None,
            exceptions: Exceptions::default(),
        })
    }

    /// Sets what it asks its users for, as `user:password` (RFC 7617).
    ///
    /// # Errors
    ///
    /// It is not one line of that form.
    pub fn with_credentials(mut self, credentials: &Secret) -> Result<Self, SettingError> {
        let text = credentials.reveal();
        let fit = text.len() <= CREDENTIALS_BYTES && !text.chars().any(char::is_control);
        match text.split_once(':') {
            Some((user, _)) if fit && !user.is_empty() => {
                let basic = Zeroizing::new(BASE64.encode(text));
                self.authorization = Some(Secret::new(format!("Basic {}", *basic)));
                Ok(self)
            }
            _ => Err(SettingError::ProxyCredentials),
        }
    }

    /// Sets what goes direct besides what is private.
    pub fn with_exceptions(mut self, exceptions: Exceptions) -> Self {
        self.exceptions = exceptions;
        self
    }

    /// Whether it is told a user name and a password.
    pub fn has_credentials(&self) -> bool {
        self.authorization.is_some()
    }

    /// What goes direct besides what is private.
    pub fn exceptions(&self) -> &Exceptions {
        &self.exceptions
    }

    /// The way to a destination. Direct are
    ///
    /// - addresses that are not public, and names that a site has for itself;
    /// - names of which an administrator said that they lead to private addresses (`private:NAME`);
    /// - what the proxy's exceptions cover.
    pub fn way(&self, destination: &Destination) -> Way {
        let asked = destination.asked();
        let direct = match asked.literal() {
            Some(ip) => reach(ip) != Reach::Public || self.exceptions.cover_address(ip),
            None => destination.private || is_private_name(&asked.host) || self.exceptions.cover_name(&asked.host),
        };
        if direct { Way::Direct } else { Way::Proxy }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "http://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "http://{}:{}", self.host, self.port)
        }
    }
}

/// Endings of names that exist in a site's own network alone: RFC 6761 (`localhost`), RFC 6762 (`local`, and those of its
/// appendix G), RFC 8375 (`home.arpa`).
const PRIVATE_ENDINGS: [&str; 9] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
];

/// A name without a dot is one of the site's own, too.
fn is_private_name(name: &str) -> bool {
    let ends = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || PRIVATE_ENDINGS.into_iter().any(ends)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use relais_manifest::{Egress, Scheme};

    fn to(host: &str, private: bool) -> Destination {
        let egress = Egress {
            scheme: Scheme::Tcp,
            host: host.to_owned(),
            port: 443,
            typed: true,
            tls_name: None,
            certificate_pem: None,
            connect_timeout: None,
        };
        Destination { egress, private }
    }

    #[test]
    fn a_proxy_is_an_http_address_with_a_port() {
        for (given, shown) in [
            ("http://Proxy.Mairie.example:3128", "http://proxy.mairie.example:3128"),
            (" http://10.0.0.1:8080/ ", "http://10.0.0.1:8080"),
            ("http://[fd12::1]:3128", "http://[fd12::1]:3128"),
        ] {
            assert_eq!(Proxy::parse(given).unwrap().to_string(), shown);
        }
        for (given, error) in [
            ("proxy.mairie.example:3128", SettingError::ProxyAddress),
            ("http://proxy.mairie.example", SettingError::ProxyAddress),
            ("http://proxy.mairie.example:0", SettingError::ProxyAddress),
            ("http://proxy.mairie.example:99999", SettingError::ProxyAddress),
            ("http://proxy.mairie.example:3128/path", SettingError::ProxyAddress),
            ("http://:3128", SettingError::ProxyAddress),
            ("", SettingError::ProxyAddress),
            ("https://proxy.mairie.example:3128", SettingError::ProxyScheme),
            ("socks5://proxy.mairie.example:1080", SettingError::ProxyScheme),
            ("http://user:Hunter2@proxy.mairie.example:3128", SettingError::ProxyUser),
            ("http://user@proxy.mairie.example:3128", SettingError::ProxyUser),
            ("user:Hunter2 #@proxy.mairie.example:3128", SettingError::ProxyUser),
        ] {
            let refused = Proxy::parse(given).unwrap_err();
            assert_eq!(refused, error, "{given:?}");
            assert!(!format!("{refused} {refused:?}").contains("Hunter2"));
        }
    }

    #[test]
    fn credentials_are_one_line_and_do_not_print() {
        let proxy = Proxy::parse("http://proxy.mairie.example:3128").unwrap();
        let with = |text: &str| proxy.clone().with_credentials(&Secret::new(text.to_owned()));
        let known = with("relais:Hunter2:é").unwrap();
        assert!(known.has_credentials() && !proxy.has_credentials());
        // `relais:Hunter2:é` in UTF-8.
        let written = known.authorization.as_ref().unwrap().reveal();
        assert_eq!(written, "Basic cmVsYWlzOkh1bnRlcjI6w6k=");
        for shown in [known.to_string(), format!("{known:?}")] {
            assert!(!shown.contains("Hunter2") && !shown.contains("cmVsYWlz"), "{shown}");
        }
        for bad in [
            "",
            "relais",
            ":password",
            "a:b\r\nX: y",
            "a:b\n",
            &format!("a:{}", "b".repeat(2000)),
        ] {
            assert_eq!(with(bad).unwrap_err(), SettingError::ProxyCredentials, "{bad:?}");
        }
    }

    #[test]
    fn the_way_out_as_a_table() {
        use Way::{Direct, Proxy as Through};
        let exceptions = Exceptions::parse(&["mairie.example, .agglo.example", "203.0.113.0/24", "2001:db8:1::/48"]);
        let proxy = Proxy::parse("http://proxy.mairie.example:3128")
            .unwrap()
            .with_exceptions(exceptions.unwrap());
        let cases = [
            // Names of the world.
            ("graph.microsoft.com", Through),
            ("smtp.office365.com", Through),
            // Names of the site alone.
            ("localhost", Direct),
            ("mail.localhost", Direct),
            ("smtp", Direct),
            ("smtp.mairie.local", Direct),
            ("smtp.mairie.lan", Direct),
            ("metadata.google.internal", Direct),
            ("nas.home.arpa", Direct),
            ("notlocal.example", Through),
            ("local.example", Through),
            ("smtp.notlocal", Through),
            ("home.arpa.example", Through),
            // Exceptions: a name with all below it, and what is below one only.
            ("mairie.example", Direct),
            ("smtp.mairie.example", Direct),
            ("notmairie.example", Through),
            ("agglo.example", Through),
            ("smtp.agglo.example", Direct),
            // Addresses, however they are spelled.
            ("93.184.216.34", Through),
            ("2606:2800:220:1::1", Through),
            ("10.0.0.5", Direct),
            ("127.0.0.1", Direct),
            ("::1", Direct),
            ("fd12::5", Direct),
            ("::ffff:10.0.0.5", Direct),
            ("64:ff9b::10.0.0.5", Direct),
            ("169.254.169.254", Direct),
            ("0.0.0.0", Direct),
        ];
        for (host, way) in cases {
            assert_eq!(proxy.way(&to(host, false)), way, "{host}");
        }
        // An administrator said that it is private.
        assert_eq!(proxy.way(&to("graph.microsoft.com", true)), Direct);
        assert_eq!(proxy.way(&to("93.184.216.34", true)), Through);
    }

    #[test]
    fn networks_are_excepted_by_the_address_that_a_spelling_maps() {
        let exceptions = Exceptions::parse(&["93.184.216.0/24", "2606:2800::/32"]).unwrap();
        let proxy = Proxy::parse("http://10.0.0.1:3128")
            .unwrap()
            .with_exceptions(exceptions);
        for (host, way) in [
            ("93.184.216.34", Way::Direct),
            ("::ffff:93.184.216.34", Way::Direct),
            ("93.184.217.34", Way::Proxy),
            ("2606:2800:220:1::1", Way::Direct),
            ("2606:2801::1", Way::Proxy),
        ] {
            assert_eq!(proxy.way(&to(host, false)), way, "{host}");
        }
    }
}
