//! The `to` of an egress: a scheme, a host and a port with parameters in braces.

use std::fmt;

use crate::grants::Scheme;
use crate::host::{host, split_port};
use crate::parameter::ParameterType;
use crate::reason::{FieldError, Reason};
use crate::settings::Settings;
use crate::text::Lang;
use crate::value_types::{port, url};

/// The most bytes of a template.
pub(crate) const MAX_TEMPLATE: usize = 512;

/// A parsed `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    /// `{endpoint}`: everything comes from one `url` parameter.
    Whole(String),
    /// A scheme with a host and a port, each fixed or filled in.
    Parts {
        scheme: Scheme,
        host: Vec<Piece>,
        port: Port,
    },
}

/// A piece of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Fixed(String),
    Parameter(String),
}

/// The port of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Port {
    Fixed(u16),
    Parameter(String),
}

/// Where in a template a parameter stands, which says what types it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Whole,
    Host,
    Port,
    /// One segment of the path of a provider's endpoint.
    Segment,
}

impl Place {
    /// The types that fit here.
    pub(crate) fn types(self) -> &'static [ParameterType] {
        match self {
            Self::Whole => &[ParameterType::Url],
            Self::Host => &[ParameterType::Host, ParameterType::Text],
            Self::Port => &[ParameterType::Port],
            Self::Segment => &[
                ParameterType::Text,
                ParameterType::Choice,
                ParameterType::Host,
                ParameterType::Email,
            ],
        }
    }
}

/// The parts of an address that a template and an instance's values make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    pub scheme: Scheme,
    pub host: String,
    pub port: u16,
    pub typed: bool,
}

/// Why a `to` cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateProblem {
    /// Longer than 512 bytes.
    TooLong,
    /// The scheme is not `tcp`, `https` or `http`.
    Scheme,
    /// A brace has no partner, or holds no parameter id.
    Braces,
    /// A path, a query, a fragment or a user stands beside host and port.
    MoreThanAnOrigin,
    /// The host is missing, or is no host.
    Host,
    /// `tcp` without a port.
    NoPort,
    /// The port is neither a number from 1 to 65535 nor one parameter.
    Port,
    /// A provider's endpoint that is not reached over HTTP.
    NotHttp,
    /// A provider's endpoint whose path or query cannot stand in a URL.
    Path,
}

impl TemplateProblem {
    /// A full sentence in `lang` that says what to do.
    pub fn text(self, lang: Lang) -> String {
        let (fr, en) = match self {
            Self::TooLong => ("donnez au plus 512 octets.", "give at most 512 bytes."),
            Self::Scheme => (
                "commencez par tcp://, https:// ou http://, ou donnez un seul paramètre de type url : {endpoint}.",
                "begin with tcp://, https:// or http://, or give one parameter of type url: {endpoint}.",
            ),
            Self::Braces => (
                "entre accolades se trouve un identifiant de paramètre, comme dans {host}.",
                "braces hold the id of a parameter, as in {host}.",
            ),
            Self::MoreThanAnOrigin => (
                "donnez le schéma, l'hôte et le port seuls, sans chemin ni utilisateur.",
                "give scheme, host and port alone, without a path and without a user.",
            ),
            Self::Host => (
                "donnez un nom d'hôte, une adresse IP (IPv6 entre crochets) ou un paramètre entre accolades.",
                "give a host name, an IP address (IPv6 in brackets) or a parameter in braces.",
            ),
            Self::NoPort => ("donnez un port après l'hôte tcp.", "give a port after the tcp host."),
            Self::Port => (
                "le port est un nombre de 1 à 65535 ou un paramètre entre accolades.",
                "the port is a number from 1 to 65535 or one parameter in braces.",
            ),
            Self::NotHttp => (
                "commencez par https:// et un hôte, ou par un paramètre de type url : {authority}/token.",
                "begin with https:// and a host, or with a parameter of type url: {authority}/token.",
            ),
            Self::Path => (
                "dans le chemin, un paramètre entre accolades tient lieu d'un segment entier, sans « .. », et la requête \
                 est fixe.",
                "in the path a parameter in braces stands for one whole segment, without `..`, and the query is fixed.",
            ),
        };
        lang.pick(fr.to_owned(), en.to_owned())
    }
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl Template {
    pub(crate) fn parse(to: &str) -> Result<Self, TemplateProblem> {
        if to.len() > MAX_TEMPLATE {
            return Err(TemplateProblem::TooLong);
        }
        let Some((scheme, authority)) = to.split_once("://") else {
            return match pieces(to)?.as_slice() {
                [Piece::Parameter(id)] => Ok(Self::Whole(id.clone())),
                _ => Err(TemplateProblem::Scheme),
            };
        };
        let scheme = Scheme::from_word(scheme).ok_or(TemplateProblem::Scheme)?;
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(TemplateProblem::MoreThanAnOrigin);
        }
        let (host_text, port_text) = split_port(authority).ok_or(TemplateProblem::Host)?;
        let port = match (port_text, scheme.default_port()) {
            (Some(text), _) => match pieces(text)?.as_slice() {
                [Piece::Parameter(id)] => Port::Parameter(id.clone()),
                [Piece::Fixed(digits)] => Port::Fixed(port(digits).map_err(|_| TemplateProblem::Port)?),
                _ => return Err(TemplateProblem::Port),
            },
            (None, Some(usual)) => Port::Fixed(usual),
            (None, None) => return Err(TemplateProblem::NoPort),
        };
        Ok(Self::Parts {
            scheme,
            host: host_pieces(host_text)?,
            port,
        })
    }

    /// Every parameter that the template names, and where.
    pub(crate) fn parameters(&self) -> Vec<(&str, Place)> {
        match self {
            Self::Whole(id) => vec![(id, Place::Whole)],
            Self::Parts { host, port, .. } => {
                let hosts = host.iter().filter_map(|piece| match piece {
                    Piece::Parameter(id) => Some((id.as_str(), Place::Host)),
                    Piece::Fixed(_) => None,
                });
                let ports = match port {
                    Port::Parameter(id) => Some((id.as_str(), Place::Port)),
                    Port::Fixed(_) => None,
                };
                hosts.chain(ports).collect()
            }
        }
    }

    /// Whether requests over HTTP can go here: a `url` parameter is http or https.
    pub(crate) fn is_http(&self) -> bool {
        !matches!(
            self,
            Self::Parts {
                scheme: Scheme::Tcp,
                ..
            }
        )
    }

    /// Whether the connection can be encrypted, so that a certificate has a meaning.
    pub(crate) fn may_be_tls(&self) -> bool {
        !matches!(
            self,
            Self::Parts {
                scheme: Scheme::Http,
                ..
            }
        )
    }

    /// The address for these values; nothing where a parameter has no value.
    pub(crate) fn fill(&self, settings: &Settings) -> Result<Option<Filled>, FieldError> {
        let (scheme, pieces, fixed_or_named) = match self {
            Self::Whole(id) => {
                let Some(text) = settings.text(id) else {
                    return Ok(None);
                };
                let url = url(text).map_err(|reason| FieldError::new(id, reason))?;
                let scheme = if url.https { Scheme::Https } else { Scheme::Http };
                return Ok(Some(Filled {
                    scheme,
                    host: url.host,
                    port: url.port,
                    typed: true,
                }));
            }
            Self::Parts { scheme, host, port } => (*scheme, host, port),
        };
        let port = match fixed_or_named {
            Port::Fixed(port) => Some(*port),
            Port::Parameter(id) => settings.port(id),
        };
        let mut name = String::new();
        for piece in pieces {
            match piece {
                Piece::Fixed(text) => name.push_str(text),
                Piece::Parameter(id) => match settings.text(id) {
                    Some(text) => name.push_str(text),
                    None => return Ok(None),
                },
            }
        }
        let host = host(&name).map_err(|reason| self.blame(reason))?;
        // A name of which the manifest fixes a part is the manifest's: whoever wrote it owns the domain around the braces
        // and could point it into the administrator's own network.
        let typed = matches!(pieces.as_slice(), [Piece::Parameter(_)]);
        Ok(port.map(|port| Filled {
            scheme,
            host,
            port,
            typed,
        }))
    }

    /// The error of a host that cannot be made: the value's own where it is the whole host, else that of the template.
    fn blame(&self, reason: Reason) -> FieldError {
        let id = self.parameters().first().map_or("egress", |(id, _)| *id);
        match self {
            Self::Parts { host, .. } if host.len() > 1 => FieldError::new(
                id,
                Reason::TemplateHost {
                    template: host.iter().map(Piece::to_string).collect(),
                },
            ),
            _ => FieldError::new(id, reason),
        }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Parameter(id) => write!(f, "{{{id}}}"),
        }
    }
}

/// The host of a template: a whole host that is checked at once, or pieces that are checked when they are filled in.
fn host_pieces(text: &str) -> Result<Vec<Piece>, TemplateProblem> {
    let pieces = pieces(text)?;
    match pieces.as_slice() {
        [] => Err(TemplateProblem::Host),
        [Piece::Fixed(fixed)] => {
            let host = host(fixed).map_err(|_| TemplateProblem::Host)?;
            Ok(vec![Piece::Fixed(host)])
        }
        several => {
            let fits = |piece: &Piece| match piece {
                Piece::Parameter(_) => true,
                Piece::Fixed(text) => text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            };
            several
                .iter()
                .all(fits)
                .then(|| several.to_vec())
                .ok_or(TemplateProblem::Host)
        }
    }
}

/// Text cut at its braces.
fn pieces(text: &str) -> Result<Vec<Piece>, TemplateProblem> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((fixed, after)) = rest.split_once('{') {
        let (id, after) = after.split_once('}').ok_or(TemplateProblem::Braces)?;
        if !crate::validate::is_parameter_id(id) {
            return Err(TemplateProblem::Braces);
        }
        if !fixed.is_empty() {
            pieces.push(Piece::Fixed(fixed.to_owned()));
        }
        pieces.push(Piece::Parameter(id.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Fixed(rest.to_owned()));
    }
    let stray = |piece: &Piece| matches!(piece, Piece::Fixed(text) if text.contains(['{', '}']));
    if pieces.iter().any(stray) {
        Err(TemplateProblem::Braces)
    } else {
        Ok(pieces)
    }
}
