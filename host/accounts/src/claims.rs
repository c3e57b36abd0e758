//! What a token says of whom it is for. **Not verified**: it came over TLS from the token endpoint, and is shown to people, or
//! used as a mailbox's name towards a server that judges the token itself. Nothing is allowed because of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::text::cleaned;

/// Bytes of a token that is looked into.
const TOKEN_BYTES: usize = 16 * 1024;
/// Characters of a name.
const NAME: usize = 256;
/// Roles that are told.
const ROLES: usize = 64;

/// What is told of a token's owner.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) username: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) roles: Vec<String>,
}

/// Reads a JWT's claims (RFC 7519 §3). What is no JWT says nothing.
pub(crate) fn read(token: &str) -> Claims {
    let Some(claims) = payload(token) else {
        return Claims::default();
    };
    let text = |name: &str| {
        let text = cleaned(claims.get(name)?.as_str()?, NAME);
        Some(text).filter(|text| !text.is_empty())
    };
    let roles = claims.get("roles").and_then(Value::as_array).map(Vec::as_slice);
    let roles = roles.unwrap_or_default().iter().take(ROLES).filter_map(Value::as_str);
    Claims {
        username: ["preferred_username", "upn", "email"]
            .iter()
            .find_map(|name| text(name)),
        tenant: text("tid"),
        roles: roles.map(|role| cleaned(role, NAME)).collect(),
    }
}

fn payload(token: &str) -> Option<Map<String, Value>> {
    let token = Some(token).filter(|token| token.len() <= TOKEN_BYTES)?;
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_name_the_tenant_and_the_roles_are_told() {
        let claims = read(&token(
            r#"{"upn":"b","preferred_username":"marie@mairie.example","tid":"72f9","roles":["Mail.Send",7]}"#,
        ));
        assert_eq!(claims.username.as_deref(), Some("marie@mairie.example"));
        assert_eq!(claims.tenant.as_deref(), Some("72f9"));
        assert_eq!(claims.roles, ["Mail.Send"]);
    }

    #[test]
    fn a_name_cannot_move_a_terminals_cursor() {
        let claims = read(&token("{\"upn\":\"a\\u001b[2J\\u202eb\",\"tid\":{}}"));
        assert_eq!(claims.username.as_deref(), Some("a [2J b"));
        assert_eq!(claims.tenant, None);
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for bad in ["", "opaque", "a.b", "a.!.c", "e30.W10.c", &token(&"x".repeat(20_000))] {
            assert_eq!(read(bad), Claims::default(), "{bad}");
        }
    }
}
