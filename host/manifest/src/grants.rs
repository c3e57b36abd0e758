//! The grants that follow from an instance's values: where it may connect, and where its credentials may go.

use std::fmt;
use std::time::Duration;

use crate::credential::{Credential, Slot};
use crate::host::bracketed;
use crate::manifest::{EgressRequest, Manifest};
use crate::parameter::Role;
use crate::reason::FieldError;
use crate::settings::Settings;
use crate::template::Template;

/// One place that an instance may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// What is spoken there.
    pub scheme: Scheme,
    /// A DNS name in lower case, or an IP address without brackets.
    pub host: String,
    /// The TCP port, never 0.
    pub port: u16,
    /// Whether the whole host came from a parameter, so from an administrator. False for a name that the manifest fixes,
    /// or fixes in part.
    pub typed: bool,
    /// The name expected in the server's certificate, where it is not the host's.
    pub tls_name: Option<String>,
    /// Certificates in PEM: a CA to trust here, or the server's own certificate.
    pub certificate_pem: Option<String>,
    /// How long connecting may take.
    pub connect_timeout: Option<Duration>,
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, bracketed(&self.host), self.port)
    }
}

/// What is spoken at an egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A byte stream, which may turn into TLS.
    Tcp,
    /// HTTP over TLS.
    Https,
    /// HTTP in clear.
    Http,
}

impl Scheme {
    /// The scheme as it stands before `://`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The scheme of a word, in lower case.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Tcp, Self::Https, Self::Http]
            .into_iter()
            .find(|scheme| scheme.word() == word)
    }

    /// The port where none is given (RFC 9110 §4.2).
    pub(crate) fn default_port(self) -> Option<u16> {
        match self {
            Self::Tcp => None,
            Self::Https => Some(443),
            Self::Http => Some(80),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Manifest {
    /// Where an instance with these settings may connect. A place whose `when` does not hold, or whose parameters have no
    /// value, is left out.
    ///
    /// # Errors
    ///
    /// Values that are each fit for their parameter but make no host together. Settings that did not come from
    /// [`Manifest::settings`] can fail in other ways.
    pub fn egress(&self, settings: &Settings) -> Result<Vec<Egress>, Vec<FieldError>> {
        self.granted(self.egress.iter(), settings)
    }

    /// Where `credential` may be written: the places of its `origins`, else every HTTP place (slot `http-header`) or
    /// every TCP place (slot `smtp-auth`) that an instance with these settings may connect to.
    ///
    /// # Errors
    ///
    /// Those of [`Manifest::egress`].
    pub fn destinations(&self, credential: &Credential, settings: &Settings) -> Result<Vec<Egress>, Vec<FieldError>> {
        let fits = |request: &&EgressRequest| {
            let is_http = Template::parse(&request.to).is_ok_and(|template| template.is_http());
            match credential.slot {
                Slot::SmtpAuth => !is_http,
                Slot::HttpHeader if credential.origins.is_empty() => is_http,
                Slot::HttpHeader => is_http && credential.origins.contains(&request.to),
            }
        };
        self.granted(self.egress.iter().filter(fits), settings)
    }

    /// The address that becomes From and the reverse-path of a mail that names none.
    pub fn sender(&self, settings: &Settings) -> Option<String> {
        let parameter = self
            .parameters
            .iter()
            .find(|parameter| parameter.role == Some(Role::Sender))?;
        settings.text(&parameter.id).map(str::to_owned)
    }

    fn granted<'a>(
        &'a self,
        requests: impl Iterator<Item = &'a EgressRequest>,
        settings: &Settings,
    ) -> Result<Vec<Egress>, Vec<FieldError>> {
        let mut granted = Vec::new();
        let mut errors = Vec::new();
        for request in self.applying(requests, |request| &request.when, settings) {
            // A template that cannot be read grants nothing; no valid manifest holds one.
            let Ok(template) = Template::parse(&request.to) else {
                continue;
            };
            match template.fill(settings) {
                Ok(None) => {}
                Ok(Some(filled)) => granted.push(Egress {
                    scheme: filled.scheme,
                    host: filled.host,
                    port: filled.port,
                    typed: filled.typed,
                    tls_name: text_of(request.tls_name.as_deref(), settings),
                    certificate_pem: text_of(request.certificate.as_deref(), settings),
                    connect_timeout: request
                        .connect_timeout
                        .as_deref()
                        .and_then(|id| settings.seconds(id))
                        .map(Duration::from_secs),
                }),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(granted) } else { Err(errors) }
    }
}

/// The value of the parameter that `id` names, where one is named.
pub(crate) fn text_of(id: Option<&str>, settings: &Settings) -> Option<String> {
    settings.text(id?).map(str::to_owned)
}
