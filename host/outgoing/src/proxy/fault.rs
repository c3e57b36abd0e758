//! What a proxy may fail of, said so that an administrator knows whom to ask.

use std::fmt;
use std::time::Duration;

use relais_manifest::Lang;

/// No connection came about, and the proxy is why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyError {
    /// Such as `http://proxy.mairie.example:3128`.
    pub proxy: String,
    /// The destination that was asked of it.
    pub asked: String,
    pub fault: ProxyFault,
}

/// What the proxy did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFault {
    /// Its own name has no address: why.
    Unresolved(String),
    /// Nobody answers at its addresses: each, and why.
    Unreachable(String),
    /// It took the connection, and did not answer within this time.
    Silent(Duration),
    /// It closed the connection without an answer.
    Closed,
    /// What it answered is no answer of a proxy.
    NotHttp,
    /// It wants credentials (407; tinyproxy refuses wrong ones with 401): whether it was given some, and the schemes that it offers.
    Credentials {
        status: u16,
        given: bool,
        offered: Vec<String>,
    },
    /// Any other status, and its words.
    Said { status: u16, reason: String },
}

impl ProxyError {
    /// A sentence without its final stop.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = self.both();
        if lang == Lang::Fr { fr } else { en }
    }

    fn both(&self) -> (String, String) {
        let Self { proxy, asked, fault } = self;
        let (fr, en) = fault.both();
        (
            format!("le proxy {proxy}, par lequel passe {asked}, {fr}"),
            format!("the proxy {proxy}, through which {asked} goes, {en}"),
        )
    }
}

impl ProxyFault {
    /// Whether the proxy answered that it will not: it stays so until somebody changes its settings or Relais's, and says nothing
    /// of the destination. Everything else may pass by itself.
    pub fn refuses(&self) -> bool {
        match self {
            Self::Credentials { .. } => true,
            Self::Said { status, .. } => matches!(status, 401 | 403 | 405 | 407),
            Self::Unresolved(_) | Self::Unreachable(_) | Self::Silent(_) | Self::Closed | Self::NotHttp => false,
        }
    }

    /// What it answered, where it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Credentials { status, .. } | Self::Said { status, .. } => Some(*status),
            Self::Unresolved(_) | Self::Unreachable(_) | Self::Silent(_) | Self::Closed | Self::NotHttp => None,
        }
    }

    fn both(&self) -> (String, String) {
        match self {
            Self::Unresolved(why) => (
                format!("n'a pas d'adresse ({why}) ; vérifiez --proxy"),
                format!("has no address ({why}); check --proxy"),
            ),
            Self::Unreachable(why) => (
                format!("n'est pas joignable ({why}) ; vérifiez --proxy"),
                format!("cannot be reached ({why}); check --proxy"),
            ),
            Self::Silent(limit) => (
                format!("n'a pas répondu en {} s", limit.as_secs_f32().ceil()),
                format!("did not answer within {} s", limit.as_secs_f32().ceil()),
            ),
            Self::Closed => (
                "a fermé la connexion sans répondre".to_owned(),
                "closed the connection without an answer".to_owned(),
            ),
            Self::NotHttp => (
                "ne répond pas comme un proxy HTTP ; vérifiez --proxy".to_owned(),
                "does not answer as an HTTP proxy does; check --proxy".to_owned(),
            ),
            Self::Credentials { status, given, offered } => credentials(*status, *given, offered),
            Self::Said { status, reason } => {
                let words = format!("{status} {reason}");
                let words = words.trim_end();
                let (fr, en) = advice(*status);
                (format!("a répondu « {words} »{fr}"), format!("answered `{words}`{en}"))
            }
        }
    }
}

/// What a status of a proxy most often means.
fn advice(status: u16) -> (&'static str, &'static str) {
    match status {
        403 | 405 => (
            " : il n'autorise pas cette destination ou ce port ; demandez à qui l'administre",
            ": it does not allow this destination or port; ask whoever runs it",
        ),
        500 | 502 | 503 => (
            " : il n'a pas pu joindre cette destination",
            ": it could not reach this destination",
        ),
        504 => (
            " : cette destination ne lui a pas répondu à temps",
            ": this destination did not answer it in time",
        ),
        _ => ("", ""),
    }
}

fn credentials(status: u16, given: bool, offered: &[String]) -> (String, String) {
    let has_basic = offered.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !offered.is_empty() && !has_basic {
        let list = offered.join(", ");
        return (
            format!("demande une identification {list} ({status}), et Relais ne connaît que Basic"),
            format!("wants a login by {list} ({status}), and Relais knows Basic alone"),
        );
    }
    match given {
        true => (
            format!("refuse le compte ou le mot de passe ({status}) ; corrigez --proxy-credentials-file"),
            format!("refuses the user name or the password ({status}); correct --proxy-credentials-file"),
        ),
        false => (
            format!("demande un compte et un mot de passe ({status}) ; donnez --proxy-credentials-file"),
            format!("wants a user name and a password ({status}); give --proxy-credentials-file"),
        ),
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_said_in_french_and_in_english() {
        let said = |status| ProxyFault::Said {
            status,
            reason: "No".to_owned(),
        };
        let wants = |given, offered: &[&str]| ProxyFault::Credentials {
            status: 407,
            given,
            offered: offered.iter().map(|&scheme| scheme.to_owned()).collect(),
        };
        let faults = [
            ProxyFault::Unresolved("no such name".to_owned()),
            ProxyFault::Unreachable("10.0.0.1:3128: no answer".to_owned()),
            ProxyFault::Silent(Duration::from_secs(3)),
            ProxyFault::Closed,
            ProxyFault::NotHttp,
            wants(false, &[]),
            wants(true, &["Negotiate", "basic"]),
            wants(true, &["Negotiate", "NTLM"]),
            said(400),
            said(403),
            said(502),
            said(504),
        ];
        let mut seen = Vec::new();
        for fault in faults {
            let error = ProxyError {
                proxy: "http://proxy.example:3128".to_owned(),
                asked: "tcp://a.example:25".to_owned(),
                fault,
            };
            let (fr, en) = (error.text(Lang::Fr), error.text(Lang::En));
            assert!(fr != en && en == error.to_string(), "{error:?}");
            assert!(
                en.contains("http://proxy.example:3128") && en.contains("tcp://a.example:25"),
                "{en}"
            );
            assert!(!seen.contains(&en), "{en}");
            seen.extend([fr, en]);
            let refuses = matches!(error.fault.status(), Some(403 | 407));
            assert_eq!(error.fault.refuses(), refuses, "{error:?}");
        }
    }
}
