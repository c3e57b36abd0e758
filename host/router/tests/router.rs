//! The router as its callers see it, with a real sandbox and a connector that works and does nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "router/deliveries.rs"]
mod deliveries;

use std::fs;
use std::path::Path;

use relais_manifest::{Lang, Manifest, embed};
use relais_message::Draft;
use relais_router::{Content, InstanceName, New, Paths, Route, Router, Who, WorkspaceName};
use relais_sandbox::{Config, Secret};
use tempfile::TempDir;

const MANIFEST: &str = r#"
manifest-version = 1
id = "relais/quiet"
version = "1.0.0"
name = { en = "Quiet" }

[services.mail]

[[parameters]]
id = "host"
type = "host"
label = { en = "Host" }
required = true

[[parameters]]
id = "password"
type = "secret"
label = { en = "Password" }

[[parameters]]
id = "sender"
type = "email"
label = { en = "Sender" }
role = "sender"

[[egress]]
to = "tcp://{host}:25"
"#;

fn component(manifest: &str) -> Vec<u8> {
    let component = wat::parse_str(include_str!("quiet.wat")).unwrap();
    embed::pack(&component, &Manifest::from_toml(manifest).unwrap()).unwrap()
}

async fn open(root: &TempDir) -> Router {
    let sandbox = Config {
        sessions: 2,
        ..Config::default()
    };
    Router::open(Paths::default_for(root.path().join("data")), sandbox)
        .await
        .unwrap()
}

fn ws() -> WorkspaceName {
    WorkspaceName::default()
}

fn who() -> Who {
    Who::this_process()
}

fn name(text: &str) -> InstanceName {
    InstanceName::new(text).unwrap()
}

fn new() -> New {
    New {
        connector: "relais/quiet".to_owned(),
        values: [("host", "smtp.example.org"), ("sender", "ged@example.org")]
            .map(|(id, value)| (id.to_owned(), value.into()))
            .into(),
        secrets: [("password".to_owned(), Secret::new("s3cret".to_owned()))].into(),
        ..New::default()
    }
}

fn draft() -> Draft {
    Draft {
        to: vec!["a@example.org".to_owned()],
        subject: "Été".to_owned(),
        ..Draft::default()
    }
}

fn mail(draft: Draft) -> Content {
    Content::Draft(draft)
}

fn components(root: &TempDir) -> Vec<String> {
    let names = fs::read_dir(root.path().join("data/connectors")).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_message_goes_the_whole_way_and_again_in_a_new_process() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    let installed = router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    assert_eq!(
        (installed.id.as_str(), installed.services.as_slice()),
        ("relais/quiet", &["mail".to_owned()][..])
    );
    assert_eq!(router.connector_bytes("relais/quiet").unwrap(), component(MANIFEST));
    let view = router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    assert_eq!(view.egress, ["tcp://smtp.example.org:25"]);

    let missing = router.check(&ws(), mail(draft()), &Route::Default).await.unwrap_err();
    assert_eq!(missing.code(), "service-no-default");
    assert!(
        missing.text(Lang::Fr).contains("relais service default mail"),
        "{}",
        missing.text(Lang::Fr)
    );
    router.set_default(&who(), &ws(), "mail", &name("quiet")).unwrap();
    let services = router.services(&ws()).unwrap();
    assert_eq!(
        (services[0].default.clone(), services[0].instances.len()),
        (Some(name("quiet")), 1)
    );
    assert!(router.verify_instance(&ws(), &name("quiet")).await.unwrap().is_empty());

    drop(router);
    let router = open(&root).await;
    for route in [Route::Default, Route::Connector(name("quiet"))] {
        let (resolved, message) = router.check(&ws(), mail(draft()), &route).await.unwrap();
        assert_eq!(resolved.instance, name("quiet"));
        assert_eq!(message.from().email, "ged@example.org");
    }
}

#[tokio::test]
async fn a_message_that_names_its_author_keeps_it_and_a_wrong_field_is_named() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    let own = Draft {
        from: Some("Moi <moi@example.org>".to_owned()),
        ..draft()
    };
    let quiet = Route::Connector(name("quiet"));
    let (_, message) = router.check(&ws(), mail(own), &quiet).await.unwrap();
    assert_eq!(message.from().email, "moi@example.org");
    let nobody = Draft {
        to: Vec::new(),
        ..draft()
    };
    let error = router.check(&ws(), mail(nobody), &quiet).await.unwrap_err();
    assert!(error.bad_input() && error.to_string().starts_with("to:"), "{error}");
    let none = Route::Connector(name("none"));
    let unknown = router.check(&ws(), mail(draft()), &none).await.unwrap_err();
    assert_eq!(unknown.code(), "instance-unknown");
}

#[tokio::test]
async fn a_file_that_is_no_connector_is_refused_and_nothing_is_stored() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    let whole = component(MANIFEST);
    let cases = [
        (Vec::new(), "file-empty"),
        (whole[..whole.len() / 2].to_vec(), "file-truncated"),
        (b"<html>".to_vec(), "not-wasm"),
        (wat::parse_str("(module)").unwrap(), "not-a-component"),
        (wat::parse_str("(component)").unwrap(), "manifest-missing"),
    ];
    for (bytes, code) in cases {
        let error = router.install(&who(), None, bytes).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.bad_input());
        assert_ne!(error.text(Lang::Fr), error.text(Lang::En));
    }
    assert!(router.connectors().unwrap().is_empty());
    assert!(components(&root).is_empty());
}

#[tokio::test]
async fn a_new_version_replaces_the_old_one_and_its_file() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    let first = router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    assert_eq!(
        router
            .install(&who(), Some(&ws()), component(MANIFEST))
            .await
            .unwrap()
            .installed_at,
        first.installed_at
    );
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    let newer = MANIFEST
        .replace("1.0.0", "1.1.0")
        .replace("tcp://{host}:25", "tcp://{host}:587");
    let second = router.install(&who(), Some(&ws()), component(&newer)).await.unwrap();
    assert_eq!(second.version, "1.1.0");
    assert_eq!(
        second.review.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["default/quiet"]
    );
    assert_eq!(components(&root), [format!("{}.wasm", second.sha256)]);
    let refused = router.open_session(&ws(), &name("quiet")).await.unwrap_err();
    assert_eq!(refused.code(), "secrets-needed");
}

#[tokio::test]
async fn a_component_that_was_altered_on_the_disk_does_not_run() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    let installed = router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    drop(router);
    let file = root
        .path()
        .join("data/connectors")
        .join(format!("{}.wasm", installed.sha256));
    fs::write(&file, component(&MANIFEST.replace("Quiet", "Other"))).unwrap();
    let router = open(&root).await;
    let error = router.open_session(&ws(), &name("quiet")).await.unwrap_err();
    assert_eq!(error.code(), "component-damaged");
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    router.open_session(&ws(), &name("quiet")).await.unwrap().close().await;
}

#[tokio::test]
async fn things_are_removed_from_the_top_down() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    router.set_default(&who(), &ws(), "mail", &name("quiet")).unwrap();
    assert_eq!(
        router
            .remove_connector(&who(), "relais/quiet")
            .await
            .unwrap_err()
            .code(),
        "connector-in-use"
    );
    assert_eq!(
        router
            .remove_instance(&who(), &ws(), &name("quiet"))
            .unwrap_err()
            .code(),
        "instance-in-use"
    );
    router.clear_default(&who(), &ws(), "mail").unwrap();
    router.remove_instance(&who(), &ws(), &name("quiet")).unwrap();
    router.remove_connector(&who(), "relais/quiet").await.unwrap();
    assert!(components(&root).is_empty());
    assert_eq!(
        router.connector("relais/quiet").unwrap_err().code(),
        "connector-unknown"
    );
}

#[tokio::test]
async fn a_workspace_that_does_not_exist_holds_nothing() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    let other = WorkspaceName::new("other").unwrap();
    assert_eq!(
        router
            .create_instance(&who(), &other, &name("quiet"), new())
            .unwrap_err()
            .code(),
        "workspace-unknown"
    );
    assert_eq!(router.instances(&other).unwrap_err().code(), "workspace-unknown");
    assert_eq!(router.services(&other).unwrap_err().code(), "workspace-unknown");
}

#[tokio::test]
async fn the_key_stands_beside_the_data_folder_and_never_inside() {
    let root = tempfile::tempdir().unwrap();
    let router = open(&root).await;
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    assert!(!root.path().join("data.key").exists());
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    assert!(root.path().join("data.key").exists());
    assert!(!Path::new(router.data()).join("data.key").exists());
}
