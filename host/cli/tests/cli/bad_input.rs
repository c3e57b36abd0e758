//! What is refused, by the name of its field, with the status 2 and nothing stored.

use std::fs;

use serde_json::json;

use crate::support::{MANIFEST, Place, stderr};

#[test]
fn a_port_of_70000_is_refused_by_its_name_and_nothing_is_stored() {
    let place = Place::with_smtp();
    let run = place.run(&[
        "instance",
        "create",
        "smtp",
        "--connector",
        "relais/smtp",
        "--set",
        "host=mail.test",
        "--set",
        "port=70000",
    ]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("port: "), "{}", stderr(&run));
    assert_eq!(place.json(&["instance", "list"])["instances"], json!([]));
}

#[test]
fn a_missing_host_is_refused_by_its_name_and_nothing_is_stored() {
    let place = Place::with_smtp();
    let (code, answer) = place.refused(&["instance", "create", "smtp", "--connector", "relais/smtp"]);
    assert_eq!(code, 2);
    assert_eq!(answer["error"]["code"], "fields-invalid");
    assert_eq!(answer["error"]["fields"][0]["field"], "host");
    assert_eq!(place.json(&["instance", "list"])["instances"], json!([]));
}

#[test]
fn an_address_without_an_at_sign_and_an_empty_recipient_list_are_refused_by_their_fields() {
    let place = Place::with_instance();
    let (code, answer) = place.refused(&["send", "--to", "nobody", "--from", "a@mail.test"]);
    assert_eq!((code, &answer["error"]["fields"][0]["field"]), (2, &json!("to[0]")));
    let (code, answer) = place.refused(&["send", "--from", "a@mail.test", "--subject", "x"]);
    assert_eq!((code, &answer["error"]["fields"][0]["field"]), (2, &json!("to")));
    let (code, answer) = place.refused(&["instance", "edit", "smtp", "--set", "sender=nobody"]);
    assert_eq!((code, &answer["error"]["fields"][0]["field"]), (2, &json!("sender")));
}

#[test]
fn files_that_are_no_connector_are_refused_with_the_reason_and_leave_nothing() {
    let place = Place::empty();
    let truncated = &relais_bundle::SMTP[..relais_bundle::SMTP.len() / 2];
    let cases: [(&str, &[u8], &str); 4] = [
        ("empty.wasm", b"", "file-empty"),
        ("cut.wasm", truncated, "file-truncated"),
        ("module.wasm", b"\0asm\x01\0\0\0", "not-a-component"),
        ("text.wasm", b"hello, this is text", "not-wasm"),
    ];
    for (name, bytes, code) in cases {
        let file = place.file(name, bytes);
        for command in ["install", "inspect"] {
            let (status, answer) = place.refused(&["connector", command, &file]);
            assert_eq!(
                (status, &answer["error"]["code"]),
                (2, &json!(code)),
                "{command} {name}"
            );
            assert_eq!(answer["error"]["fields"][0]["field"], "file");
        }
    }
    assert!(!place.data().exists());
}

#[test]
fn a_manifest_with_an_unknown_key_is_refused_with_its_path_and_the_component_stays_as_it_was() {
    let place = Place::empty();
    let component = place.file("c.wasm", relais_bundle::SMTP);
    let manifest = place.file("connector.toml", format!("{MANIFEST}colour = \"red\"\n").as_bytes());
    let run = place.run(&["connector", "pack", &component, "--manifest", &manifest]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("colour"), "{}", stderr(&run));
    assert_eq!(fs::read(&component).unwrap(), relais_bundle::SMTP);
}
