//! Which of the rights that were asked for were really granted: a user can take some away, and a provider can.

use oauth2::Scope;

use crate::Dialect;

/// Scopes that are looked at; a provider that grants more says nothing that matters here.
const MOST: usize = 128;
/// Bytes of one scope.
const BYTES: usize = 256;

/// The granted scopes that are well formed (RFC 6749 §3.3), bounded.
pub(crate) fn granted(scopes: &[Scope]) -> Vec<String> {
    let good = |scope: &&Scope| !scope.is_empty() && scope.len() <= BYTES && scope.bytes().all(of_scope);
    scopes
        .iter()
        .filter(good)
        .take(MOST)
        .map(|scope| scope.to_string())
        .collect()
}

fn of_scope(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// The asked scopes that are not among the granted ones, as the provider's dialect spells them. `refreshable`: a refresh token came.
pub fn missing(asked: &[String], granted: &[String], refreshable: bool, dialect: Dialect) -> Vec<String> {
    let lacks = |scope: &&String| match scope.as_str() {
        // Seen by what they bring, and told by few providers.
        "offline_access" => !refreshable,
        "openid" | "profile" | "email" => false,
        // "All that the application was given": nothing to compare with.
        scope if scope.ends_with("/.default") => false,
        scope => !granted.iter().any(|other| same(scope, other, dialect)),
    };
    asked.iter().filter(lacks).cloned().collect()
}

/// Entra tells scopes in any case, and a scope of Graph with or without its resource.
fn same(asked: &str, granted: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Standard => asked == granted,
        Dialect::Entra if named(asked) && named(granted) => asked.eq_ignore_ascii_case(granted),
        Dialect::Entra => last(asked).eq_ignore_ascii_case(last(granted)),
    }
}

fn named(scope: &str) -> bool {
    scope.contains("://")
}

fn last(scope: &str) -> &str {
    scope.rsplit('/').next().unwrap_or(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scopes: &[&str]) -> Vec<String> {
        scopes.iter().map(|scope| (*scope).to_owned()).collect()
    }

    #[test]
    fn entra_tells_a_scope_without_its_resource_and_in_another_case() {
        let asked = texts(&["offline_access", "openid", "https://graph.microsoft.com/Mail.Send"]);
        for granted in ["Mail.Send", "mail.send", "https://graph.microsoft.com/mail.send"] {
            let missing = missing(&asked, &texts(&["profile", granted]), true, Dialect::Entra);
            assert!(missing.is_empty(), "{granted}: {missing:?}");
        }
        let other = texts(&["https://outlook.office.com/Mail.Send", "Mail.Send.Shared"]);
        assert_eq!(
            missing(&asked, &other, true, Dialect::Entra),
            ["https://graph.microsoft.com/Mail.Send"]
        );
    }

    #[test]
    fn a_standard_scope_is_compared_to_the_letter() {
        let asked = texts(&["mail.send", "mail.read"]);
        assert_eq!(
            missing(&asked, &texts(&["Mail.send", "mail.read"]), false, Dialect::Standard),
            ["mail.send"]
        );
    }

    #[test]
    fn offline_access_is_missing_where_no_refresh_token_came() {
        let asked = texts(&["offline_access", "https://graph.microsoft.com/.default"]);
        assert_eq!(missing(&asked, &[], false, Dialect::Entra), ["offline_access"]);
        assert!(missing(&asked, &[], true, Dialect::Entra).is_empty());
    }

    #[test]
    fn what_no_scope_can_be_is_dropped_and_the_rest_is_bounded() {
        let long = "a".repeat(BYTES + 1);
        let mut scopes: Vec<Scope> = ["a\"b", "", "é", "\u{1b}", long.as_str(), "good"]
            .map(|scope| Scope::new(scope.to_owned()))
            .into();
        assert_eq!(granted(&scopes), ["good"]);
        scopes.extend((0..1000).map(|n| Scope::new(format!("s{n}"))));
        assert_eq!(granted(&scopes).len(), MOST);
    }
}
