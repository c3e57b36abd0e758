//! Reading a manifest: what is taken, and what a partner is told about the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{SMTP, finding, found, manifest, parameter, smtp, toml};
use relais_manifest::ManifestErrorKind as Kind;
use relais_manifest::{Lang, Manifest, ParameterType, Recipients};

/// A manifest with the one error kind at `path` that `from_toml` gives for `text`.
fn refused(text: &str) -> (String, Kind) {
    let mut errors = Manifest::from_toml(text).expect_err(text).errors;
    assert_eq!(errors.len(), 1, "{errors:?}");
    let error = errors.remove(0);
    (error.path, error.kind)
}

#[test]
fn the_smtp_manifest_reads_as_it_is_written() {
    let smtp = smtp();
    assert_eq!((smtp.id.as_str(), smtp.version.as_str()), ("relais/smtp", "0.1.0"));
    assert_eq!(smtp.name.get(Lang::Fr), "Serveur SMTP");
    assert_eq!(smtp.service("mail").recipients, Recipients::Each);
    assert_eq!(smtp.parameters.len(), 10);
    assert_eq!(smtp.parameter("port").unwrap().kind, ParameterType::Port);
    assert_eq!(
        smtp.secrets().map(|secret| secret.id.as_str()).collect::<Vec<_>>(),
        ["password"]
    );
    assert_eq!(smtp.credential("plain").unwrap().secret.as_deref(), Some("password"));
    assert_eq!(smtp.credential("login"), None);
}

#[test]
fn json_written_is_json_read_and_the_same_each_time() {
    let smtp = smtp();
    let json = smtp.to_json().unwrap();
    assert_eq!(Manifest::from_json(json.as_bytes()).unwrap(), smtp);
    assert_eq!(smtp.to_json().unwrap(), json);
}

/// What an earlier version wrote into components, byte for byte.
#[test]
fn a_manifest_from_before_accounts_reads_and_writes_as_it_did() {
    let old = r#"{"manifest-version":1,"id":"acme/api","version":"1.0.0","name":{"en":"Acme"},"parameters":[{"id":"user","type":"text","label":{"en":"x"}},{"id":"key","type":"secret","label":{"en":"x"}},{"id":"compte","type":"account","label":{"en":"x"}}],"egress":[{"to":"https://api.example.org"}],"credentials":[{"name":"c","kind":"basic","slot":"http-header","username":"user","secret":"key"}]}"#;
    let read = Manifest::from_json(old.as_bytes()).unwrap();
    assert_eq!(read.to_json().unwrap(), old);
    assert!(read.providers.is_empty() && read.egress[0].when.is_empty());
}

#[test]
fn a_manifest_from_the_future_is_told_so_before_its_new_keys_are_called_unknown() {
    let future = SMTP.replace("manifest-version = 1", "manifest-version = 2\nnew-key = true");
    assert_eq!(refused(&future), ("manifest-version".into(), Kind::FutureVersion(2)));
    let never = SMTP.replace("manifest-version = 1", "manifest-version = 0");
    assert_eq!(refused(&never), ("manifest-version".into(), Kind::Version));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    for (from, to, path, key) in [
        (
            "manifest-version = 1",
            "manifest-version = 1\ncolour = 'red'",
            "colour",
            "colour",
        ),
        (
            "type = \"secret\"",
            "type = \"secret\"\nlable = 'x'",
            "parameters[5].lable",
            "lable",
        ),
        (
            "fr = \"Compte\"",
            "fr = \"Compte\", de = \"Konto\"",
            "parameters[4].label.de",
            "de",
        ),
        (
            "slot = \"smtp-auth\"",
            "slot = \"smtp-auth\"\nhost = 'x'",
            "credentials[0].host",
            "host",
        ),
        (
            "recipients = \"each\"",
            "recipients = \"each\"\nretries = 3",
            "services.mail.retries",
            "retries",
        ),
    ] {
        assert!(SMTP.contains(from), "{from}");
        let (found, kind) = refused(&SMTP.replacen(from, to, 1));
        assert_eq!(found, path);
        assert!(matches!(&kind, Kind::UnknownKey { key: k, .. } if k == key), "{kind:?}");
    }
}

#[test]
fn a_missing_key_and_a_value_of_another_shape_are_placed_too() {
    assert_eq!(
        finding(
            "[[parameters]]\nid = 'a'\ntype = 'text'\nlabel = { en = 'x' }\n[[parameters]]\nid = 'b'\ntype = 'text'"
        ),
        ("parameters[1]".into(), Kind::MissingKey("label".into()))
    );
    assert_eq!(
        finding("[[parameters]]\nid = 'a'\ntype = 'choice'\nlabel = { en = 'x' }\nchoices = [{ value = 'a' }]"),
        ("parameters[0].choices[0]".into(), Kind::MissingKey("label".into()))
    );
    let (path, kind) = finding(&parameter("a", "text", "required = 'yes'"));
    assert_eq!(path, "parameters[0].required");
    assert!(
        matches!(&kind, Kind::Shape(words) if words.contains("boolean")),
        "{kind:?}"
    );
    let (path, _) = finding(&parameter("a", "colour", ""));
    assert_eq!(path, "parameters[0].type");
    let (path, _) = refused("manifest-version = 1\nversion = '1.0.0'\nname = { en = 'x' }\nid = 5");
    assert_eq!(path, "id");
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    let (path, kind) = refused("manifest-version = 1\nid = ");
    assert_eq!(path, "");
    assert!(
        matches!(&kind, Kind::Syntax(words) if words.contains("line 2")),
        "{kind:?}"
    );
    let errors = Manifest::from_json(b"{").unwrap_err().errors;
    assert!(matches!(errors[0].kind, Kind::Syntax(_)));
}

#[test]
fn a_deep_a_wide_and_a_large_manifest_are_refused_quickly() {
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(refused(&deep).1, Kind::Syntax(_)));
    let deep = "[".repeat(100_000);
    assert!(Manifest::from_json(deep.as_bytes()).is_err());
    assert_eq!(
        refused(&" ".repeat(256 * 1024 + 1)).1,
        Kind::TooLarge { max: 256 * 1024 }
    );
    let wide = format!("{{\"parameters\":[{}0]}}", "0,".repeat(100_000));
    assert!(Manifest::from_json(wide.as_bytes()).is_err());
    let keys: Vec<String> = (0..20_000).map(|n| format!("\"k{n}\":1")).collect();
    assert!(Manifest::from_json(format!("{{{}}}", keys.join(",")).as_bytes()).is_err());
}

#[test]
fn every_list_has_its_bound() {
    let parameters: String = (0..65).map(|n| parameter(&format!("p{n}"), "text", "")).collect();
    assert_eq!(finding(&parameters), ("parameters".into(), Kind::TooMany { max: 64 }));
    let egress: String = (0..17)
        .map(|n| format!("[[egress]]\nto = 'https://h{n}.example.org'\n"))
        .collect();
    assert_eq!(finding(&egress), ("egress".into(), Kind::TooMany { max: 16 }));
    let choices: Vec<String> = (0..65)
        .map(|n| format!("{{ value = 'v{n}', label = {{ en = 'x' }} }}"))
        .collect();
    assert_eq!(
        finding(&parameter(
            "a",
            "choice",
            &format!("choices = [{}]", choices.join(", "))
        )),
        ("parameters[0].choices".into(), Kind::TooMany { max: 64 })
    );
}

#[test]
fn texts_are_there_short_and_harmless() {
    let label = |text: &str| finding(&format!("[[parameters]]\nid = 'a'\ntype = 'text'\nlabel = {text}"));
    assert_eq!(label("{}"), ("parameters[0].label".into(), Kind::EmptyText));
    assert_eq!(
        label("{ fr = ' ', en = 'x' }"),
        ("parameters[0].label.fr".into(), Kind::EmptyText)
    );
    assert_eq!(
        label(&format!("{{ en = '{}' }}", "x".repeat(4097))).1,
        Kind::TextTooLong
    );
    assert_eq!(label("{ en = \"\\u001b[2J\" }").1, Kind::DisturbingText);
    assert_eq!(label("{ en = \"\\u202egro\" }").1, Kind::DisturbingText);
    manifest("description = { en = \"Two\\nlines.\" }");
}

#[test]
fn ids_and_versions_are_checked() {
    for id in [
        "smtp",
        "relais/",
        "/smtp",
        "Relais/smtp",
        "a/b/c",
        "a b/c",
        "../etc",
        "é/x",
    ] {
        assert_eq!(refused(&SMTP.replace("relais/smtp", id)).0, "id", "{id}");
    }
    assert_eq!(
        refused(&SMTP.replace("\"0.1.0\"", "\"0.1\"")),
        ("version".into(), Kind::NotSemver)
    );
    assert_eq!(finding(&parameter("Port", "port", "")).0, "parameters[0].id");
    let twice = parameter("a", "text", "") + &parameter("a", "port", "");
    assert_eq!(
        finding(&twice),
        ("parameters[1].id".into(), Kind::Duplicate("a".into()))
    );
}

#[test]
fn several_mistakes_are_told_at_once_and_a_flood_is_cut() {
    let head_too = toml(&parameter("a", "port", "default = 0")).replace("1.0.0", "1");
    assert_eq!(Manifest::from_toml(&head_too).unwrap_err().errors.len(), 2);
    let two = parameter("a", "port", "default = 0") + &parameter("B", "text", "");
    assert_eq!(found(&two).len(), 2);
    let many: String = (0..64)
        .map(|n| parameter(&format!("P{n}"), "port", "default = 0"))
        .collect();
    assert_eq!(found(&many).len(), 64);
}

#[test]
fn every_finding_reads_in_french_and_in_english() {
    let error = Manifest::from_toml(&toml(&parameter("a", "port", "default = 0"))).unwrap_err();
    assert_eq!(
        error.text(Lang::Fr),
        "parameters[0].default : donnez un port de 1 à 65535."
    );
    assert_eq!(error.to_string(), "parameters[0].default: give a port from 1 to 65535.");
}
