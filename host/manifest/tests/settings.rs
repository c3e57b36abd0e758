//! From what an administrator gave to what a connector receives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{json_settings, manifest, parameter, settings, smtp, try_settings};
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
fn the_connector_receives_typed_values_with_defaults_in_the_manifests_order_and_no_secret() {
    let settings = try_settings(
        &smtp(),
        &[
            ("sender", "a@example.org"),
            ("host", "SMTP.example.org"),
            ("tls", "non"),
            ("timeout", "1m"),
        ],
        &["password"],
    )
    .unwrap();
    assert_eq!(
        settings.json(),
        r#"{"host":"smtp.example.org","port":587,"tls":false,"starttls":true,"sender":"a@example.org","timeout":60}"#
    );
    assert_eq!(settings.text("host"), Some("smtp.example.org"));
    assert_eq!(
        (
            settings.port("port"),
            settings.boolean("tls"),
            settings.seconds("timeout")
        ),
        (Some(587), Some(false), Some(60))
    );
    assert_eq!((settings.text("port"), settings.text("username")), (None, None));
}

#[test]
fn json_values_and_their_text_form_give_the_same_settings() {
    let text = settings(
        &smtp(),
        &[("host", "h"), ("port", "25"), ("tls", "Oui"), ("timeout", "20")],
    );
    let typed = json_settings(&smtp(), json!({"host": "h", "port": 25, "tls": true, "timeout": 20})).unwrap();
    assert_eq!(text, typed);
}

#[test]
fn an_empty_value_counts_as_not_given() {
    let settings = json_settings(
        &smtp(),
        json!({"host": "h", "port": " ", "username": "", "sender": null}),
    )
    .unwrap();
    assert_eq!(settings.port("port"), Some(587));
    assert_eq!(settings.text("username"), None);
    assert_eq!(reason(json_settings(&smtp(), json!({"host": ""}))), Reason::Required);
}

#[test]
fn every_refused_value_is_told_at_once_by_its_name() {
    let errors = try_settings(&smtp(), &[("port", "70000"), ("sender", "nobody")], &[]).unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "host: a value is required.",
            "port: give a port from 1 to 65535.",
            "sender: give one address, such as office@example.org.",
        ]
    );
    assert_eq!(errors[0].text(Lang::Fr), "host : une valeur est nécessaire.");
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_known_one() {
    let errors = try_settings(&smtp(), &[("host", "h"), ("usrename", "x"), ("zzz", "x")], &["pasword"]).unwrap_err();
    let told: Vec<(&str, &Reason)> = errors
        .iter()
        .map(|error| (error.field.as_str(), &error.reason))
        .collect();
    assert_eq!(
        told,
        [
            (
                "usrename",
                &Reason::UnknownParameter {
                    nearest: Some("username".into())
                }
            ),
            ("zzz", &Reason::UnknownParameter { nearest: None }),
            (
                "pasword",
                &Reason::UnknownParameter {
                    nearest: Some("password".into())
                }
            ),
        ]
    );
    let hostile = try_settings(&smtp(), &[("host", "h"), ("\u{1b}[2J", "x")], &[]).unwrap_err();
    assert!(!hostile[0].to_string().contains('\u{1b}'));
}

#[test]
fn a_secret_is_held_or_missing_but_never_a_plain_value() {
    let with_secret = one("secret", "required = true");
    assert_eq!(reason(try_settings(&with_secret, &[], &[])), Reason::RequiredSecret);
    assert!(try_settings(&with_secret, &[], &["a"]).unwrap().values.is_empty());
    assert!(
        try_settings(&with_secret, &[("a", "")], &["a"]).is_ok(),
        "an empty field of a form is no secret"
    );
    let refused = try_settings(&with_secret, &[("a", "hunter2")], &["a"]).unwrap_err();
    assert_eq!(refused[0].reason, Reason::SecretAsValue);
    assert!(!format!("{refused:?} {}", refused[0]).contains("hunter2"));
    assert_eq!(reason(try_settings(&one("text", ""), &[], &["a"])), Reason::NotASecret);
    assert_eq!(
        reason(try_settings(&one("account", "required = true"), &[], &[])),
        Reason::RequiredAccount
    );
    assert_eq!(
        reason(try_settings(&one("account", ""), &[("a", "x")], &[])),
        Reason::AccountAsValue
    );
}

#[test]
fn a_secret_that_does_not_apply_is_not_required_and_still_never_a_plain_value() {
    let manifest = manifest(
        &(parameter("login", "boolean", "") + &parameter("key", "secret", "required = true\nwhen = { login = true }")),
    );
    assert!(try_settings(&manifest, &[], &[]).is_ok());
    assert_eq!(
        reason(try_settings(&manifest, &[("login", "yes")], &[])),
        Reason::RequiredSecret
    );
    assert_eq!(
        reason(try_settings(&manifest, &[("key", "hunter2")], &[])),
        Reason::SecretAsValue
    );
}

#[test]
fn starttls_applies_only_where_tls_is_off() {
    let with = |pairs: &[(&str, &str)]| settings(&smtp(), pairs).boolean("starttls");
    assert_eq!(with(&[("host", "h")]), Some(true));
    assert_eq!(with(&[("host", "h"), ("starttls", "no")]), Some(false));
    assert_eq!(with(&[("host", "h"), ("tls", "on"), ("starttls", "on")]), None);
}

#[test]
fn a_chain_of_conditions_is_followed_in_any_order_of_the_form() {
    let chain = manifest(
        &(parameter("c", "text", "required = true\nwhen = { b = 'x' }")
            + &parameter("b", "text", "when = { a = true }")
            + &parameter("a", "boolean", "")),
    );
    assert_eq!(
        settings(&chain, &[("b", "x"), ("c", "z")]).json(),
        "{}",
        "a is unset, so b and c stay away"
    );
    assert_eq!(
        reason(try_settings(&chain, &[("a", "1"), ("b", "x")], &[])),
        Reason::Required
    );
    assert_eq!(
        settings(&chain, &[("a", "1"), ("b", "y")]).json(),
        r#"{"b":"y","a":true}"#
    );
    assert_eq!(
        settings(&chain, &[("a", "1")]).json(),
        r#"{"a":true}"#,
        "an unset text is no value"
    );
}

#[test]
fn what_was_given_for_a_parameter_that_does_not_apply_is_neither_judged_nor_used() {
    let manifest = manifest(&(parameter("a", "boolean", "") + &parameter("p", "port", "when = { a = true }")));
    assert_eq!(settings(&manifest, &[("p", "70000")]).json(), "{}");
    assert_eq!(
        reason(try_settings(&manifest, &[("p", "70000"), ("a", "on")], &[])),
        Reason::NotAPort
    );
    let huge = "x".repeat(64 * 1024 + 1);
    assert_eq!(
        reason(try_settings(&manifest, &[("p", &huge)], &[])),
        Reason::TooLarge { max: 64 * 1024 }
    );
}

#[test]
fn conditions_in_a_circle_end_in_parameters_that_do_not_apply() {
    let mut manifest = manifest(&(parameter("a", "boolean", "") + &parameter("b", "boolean", "when = { a = true }")));
    manifest.parameters[0].when.insert("b".into(), json!(true));
    assert_eq!(settings(&manifest, &[("a", "1"), ("b", "1")]).json(), "{}");
}
