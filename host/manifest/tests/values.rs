//! The values of each type, as they are given and as they arrive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{PEM, json_settings, manifest, parameter, settings, smtp, try_settings};
use relais_manifest::{FieldError, Lang, Manifest, Reason, Settings};
use serde_json::json;

/// A manifest with one parameter `a` of this type.
fn one(kind: &str, rest: &str) -> Manifest {
    manifest(&parameter("a", kind, rest))
}

fn reason(result: Result<Settings, Vec<FieldError>>) -> Reason {
    let mut errors = result.expect_err("a refusal");
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0).reason
}

#[test]
fn booleans_are_understood_in_both_languages() {
    let boolean = one("boolean", "");
    for (text, value) in [
        ("true", true),
        ("OUI", true),
        ("yes", true),
        ("1", true),
        ("on", true),
        (" non ", false),
    ] {
        assert_eq!(settings(&boolean, &[("a", text)]).boolean("a"), Some(value), "{text}");
    }
    for text in ["false", "no", "0", "off"] {
        assert_eq!(settings(&boolean, &[("a", text)]).boolean("a"), Some(false), "{text}");
    }
    assert_eq!(
        reason(try_settings(&boolean, &[("a", "peut-être")], &[])),
        Reason::NotABoolean
    );
    assert_eq!(reason(json_settings(&boolean, json!({"a": 1}))), Reason::NotABoolean);
}

#[test]
fn numbers_stay_whole_and_inside_their_bounds() {
    let integer = one("integer", "min = -5\nmax = 5");
    assert_eq!(settings(&integer, &[("a", "-5")]).integer("a"), Some(-5));
    let bounds = Reason::OutOfRange {
        min: Some(-5),
        max: Some(5),
    };
    assert_eq!(reason(try_settings(&integer, &[("a", "6")], &[])), bounds);
    assert_eq!(bounds.text(Lang::Fr), "donnez une valeur de -5 à 5.");
    for bad in [
        json!(1.5),
        json!(true),
        json!("1e3"),
        json!("9223372036854775808"),
        json!(1e300),
    ] {
        assert_eq!(
            reason(json_settings(&integer, json!({ "a": bad }))),
            Reason::NotAnInteger
        );
    }
    assert_eq!(
        reason(json_settings(&one("port", ""), json!({"a": 25.0}))),
        Reason::NotAPort
    );
}

#[test]
fn a_duration_is_at_least_a_second_unless_zero_was_asked_for() {
    assert!(matches!(
        reason(try_settings(&one("duration", ""), &[("a", "0")], &[])),
        Reason::OutOfRange { .. }
    ));
    assert_eq!(
        settings(&one("duration", "min = 0"), &[("a", "0s")]).seconds("a"),
        Some(0)
    );
    let refused = reason(try_settings(&smtp(), &[("host", "h"), ("timeout", "1h")], &[]));
    assert_eq!(
        refused,
        Reason::OutOfRange {
            min: Some(1),
            max: Some(300)
        }
    );
}

#[test]
fn text_has_a_length_in_characters_and_no_control_characters() {
    let text = one("text", "min-length = 2\nmax-length = 3");
    assert_eq!(settings(&text, &[("a", "été")]).text("a"), Some("été"));
    assert_eq!(
        reason(try_settings(&text, &[("a", "étés")], &[])),
        Reason::TooLong { max: 3 }
    );
    assert_eq!(
        reason(try_settings(&text, &[("a", "é")], &[])),
        Reason::TooShort { min: 2 }
    );
    for bad in ["a\r\nb", "a\0b", "a\u{7f}b", "a\u{85}b"] {
        assert_eq!(
            reason(try_settings(&one("text", ""), &[("a", bad)], &[])),
            Reason::ControlCharacter,
            "{bad:?}"
        );
    }
    assert_eq!(settings(&one("text", ""), &[("a", "a\tb")]).text("a"), Some("a\tb"));
    assert_eq!(
        reason(try_settings(&one("text", ""), &[("a", &"x".repeat(1025))], &[])),
        Reason::TooLong { max: 1024 }
    );
    assert_eq!(
        reason(json_settings(&one("text", ""), json!({"a": 5}))),
        Reason::NotText
    );
}

#[test]
fn lists_and_tables_are_refused_once() {
    for bad in [json!(["x"]), json!({"x": 1})] {
        for kind in ["text", "port", "certificate"] {
            assert_eq!(
                reason(json_settings(&one(kind, ""), json!({ "a": bad }))),
                Reason::NotText,
                "{kind}"
            );
        }
    }
}

#[test]
fn a_choice_is_one_of_its_values() {
    let choice = one(
        "choice",
        "choices = [{ value = 'a', label = { en = 'A' } }, { value = 'b', label = { en = 'B' } }]",
    );
    assert_eq!(settings(&choice, &[("a", "b")]).text("a"), Some("b"));
    let refused = reason(try_settings(&choice, &[("a", "A")], &[]));
    assert_eq!(refused.to_string(), "choose one of: a, b.");
}

#[test]
fn a_certificate_arrives_as_its_blocks_alone() {
    let settings = settings(&one("certificate", ""), &[("a", &format!("subject=x\r\n{PEM}"))]);
    assert_eq!(settings.text("a"), Some(PEM));
}

#[test]
fn every_reason_has_a_code_of_its_own_and_a_sentence_in_each_language() {
    let reasons = [
        Reason::Required,
        Reason::RequiredSecret,
        Reason::RequiredAccount,
        Reason::UnknownParameter { nearest: None },
        Reason::SecretAsValue,
        Reason::AccountAsValue,
        Reason::NotASecret,
        Reason::NotText,
        Reason::ControlCharacter,
        Reason::TooShort { min: 1 },
        Reason::TooLong { max: 1 },
        Reason::TooLarge { max: 1 },
        Reason::NotAnInteger,
        Reason::OutOfRange {
            min: Some(1),
            max: None,
        },
        Reason::NotABoolean,
        Reason::NotAChoice {
            choices: vec!["a".into()],
        },
        Reason::HostHasScheme,
        Reason::HostHasPort,
        Reason::NotAHost,
        Reason::HostNotAscii,
        Reason::NotAPort,
        Reason::NotAnEmail,
        Reason::NotAUrl,
        Reason::UrlHasUser,
        Reason::UrlHasFragment,
        Reason::NotACertificate,
        Reason::PrivateKey,
        Reason::NotADuration,
        Reason::TemplateHost {
            template: "{a}.example.org".into(),
        },
    ];
    let unspecific = "this value is refused.";
    for reason in &reasons {
        let (fr, en) = (reason.text(Lang::Fr), reason.text(Lang::En));
        assert!(fr != en && en != unspecific && en.len() > 10, "{reason:?}");
    }
    let codes: std::collections::BTreeSet<&str> = reasons.iter().map(Reason::code).collect();
    assert_eq!(codes.len(), reasons.len());
}
