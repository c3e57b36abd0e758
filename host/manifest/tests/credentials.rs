//! Credentials in a manifest: which are taken, and where they may go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{PROVIDER, finding, found, manifest, parameter, settings, smtp};
use relais_manifest::ManifestErrorKind as Kind;
use relais_manifest::{CredentialKind, Lang, ParameterType, Slot};

/// A manifest with two HTTP places, a TCP place, the usual parameters and one credential with these lines.
fn with(credential: &str) -> String {
    parameter("host", "host", "")
        + &parameter("user", "text", "")
        + &parameter("key", "secret", "")
        + &parameter("compte", "account", "providers = ['idp']")
        + "[[egress]]\nto = 'https://api.example.org'\n"
        + "[[egress]]\nto = 'https://{host}:8443'\n"
        + "[[egress]]\nto = 'tcp://{host}:25'\n"
        + PROVIDER
        + "[[credentials]]\nname = 'c'\n"
        + credential
}

#[test]
fn an_unknown_kind_and_a_reserved_one_are_told_apart() {
    let kind = |word: &str| finding(&with(&format!("kind = '{word}'\nslot = 'smtp-auth'\naccount = 'x'")));
    assert_eq!(
        kind("ntlm"),
        ("credentials[0].kind".into(), Kind::UnknownCredentialKind("ntlm".into()))
    );
    for word in CredentialKind::RESERVED {
        assert_eq!(
            kind(word),
            ("credentials[0].kind".into(), Kind::ReservedCredentialKind(word.into()))
        );
        assert!(kind(word).1.text(Lang::Fr).contains(word));
    }
    let slot = finding(&with(
        "kind = 'plain'\nslot = 'imap-auth'\nusername = 'user'\nsecret = 'key'",
    ));
    assert_eq!(
        slot,
        ("credentials[0].slot".into(), Kind::ReservedSlot("imap-auth".into()))
    );
}

#[test]
fn a_kind_goes_with_its_own_slot_only() {
    for kind in CredentialKind::ALL {
        let other = if kind.slot() == Slot::SmtpAuth {
            Slot::HttpHeader
        } else {
            Slot::SmtpAuth
        };
        let user = if kind.needs_username() {
            "username = 'user'\n"
        } else {
            ""
        };
        let made_of = if kind.takes_secret() {
            "secret = 'key'"
        } else {
            "account = 'compte'"
        };
        let found = finding(&with(&format!("kind = '{kind}'\nslot = '{other}'\n{user}{made_of}")));
        assert_eq!(
            found,
            (
                "credentials[0].slot".into(),
                Kind::SlotMismatch {
                    kind,
                    slot: kind.slot()
                }
            )
        );
    }
}

#[test]
fn the_parts_of_a_credential_exist_and_are_of_the_right_type() {
    let plain = |rest: &str| finding(&with(&format!("kind = 'plain'\nslot = 'smtp-auth'\n{rest}")));
    assert_eq!(
        plain("secret = 'key'"),
        (
            "credentials[0].username".into(),
            Kind::NeededForKind(CredentialKind::Plain)
        )
    );
    assert_eq!(
        plain("username = 'user'"),
        (
            "credentials[0].secret".into(),
            Kind::NeededForKind(CredentialKind::Plain)
        )
    );
    assert!(matches!(
        plain("username = 'user'\nsecret = 'kex'").1,
        Kind::UnknownParameter { .. }
    ));
    assert!(matches!(
        plain("username = 'user'\nsecret = 'user'").1,
        Kind::UnfitParameter {
            found: ParameterType::Text,
            ..
        }
    ));
    assert!(matches!(
        plain("username = 'key'\nsecret = 'key'").1,
        Kind::UnfitParameter {
            found: ParameterType::Secret,
            ..
        }
    ));
    let bearer = finding(&with(
        "kind = 'bearer'\nslot = 'http-header'\nusername = 'user'\nsecret = 'key'",
    ));
    assert_eq!(
        bearer,
        (
            "credentials[0].username".into(),
            Kind::NotForKind(CredentialKind::Bearer)
        )
    );
}

#[test]
fn a_header_is_named_where_needed_and_never_one_of_the_connection() {
    let header = |rest: &str| {
        finding(&with(&format!(
            "kind = 'header'\nslot = 'http-header'\nsecret = 'key'\n{rest}"
        )))
        .1
    };
    assert_eq!(header(""), Kind::NeededForKind(CredentialKind::Header));
    assert_eq!(header("header = 'X Key'"), Kind::NotAHeader);
    assert_eq!(header("header = \"X\\r\\nHost\""), Kind::NotAHeader);
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "TE",
        "Proxy-Authorization",
    ] {
        assert_eq!(header(&format!("header = '{name}'")), Kind::ForbiddenHeader, "{name}");
    }
    let on_smtp =
        "kind = 'login'\nslot = 'smtp-auth'\nusername = 'user'\nsecret = 'key'\nheader = 'X'\norigins = ['a']";
    assert_eq!(found(&with(on_smtp)).len(), 2);
}

#[test]
fn basic_and_bearer_fill_authorization_where_nothing_is_said() {
    let bearer = manifest(&with("kind = 'bearer'\nslot = 'http-header'\nsecret = 'key'"));
    assert_eq!(bearer.credentials[0].header_name(), Some("Authorization"));
    let named = manifest(&with(
        "kind = 'header'\nslot = 'http-header'\nsecret = 'key'\nheader = 'X-Api-Key'",
    ));
    assert_eq!(named.credentials[0].header_name(), Some("X-Api-Key"));
    assert_eq!(smtp().credentials[0].header_name(), None);
}

#[test]
fn an_origin_is_exactly_an_http_egress_of_the_manifest() {
    let origins = |list: &str| {
        finding(&with(&format!(
            "kind = 'bearer'\nslot = 'http-header'\nsecret = 'key'\norigins = [{list}]"
        )))
    };
    for other in [
        "'https://evil.example.org'",
        "'tcp://{host}:25'",
        "'https://api.example.org:443'",
        "''",
    ] {
        assert_eq!(
            origins(other),
            ("credentials[0].origins[0]".into(), Kind::UnknownOrigin),
            "{other}"
        );
    }
    let nowhere = parameter("key", "secret", "")
        + "[[credentials]]\nname = 'c'\nkind = 'bearer'\nslot = 'http-header'\nsecret = 'key'";
    assert_eq!(
        finding(&nowhere),
        ("credentials[0].slot".into(), Kind::NoDestination(Slot::HttpHeader))
    );
}

#[test]
fn a_credential_goes_to_its_origins_or_to_every_place_of_its_protocol() {
    let destinations = |credential: &str| {
        let manifest = manifest(&with(credential));
        let settings = settings(&manifest, &[("host", "mail.example.org"), ("user", "me")]);
        let places = manifest.destinations(&manifest.credentials[0], &settings).unwrap();
        places.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let bearer = "kind = 'bearer'\nslot = 'http-header'\nsecret = 'key'\n";
    assert_eq!(
        destinations(bearer),
        ["https://api.example.org:443", "https://mail.example.org:8443"]
    );
    assert_eq!(
        destinations(&format!("{bearer}origins = ['https://api.example.org']")),
        ["https://api.example.org:443"]
    );
    assert_eq!(
        destinations("kind = 'plain'\nslot = 'smtp-auth'\nusername = 'user'\nsecret = 'key'"),
        ["tcp://mail.example.org:25"]
    );
}

#[test]
fn two_credentials_of_one_name_are_refused() {
    let one = "kind = 'bearer'\nslot = 'http-header'\nsecret = 'key'\n";
    let found = finding(&format!("{}[[credentials]]\nname = 'c'\n{one}", with(one)));
    assert_eq!(found, ("credentials[1].name".into(), Kind::Duplicate("c".into())));
}

#[test]
fn a_credential_is_made_of_a_secret_or_of_an_account_and_never_of_both() {
    let made_of =
        |kind: &str, slot: &str, parts: &str| finding(&with(&format!("kind = '{kind}'\nslot = '{slot}'\n{parts}")));
    let bearer = |parts: &str| made_of("bearer", "http-header", parts);
    assert_eq!(bearer(""), ("credentials[0].secret".into(), Kind::SecretOrAccount));
    assert_eq!(
        bearer("secret = 'key'\naccount = 'compte'"),
        ("credentials[0].secret".into(), Kind::SecretOrAccount)
    );
    assert!(matches!(
        bearer("account = 'key'"),
        (path, Kind::UnfitParameter { found: ParameterType::Secret, .. }) if path == "credentials[0].account"
    ));
    assert!(matches!(
        bearer("secret = 'compte'").1,
        Kind::UnfitParameter {
            found: ParameterType::Account,
            ..
        }
    ));
    assert_eq!(
        made_of("header", "http-header", "header = 'X'\naccount = 'compte'"),
        (
            "credentials[0].account".into(),
            Kind::NotForKind(CredentialKind::Header)
        )
    );
    let xoauth2 = |parts: &str| made_of("xoauth2", "smtp-auth", parts);
    assert_eq!(
        xoauth2("secret = 'key'"),
        (
            "credentials[0].secret".into(),
            Kind::NotForKind(CredentialKind::Xoauth2)
        )
    );
    assert_eq!(
        xoauth2(""),
        (
            "credentials[0].account".into(),
            Kind::NeededForKind(CredentialKind::Xoauth2)
        )
    );
}

#[test]
fn a_token_goes_into_a_header_or_into_a_login_with_or_without_a_name() {
    let bearer = manifest(&with("kind = 'bearer'\nslot = 'http-header'\naccount = 'compte'"));
    assert_eq!(bearer.credentials[0].header_name(), Some("Authorization"));
    assert_eq!(bearer.credentials[0].account.as_deref(), Some("compte"));
    let ids: Vec<&str> = bearer.accounts().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["compte"]);
    for username in ["", "username = 'user'"] {
        let xoauth2 = manifest(&with(&format!(
            "kind = 'xoauth2'\nslot = 'smtp-auth'\naccount = 'compte'\n{username}"
        )));
        assert_eq!(xoauth2.credentials[0].secret, None);
    }
}
