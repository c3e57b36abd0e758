//! The parameters of an instance, as `connector.toml` declares them. Those that only the host uses are not here.

use std::net::IpAddr;

use relais_sdk::{Failure, kind};
use serde::Deserialize;

use crate::wire::Security;

/// What the administrator set.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    /// TLS from the first byte ("SSL/TLS").
    #[serde(default)]
    pub tls: bool,
    /// TLS after a greeting in clear ("StartTLS"). Absent where `tls` is set.
    #[serde(default = "yes")]
    pub starttls: bool,
    /// What to log in with.
    #[serde(default)]
    pub login: Login,
    /// With a password: log in when set. The name itself goes out through the host's credential.
    #[serde(default)]
    pub username: Option<String>,
    /// The name that we greet with.
    #[serde(default)]
    pub helo: Option<String>,
    /// Seconds for each step until the login is done.
    #[serde(default = "thirty")]
    pub timeout: u32,
}

/// What a login is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// A name and a password, where a name is set.
    #[default]
    Password,
    /// An account that the host keeps.
    Account,
}

fn yes() -> bool {
    true
}

fn thirty() -> u32 {
    30
}

impl Settings {
    /// How the connection starts.
    pub fn security(&self) -> Security {
        match (self.tls, self.starttls) {
            (true, _) => Security::Tls,
            (false, true) => Security::StartTls,
            (false, false) => Security::Plain,
        }
    }

    /// Whether to log in.
    pub fn logs_in(&self) -> bool {
        match self.login {
            Login::Account => true,
            Login::Password => self.username.as_deref().is_some_and(|name| !name.is_empty()),
        }
    }

    /// Host and port, as texts name them.
    pub fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The argument of EHLO: a name, or an address literal (RFC 5321 section 4.1.3). A sandbox has no host name, and
    /// many servers refuse `localhost`; a literal is always well-formed.
    ///
    /// # Errors
    ///
    /// The parameter holds what would not be one word of one line.
    pub fn helo_argument(&self) -> Result<String, Failure> {
        let name = self.helo.as_deref().unwrap_or("[127.0.0.1]");
        match name.parse() {
            Ok(IpAddr::V4(address)) => Ok(format!("[{address}]")),
            Ok(IpAddr::V6(address)) => Ok(format!("[IPv6:{address}]")),
            Err(_) if !name.is_empty() && name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(name.to_owned())
            }
            Err(_) => Err(Failure::new(
                kind::CONFIGURATION,
                "`helo`: a host name or an IP address is expected, without spaces or accents",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::{Login, Security, Settings};

    fn settings(json: &str) -> Settings {
        relais_sdk::read_parameters(json).unwrap()
    }

    #[test]
    fn starttls_is_on_unless_switched_off() {
        assert!(matches!(
            settings(r#"{"host":"a","port":587}"#).security(),
            Security::StartTls
        ));
        assert!(matches!(
            settings(r#"{"host":"a","port":465,"tls":true}"#).security(),
            Security::Tls
        ));
        let clear = settings(r#"{"host":"a","port":25,"tls":false,"starttls":false}"#);
        assert!(matches!(clear.security(), Security::Plain));
    }

    #[test]
    fn an_address_is_greeted_with_as_a_literal() {
        let greets = |helo: &str, argument: &str| {
            let json = format!(r#"{{"host":"a","port":25,"helo":"{helo}"}}"#);
            assert_eq!(settings(&json).helo_argument().unwrap(), argument);
        };
        greets("192.0.2.7", "[192.0.2.7]");
        greets("2001:db8::1", "[IPv6:2001:db8::1]");
        greets("ged.mairie.example", "ged.mairie.example");
        assert_eq!(
            settings(r#"{"host":"a","port":25}"#).helo_argument().unwrap(),
            "[127.0.0.1]"
        );
    }

    #[test]
    fn a_name_that_would_be_a_second_command_is_refused() {
        let evil = settings(r#"{"host":"a","port":25,"helo":"a\r\nMAIL FROM:<x@y>"}"#);
        let failure = evil.helo_argument().unwrap_err();
        assert_eq!(failure.kind, "configuration");
        assert!(failure.text.contains("`helo`"));
    }

    #[test]
    fn an_empty_user_name_is_no_login() {
        assert!(!settings(r#"{"host":"a","port":25,"username":""}"#).logs_in());
        assert!(settings(r#"{"host":"a","port":25,"username":"u"}"#).logs_in());
    }

    #[test]
    fn an_account_logs_in_without_a_user_name() {
        let settings = settings(r#"{"host":"a","port":25,"login":"account"}"#);
        assert!(settings.logs_in() && settings.login == Login::Account);
    }
}
