//! Connectors, instances and services through their lives.

use std::fs;

use serde_json::json;

use crate::support::{MANIFEST, Place, stderr, stdout};

#[test]
fn pack_writes_the_manifest_where_it_is_told_to_and_inspect_reads_it_back() {
    let place = Place::empty();
    let component = place.file("c.wasm", relais_bundle::SMTP);
    let manifest = place.file("connector.toml", MANIFEST.as_bytes());
    let output = place.path("packed.wasm");
    let packed = place.json(&[
        "connector",
        "pack",
        &component,
        "--manifest",
        &manifest,
        "--output",
        &output,
    ]);
    assert_eq!(packed["id"], "acme/mail");
    assert_eq!(packed["size"], fs::metadata(&output).unwrap().len());
    assert_eq!(fs::read(&component).unwrap(), relais_bundle::SMTP);
    let inspected = place.json(&["connector", "inspect", &output]);
    assert_eq!(
        (&inspected["id"], &inspected["services"]),
        (&json!("acme/mail"), &json!(["mail"]))
    );
    place.json(&["connector", "pack", &component, "--manifest", &manifest]);
    assert_eq!(fs::read(&component).unwrap(), fs::read(&output).unwrap());
}

#[test]
fn inspect_says_what_the_connector_exports_imports_and_asks_for() {
    let place = Place::empty();
    let file = place.file("smtp.wasm", relais_bundle::SMTP);
    let answer = place.json(&["connector", "inspect", &file]);
    assert_eq!(answer["id"], "relais/smtp");
    assert_eq!(answer["egress"][0]["to"], "tcp://{host}:{port}");
    assert_eq!(answer["credentials"][0]["slot"], "smtp-auth");
    assert_eq!(answer["credentials"][2]["account"], "account");
    assert_eq!(answer["providers"][0]["id"], "microsoft");
    assert!(answer["capabilities"].as_array().unwrap().contains(&json!("network")));
    assert!(
        answer["imports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|name| name.as_str().unwrap().contains("/network@"))
    );
    let text = stdout(&place.french(&["connector", "inspect", &file]));
    for words in [
        "Services (exports)",
        "tcp://{host}:{port}",
        "Mot de passe",
        "Expéditeur",
        "Fournisseurs de comptes",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        "obligatoire".to_uppercase().as_str(),
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!place.data().exists());
}

#[test]
fn the_office365_connector_is_installed_by_its_id_and_says_which_requests_do_not_send() {
    let place = Place::empty();
    assert_eq!(
        place.json(&["connector", "install", "relais/office365"])["id"],
        "relais/office365"
    );
    let answer = place.json(&["connector", "inspect", "relais/office365"]);
    let mail = &answer["behaviour"]["mail"];
    assert_eq!(
        (&mail["recipients"], &mail["sessions"]),
        (&json!("all-or-none"), &json!(4))
    );
    assert_eq!(mail["withdraws"], json!(["DELETE */messages/*"]));
    let text = stdout(&place.french(&["connector", "inspect", "relais/office365"]));
    for words in [
        "n'envoient rien",
        "POST */attachments/createUploadSession",
        "retirent ce qui était préparé",
        "Compte associé",
        "Boîte aux lettres",
        "https://outlook.office.com",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn a_secret_is_never_taken_from_the_command_line_nor_shown() {
    let place = Place::with_smtp();
    let create = [
        "instance",
        "create",
        "smtp",
        "--connector",
        "relais/smtp",
        "--set",
        "host=mail.test",
        "--set",
        "username=me",
    ];
    let run = place.run(&[&create[..], &["--secret", "password=Hunter2"]].concat());
    assert_eq!(run.status.code(), Some(2));
    assert!(!stderr(&run).contains("Hunter2"), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("password: ") && stderr(&run).contains("=@FILE"),
        "{}",
        stderr(&run)
    );

    let created = place.with_stdin(&[&create[..], &["--secret", "password=-"]].concat(), "Hunter2\n");
    assert_eq!(created.status.code(), Some(0), "{}", stderr(&created));
    for arguments in [
        &["instance", "show", "smtp"][..],
        &["instance", "show", "smtp", "--json"],
    ] {
        let shown = place.run(arguments);
        assert!(!stdout(&shown).contains("Hunter2"), "{}", stdout(&shown));
    }
    let shown = place.json(&["instance", "show", "smtp"]);
    assert_eq!(shown["secrets"]["password"], true);
    assert_eq!(shown["credentials"][0]["ready"], true);
    assert_eq!(shown["egress"], json!(["tcp://mail.test:587"]));

    let (code, answer) = place.refused(&["instance", "edit", "smtp", "--set", "host=evil.test"]);
    assert_eq!((code, &answer["error"]["code"]), (2, &json!("secrets-needed")));
    assert_eq!(answer["error"]["fields"][0]["field"], "password");
}

#[test]
fn a_secret_file_that_everybody_reads_is_taken_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_smtp();
    let file = place.file("secret", b"Hunter2\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let secret = format!("password=@{file}");
    let run = place.run(&[
        "instance",
        "create",
        "a",
        "--connector",
        "relais/smtp",
        "--set",
        "host=mail.test",
        "--secret",
        &secret,
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stderr(&run).contains("chmod o-r"), "{}", stderr(&run));
}

#[test]
fn an_instance_goes_through_its_life() {
    let place = Place::with_instance();
    assert_eq!(place.json(&["service", "list"])["services"][0]["default"], "smtp");
    let edited = place.json(&[
        "instance",
        "edit",
        "smtp",
        "--set",
        "port=2525",
        "--grant",
        "auth-in-clear",
    ]);
    assert_eq!(
        (&edited["settings"]["port"], &edited["grants"]),
        (&json!(2525), &json!(["auth-in-clear"]))
    );
    let edited = place.json(&[
        "instance",
        "edit",
        "smtp",
        "--unset",
        "port",
        "--revoke",
        "auth-in-clear",
    ]);
    assert_eq!(
        (&edited["settings"]["port"], &edited["grants"]),
        (&json!(587), &json!([]))
    );
    assert_eq!(
        place
            .refused(&["instance", "edit", "smtp", "--revoke", "auth-in-clear"])
            .0,
        2
    );
    assert_eq!(place.refused(&["instance", "edit", "smtp"]).0, 2);
    // It is in use, so the state of things refuses it and not the input.
    assert_eq!(place.refused(&["instance", "remove", "smtp"]).0, 1);
    assert_eq!(place.refused(&["connector", "remove", "relais/smtp"]).0, 1);
    place.json(&["service", "default", "mail", "--none"]);
    place.json(&["instance", "remove", "smtp"]);
    place.json(&["connector", "remove", "relais/smtp"]);
    assert_eq!(place.json(&["connector", "list"])["connectors"], json!([]));
}
