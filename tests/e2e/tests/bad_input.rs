//! What is refused before anything runs: parameters, mails and components that cannot be good, each by the name of what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relais_e2e::{Target, draft, sandbox};
use relais_message::{Draft, Limits};
use relais_sandbox::LoadError;
use serde_json::Value;

fn refused_fields(target: Target) -> Vec<String> {
    let errors = target.settings().expect_err("the parameters were accepted");
    errors.into_iter().map(|error| error.field).collect()
}

fn refused_in(draft: Draft) -> Vec<String> {
    let errors = draft.accept(&Limits::default()).expect_err("the draft was accepted");
    errors.into_iter().map(|error| error.field).collect()
}

async fn refused_component(bytes: &[u8]) -> LoadError {
    match sandbox().load(bytes).await {
        Ok(_) => panic!("the component was loaded"),
        Err(error) => error,
    }
}

#[test]
fn a_parameter_that_is_missing_unknown_or_out_of_range_is_named() {
    let good = || Target::new("smtp.mairie.example", 587);
    assert!(good().settings().is_ok());
    assert_eq!(refused_fields(good().set("host", Value::Null)), ["host"]);
    assert_eq!(refused_fields(good().set("port", 70_000)), ["port"]);
    assert_eq!(refused_fields(good().set("port", 0)), ["port"]);
    assert_eq!(refused_fields(good().set("sender", "sans-arobase")), ["sender"]);
    assert_eq!(refused_fields(good().set("hots", "x")), ["hots"]);
    assert_eq!(refused_fields(good().set("certificate", "pas du PEM")), ["certificate"]);
    assert_eq!(refused_fields(good().set("password", "en clair")), ["password"]);
    assert_eq!(refused_fields(good().set("host", "smtp://mairie.example")), ["host"]);
    assert_eq!(
        refused_fields(good().set("port", 70_000).set("timeout", 0)),
        ["port", "timeout"]
    );
}

#[test]
fn a_field_of_a_mail_that_cannot_be_sent_is_named() {
    let with = |to: &str| Draft {
        to: vec!["a@b.example".to_owned(), to.to_owned()],
        ..draft("x")
    };
    assert_eq!(refused_in(with("sans-arobase")), ["to[1]"]);
    assert_eq!(
        refused_in(Draft {
            to: Vec::new(),
            ..draft("x")
        }),
        ["to"]
    );
    assert_eq!(refused_in(draft("x\r\nBcc: y@z.example")), ["subject"]);
    assert_eq!(
        refused_in(Draft {
            from: None,
            ..draft("x")
        }),
        ["from"]
    );
}

#[tokio::test]
async fn a_file_that_is_no_good_component_is_refused_by_a_word_of_its_own() {
    let whole = relais_bundle::SMTP;
    assert_eq!(refused_component(b"").await.code(), "file-empty");
    assert_eq!(refused_component(b"MZ\x90\0 program").await.code(), "not-wasm");
    assert_eq!(refused_component(&whole[..6]).await.code(), "file-truncated");
    assert_eq!(
        refused_component(&whole[..whole.len() / 2]).await.code(),
        "file-truncated"
    );
    let module = wat::parse_str("(module)").unwrap();
    assert_eq!(refused_component(&module).await.code(), "not-a-component");
    let bare = wat::parse_str("(component)").unwrap();
    assert_eq!(refused_component(&bare).await.code(), "manifest-missing");
}

#[tokio::test]
async fn a_component_without_a_service_or_with_an_unknown_import_is_refused_before_it_is_compiled() {
    let manifest = relais_sandbox::inspect(relais_bundle::SMTP).unwrap().manifest;
    let pack = |wat: &str| relais_manifest::embed::pack(&wat::parse_str(wat).unwrap(), &manifest).unwrap();
    let empty = refused_component(&pack("(component)")).await;
    assert_eq!(empty.code(), "no-service", "{empty}");
    let curious = refused_component(&pack(r#"(component (import "acme:spy/keys@1.0.0" (instance)))"#)).await;
    assert_eq!(curious.code(), "unknown-import", "{curious}");
    assert!(curious.to_string().contains("acme:spy/keys"), "{curious}");
    let later = refused_component(&pack(
        r#"(component (import "relais:connector/network@9.0.0" (instance)))"#,
    ))
    .await;
    assert_eq!(later.code(), "contract-too-new", "{later}");
}

#[test]
fn a_manifest_with_an_unknown_key_is_refused_by_the_keys_name() {
    let manifest = relais_sandbox::inspect(relais_bundle::SMTP).unwrap().manifest;
    let mut json: Value = serde_json::from_str(&manifest.to_json().unwrap()).unwrap();
    json["egres"] = Value::Array(Vec::new());
    let error = relais_manifest::Manifest::from_json(json.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("egres"), "{error}");
}
