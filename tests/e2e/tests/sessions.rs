//! Loading and keeping: what is compiled once, what is refused by the manifest's own word, and who waits when all sandboxes are
//! taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use relais_e2e::Target;
use relais_manifest::{Manifest, embed};
use relais_sandbox::{Config, LoadError, Sandbox};
use serde_json::json;

fn target() -> Target {
    Target::clear(25)
}

/// Loads the probe as another process would, with a host of its own over the same folder; answers whether it was compiled.
async fn compiles(folder: &Path) -> bool {
    let config = Config {
        cache: Some(folder.to_owned()),
        ..Config::default()
    };
    let sandbox = Sandbox::new(config).unwrap();
    sandbox.load(relais_bundle::PROBE).await.unwrap().compiled()
}

#[tokio::test]
async fn a_component_is_compiled_once_and_mapped_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    assert!(compiles(folder.path()).await);
    assert!(!compiles(folder.path()).await);
}

#[tokio::test]
async fn compiled_code_that_was_cut_short_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    assert!(compiles(folder.path()).await);
    let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let code = fs::read(&file).unwrap();
    fs::write(&file, &code[..code.len() / 3]).unwrap();
    assert!(compiles(folder.path()).await);
    assert!(!compiles(folder.path()).await);
}

#[tokio::test]
async fn at_the_limit_of_sessions_a_caller_waits_and_gets_no_error() {
    let sandbox = Sandbox::new(Config {
        sessions: 1,
        ..Config::default()
    })
    .unwrap();
    let connector = sandbox.load(relais_bundle::SMTP).await.unwrap();
    let instance = target().instance();
    let first = connector.open(instance.clone()).await.unwrap();
    let mut second = tokio::spawn(async move { connector.open(instance).await });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "the second session did not wait");
    first.close().await;
    let opened = tokio::time::timeout(Duration::from_secs(10), second).await;
    opened.expect("the second session waits for ever").unwrap().unwrap();
}

fn packed(change: impl FnOnce(&mut serde_json::Value)) -> Result<Vec<u8>, String> {
    let manifest = relais_sandbox::inspect(relais_bundle::SMTP).unwrap().manifest;
    let mut json: serde_json::Value = serde_json::from_str(&manifest.to_json().unwrap()).unwrap();
    change(&mut json);
    let manifest = Manifest::from_json(json.to_string().as_bytes()).map_err(|error| error.to_string())?;
    Ok(embed::pack(relais_bundle::SMTP, &manifest).unwrap())
}

#[test]
fn a_service_that_the_component_does_not_export_is_refused_by_its_name() {
    let component = packed(|json| json["services"]["fax"] = json!({ "recipients": "each" })).unwrap();
    match relais_sandbox::inspect(&component) {
        Err(LoadError::ServiceNotExported(service)) => assert_eq!(service, "fax"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_credential_of_a_kind_that_is_unknown_or_reserved_is_refused_by_that_word() {
    for kind in ["palm-print", "xoauth2"] {
        let error = packed(|json| json["credentials"][0]["kind"] = json!(kind)).unwrap_err();
        assert!(error.contains(kind), "{error}");
    }
}
