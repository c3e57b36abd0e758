//! The endpoints of a provider: an origin as an egress has it, then a path with parameters for whole segments.
//!
//! The host sends refresh tokens and client secrets there. So no value may move the host or climb in the path: the origin is
//! judged as that of an egress, and a segment is percent-encoded and is never `.` or `..`.

use std::fmt::Write as _;

use crate::grants::Scheme;
use crate::host::bracketed;
use crate::reason::{FieldError, Reason};
use crate::settings::Settings;
use crate::template::{MAX_TEMPLATE, Place, Template, TemplateProblem};
use crate::validate::is_parameter_id;
use crate::value_types::is_path_and_query;

/// A provider's endpoint for one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole address, in the characters of RFC 3986.
    pub url: String,
    /// `Https`, or `Http`, which goes only where `auth-in-clear` is granted.
    pub scheme: Scheme,
    /// A DNS name in lower case, or an IP address without brackets.
    pub host: String,
    /// The TCP port, never 0.
    pub port: u16,
    /// Whether the whole host came from a parameter, so from an administrator.
    pub typed: bool,
}

/// A parsed endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndpointTemplate {
    origin: Template,
    path: Vec<Segment>,
    /// With its `?`, or empty.
    query: String,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Parameter(String),
}

impl EndpointTemplate {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateProblem> {
        if text.len() > MAX_TEMPLATE {
            return Err(TemplateProblem::TooLong);
        }
        let start = match text.split_once("://") {
            _ if text.starts_with('{') => 0,
            Some((scheme, _)) => scheme.len() + "://".len(),
            None => return Err(TemplateProblem::NotHttp),
        };
        let authority = text.get(start..).unwrap_or_default();
        let end = start + authority.find(['/', '?']).unwrap_or(authority.len());
        let (origin, rest) = text.split_at_checked(end).ok_or(TemplateProblem::Path)?;
        let origin = Template::parse(origin).map_err(|problem| match problem {
            TemplateProblem::Scheme | TemplateProblem::NoPort => TemplateProblem::NotHttp,
            other => other,
        })?;
        if !origin.is_http() {
            return Err(TemplateProblem::NotHttp);
        }
        let (path, query) = rest
            .split_at_checked(rest.find('?').unwrap_or(rest.len()))
            .unwrap_or((rest, ""));
        if !is_path_and_query(query) {
            return Err(TemplateProblem::Path);
        }
        let segments = path.split('/').skip(1).map(segment);
        Ok(Self {
            origin,
            path: segments.collect::<Result<_, _>>()?,
            query: query.to_owned(),
        })
    }

    /// Every parameter that the endpoint names, and where.
    pub(crate) fn parameters(&self) -> Vec<(&str, Place)> {
        let segments = self.path.iter().filter_map(|segment| match segment {
            Segment::Parameter(id) => Some((id.as_str(), Place::Segment)),
            Segment::Fixed(_) => None,
        });
        self.origin.parameters().into_iter().chain(segments).collect()
    }

    /// The endpoint for these values; nothing where a parameter has no value.
    pub(crate) fn fill(&self, settings: &Settings) -> Result<Option<Endpoint>, FieldError> {
        let Some(origin) = self.origin.fill(settings)? else {
            return Ok(None);
        };
        let mut url = match &self.origin {
            Template::Whole(id) => {
                let base = settings.text(id).unwrap_or_default();
                if base.contains('?') {
                    return Err(FieldError::new(id, Reason::UrlHasQuery));
                }
                base.trim_end_matches('/').to_owned()
            }
            Template::Parts { .. } => {
                let host = bracketed(&origin.host);
                match origin.scheme.default_port() {
                    Some(usual) if usual == origin.port => format!("{}://{host}", origin.scheme),
                    _ => format!("{}://{host}:{}", origin.scheme, origin.port),
                }
            }
        };
        for segment in &self.path {
            url.push('/');
            match segment {
                Segment::Fixed(text) => url.push_str(text),
                Segment::Parameter(id) => {
                    let Some(value) = settings.text(id) else {
                        return Ok(None);
                    };
                    if matches!(value, "." | "..") || value.contains(['/', '\\']) {
                        return Err(FieldError::new(id, Reason::NotASegment));
                    }
                    url.push_str(&encoded(value));
                }
            }
        }
        url.push_str(&self.query);
        Ok(Some(Endpoint {
            url,
            scheme: origin.scheme,
            host: origin.host,
            port: origin.port,
            typed: origin.typed,
        }))
    }
}

fn segment(text: &str) -> Result<Segment, TemplateProblem> {
    if let Some(id) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return if is_parameter_id(id) {
            Ok(Segment::Parameter(id.to_owned()))
        } else {
            Err(TemplateProblem::Braces)
        };
    }
    if matches!(text, "." | "..") || text.contains('%') || !is_path_and_query(text) {
        return Err(TemplateProblem::Path);
    }
    Ok(Segment::Fixed(text.to_owned()))
}

/// A value as one segment (RFC 3986 §2.1): all but the unreserved characters are percent-encoded.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_http_address_with_parameters_for_whole_segments() {
        for good in [
            "https://login.example.org/{tenant}/oauth2/v2.0/token",
            "https://{host}:{port}/token?p=policy",
            "http://login.example.org",
            "{authority}/{tenant}/token",
            "{authority}",
        ] {
            assert!(EndpointTemplate::parse(good).is_ok(), "{good}");
        }
        for (bad, problem) in [
            ("login.example.org/token", TemplateProblem::NotHttp),
            ("tcp://login.example.org:25/token", TemplateProblem::NotHttp),
            ("ftp://login.example.org/token", TemplateProblem::NotHttp),
            ("https://me@login.example.org/token", TemplateProblem::MoreThanAnOrigin),
            ("https://login.example.org/x{tenant}/token", TemplateProblem::Path),
            ("https://login.example.org/../token", TemplateProblem::Path),
            ("https://login.example.org/%2e%2e/token", TemplateProblem::Path),
            ("https://login.example.org/a b", TemplateProblem::Path),
            ("https://login.example.org/a\\b", TemplateProblem::Path),
            ("https://login.example.org/#x", TemplateProblem::Path),
            ("https://login.example.org/token?p={policy}", TemplateProblem::Path),
            ("https://login.example.org/{Tenant}/token", TemplateProblem::Braces),
            ("{authority}.example.org/token", TemplateProblem::NotHttp),
        ] {
            assert_eq!(EndpointTemplate::parse(bad), Err(problem), "{bad}");
        }
        let long = format!("https://login.example.org/{}", "a".repeat(512));
        assert_eq!(EndpointTemplate::parse(&long), Err(TemplateProblem::TooLong));
    }

    #[test]
    fn a_segment_is_encoded_whole() {
        assert_eq!(encoded("contoso.onmicrosoft.com"), "contoso.onmicrosoft.com");
        assert_eq!(encoded("a b?é#%2F"), "a%20b%3F%C3%A9%23%252F");
    }
}
