//! How a connector behaves for one service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest_error_kind::ManifestErrorKind;
use crate::validate::Findings;

/// The most patterns of a list.
const MAX_PATTERNS: usize = 16;
/// The most bytes of a pattern.
const MAX_PATTERN: usize = 256;
/// The most stars of a pattern, so that it is matched in no time.
const MAX_STARS: usize = 4;
/// The most sessions that a manifest can ask for.
const MAX_SESSIONS: u32 = 1000;

/// How a connector behaves for one service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// What happens to the other recipients of a message when one is refused.
    #[serde(default)]
    pub recipients: Recipients,
    /// How many sessions an instance has at most where its administrator sets no limit: what the remote bears at once. The
    /// host gives no more than 16 by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub sessions: Option<u32>,
    /// HTTP requests that bring content to the remote and cannot send it: a draft, an upload. A method and a path, in which
    /// `*` stands for any characters: `POST */messages`. What fails before any other request has left was not sent, and is
    /// tried again; of every other request that content of the message may be in, the outcome can be unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 256)))]
    pub prepares: Vec<String>,
    /// HTTP requests, written in the same way, whose success means that what was prepared at that very address will not be
    /// sent any more, whatever was asked there or below it before: `DELETE */messages/*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 256)))]
    pub withdraws: Vec<String>,
}

/// What happens to the other recipients of a message when one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recipients {
    /// Each recipient is accepted or refused by itself.
    #[default]
    Each,
    /// One refused recipient refuses the message for all.
    AllOrNone,
}

/// What holds where the manifest says nothing.
pub(crate) static DEFAULT: Service = Service {
    recipients: Recipients::Each,
    sessions: None,
    prepares: Vec::new(),
    withdraws: Vec::new(),
};

impl Service {
    /// Whether a request of this method to this path (without its query) only prepares a message.
    pub fn prepares(&self, method: &str, path: &str) -> bool {
        self.prepares.iter().any(|pattern| matches(pattern, method, path))
    }

    /// Whether the success of a request of this method to this path (without its query) withdraws what was prepared there.
    pub fn withdraws(&self, method: &str, path: &str) -> bool {
        self.withdraws.iter().any(|pattern| matches(pattern, method, path))
    }

    pub(crate) fn check(&self, path: &str, findings: &mut Findings) {
        if self
            .sessions
            .is_some_and(|sessions| !(1..=MAX_SESSIONS).contains(&sessions))
        {
            findings.add(
                format!("{path}.sessions"),
                ManifestErrorKind::Sessions { max: MAX_SESSIONS },
            );
        }
        for (key, patterns) in [("prepares", &self.prepares), ("withdraws", &self.withdraws)] {
            if patterns.len() > MAX_PATTERNS {
                findings.add(
                    format!("{path}.{key}"),
                    ManifestErrorKind::TooMany { max: MAX_PATTERNS },
                );
                continue;
            }
            for (index, pattern) in patterns.iter().enumerate() {
                if !is_pattern(pattern) {
                    findings.add(format!("{path}.{key}[{index}]"), ManifestErrorKind::RequestPattern);
                }
            }
        }
    }
}

/// `METHOD PATH`: a method in capital letters, and a path that begins with `/` or `*`, without a query (RFC 9110 section 9.1,
/// RFC 3986 section 3.3).
fn is_pattern(pattern: &str) -> bool {
    let Some((method, path)) = pattern.split_once(' ') else {
        return false;
    };
    pattern.len() <= MAX_PATTERN
        && !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_uppercase())
        && path.starts_with(['/', '*'])
        && path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
        && path.bytes().filter(|byte| *byte == b'*').count() <= MAX_STARS
}

fn matches(pattern: &str, method: &str, path: &str) -> bool {
    let Some((wanted, pattern)) = pattern.split_once(' ') else {
        return false;
    };
    wanted == method && glob(pattern, path)
}

/// Whether `text` is what the pattern says, with any characters in the place of each `*`.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    // The first place where a piece stands leaves the most for those that follow.
    for piece in pieces {
        match text.split_once(piece) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_the_rest_for_itself() {
        for (pattern, path) in [
            ("*", ""),
            ("*", "/v1.0/me"),
            ("*/messages", "/v1.0/users/a@b/messages"),
            ("/v1.0/*/messages/*", "/v1.0/me/messages/AAMk="),
            ("/a*b*c", "/abbc"),
            ("/a", "/a"),
        ] {
            assert!(glob(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*/messages", "/v1.0/me/messages/AAMk=/send"),
            ("*/messages", "/v1.0/me/sendMail"),
            ("/v1.0/*/messages/*", "/v1.0/me/messages"),
            ("/a*b*c", "/ac"),
            ("/a*a", "/a"),
            ("/a", "/A"),
        ] {
            assert!(!glob(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn the_method_counts() {
        let service = Service {
            prepares: vec!["PUT *".to_owned()],
            withdraws: vec!["DELETE */drafts/*".to_owned()],
            ..Service::default()
        };
        assert!(service.prepares("PUT", "/x") && !service.prepares("POST", "/x") && !service.prepares("put", "/x"));
        assert!(service.withdraws("DELETE", "/a/drafts/1") && !service.withdraws("DELETE", "/a/sent/1"));
    }

    #[test]
    fn a_pattern_is_a_method_and_a_path() {
        for good in ["PUT *", "POST */messages", "DELETE /v1.0/*/messages/*"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "PUT",
            "put *",
            "PUT messages",
            "PUT /a?b",
            "PUT /a b",
            "PUT /*/*/*/*/*",
            "P T *",
            "PUT /é",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }
}
