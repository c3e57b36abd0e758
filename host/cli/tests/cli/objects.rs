//! Workspaces, service instances, tokens, the journal and backups through their lives.

use std::fs;

use serde_json::json;

use crate::support::{Place, stderr, stdout};

#[test]
fn a_workspace_goes_through_its_life_and_sees_nothing_of_another() {
    let place = Place::with_instance();
    let made = place.json(&[
        "workspace",
        "create",
        "mairie",
        "--title",
        "Mairie",
        "--keep-journal",
        "30d",
    ]);
    assert_eq!(
        (&made["title"], &made["retention"]["journal"]["seconds"]),
        (&json!("Mairie"), &json!(2_592_000))
    );
    let within = |arguments: &[&str]| place.json(&[arguments, &["--workspace", "mairie"]].concat());
    assert_eq!(within(&["instance", "list"])["instances"], json!([]));
    let create = [
        "instance",
        "create",
        "smtp",
        "--connector",
        "relais/smtp",
        "--set",
        "host=mail.test",
    ];
    let (code, answer) = place.refused(&[&create[..], &["--workspace", "mairie"]].concat());
    assert_eq!(answer["error"]["code"], "connector-not-enabled", "{code} {answer}");
    within(&["connector", "enable", "relais/smtp"]);
    within(&create);
    let edited = place.json(&[
        "workspace",
        "edit",
        "mairie",
        "--contact",
        "dsi@mairie.test",
        "--keep-journal",
        "",
    ]);
    assert_eq!(
        (&edited["contact"], &edited["retention"]["journal"]["own"]),
        (&json!("dsi@mairie.test"), &json!(false))
    );
    // It still holds an instance.
    assert_eq!(place.refused(&["workspace", "remove", "mairie"]).0, 1);
    within(&["instance", "remove", "smtp"]);
    place.json(&["workspace", "remove", "mairie"]);
    let (code, answer) = place.refused(&["instance", "list", "--workspace", "mairie"]);
    assert_eq!((code, &answer["error"]["code"]), (2, &json!("workspace-unknown")));
    let (code, answer) = place.refused(&["instance", "list", "--workspace", "Mairie"]);
    assert_eq!((code, &answer["error"]["fields"][0]["field"]), (2, &json!("workspace")));
}

#[test]
fn a_service_instance_goes_through_its_life() {
    let place = Place::with_instance();
    let made = place.json(&[
        "service-instance",
        "create",
        "courrier",
        "--title",
        "Courrier",
        "--give-up",
        "2d",
    ]);
    assert_eq!(
        (&made["effective"], &made["give_up"]),
        (&json!("smtp"), &json!(172_800))
    );
    let edit = [
        "service-instance",
        "edit",
        "courrier",
        "--connector-instance",
        "smtp",
        "--uncertain",
        "close",
    ];
    let edited = place.json(&edit);
    assert_eq!(
        (&edited["instance"], &edited["uncertain"]),
        (&json!("smtp"), &json!("close"))
    );
    let edited = place.json(&["service-instance", "edit", "courrier", "--follow-default"]);
    assert_eq!(edited["instance"], json!(null));
    assert_eq!(place.refused(&["service-instance", "edit", "courrier"]).0, 2);
    assert_eq!(
        place
            .refused(&["service-instance", "edit", "courrier", "--give-up", "soon"])
            .0,
        2
    );
    place.json(&["service-instance", "rename", "courrier", "factures"]);
    let listed = place.json(&["service-instance", "list"]);
    assert_eq!(listed["service_instances"][0]["name"], "factures");
    place.json(&["service", "force", "mail", "smtp"]);
    assert_eq!(place.json(&["service-instance", "show", "factures"])["forced"], true);
    place.json(&["service", "unforce", "mail"]);
    assert_eq!(place.json(&["service", "list"])["services"][0]["forced"], json!(null));
    place.json(&["service-instance", "remove", "factures"]);
}

#[test]
fn a_token_is_shown_once_listed_without_its_secret_and_revoked() {
    let place = Place::with_instance();
    let made = place.json(&["token", "create", "ezged", "--role", "send", "--expires", "90d"]);
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("relais_"), "{made}");
    let listed = stdout(&place.french(&["token", "list"]));
    assert!(
        listed.contains("ezged") && listed.contains("valable") && !listed.contains(secret),
        "{listed}"
    );
    place.json(&["token", "revoke", made["id"].as_str().unwrap()]);
    assert!(stdout(&place.french(&["token", "list"])).contains("révoqué"));
    let journal = stdout(&place.run(&["audit", "list"]));
    assert!(
        journal.contains("token-revoke") && !journal.contains(secret),
        "{journal}"
    );
    let run = place.run(&["token", "create", "x", "--role", "root"]);
    assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
}

#[test]
fn a_workspace_says_that_nobody_is_told_of_what_stays_uncertain_and_what_is_missing() {
    let place = Place::with_instance();
    let show = ["workspace", "show", "default"];
    let shown = stdout(&place.run(&show));
    assert!(shown.contains("relais workspace edit default --contact"), "{shown}");
    let shown = stdout(&place.french(&show));
    assert!(shown.contains("Personne n'est prévenu"), "{shown}");
    place.json(&["service", "default", "mail", "--none"]);
    place.json(&["workspace", "edit", "default", "--contact", "s@mairie.example"]);
    let shown = stdout(&place.run(&show));
    assert!(shown.contains("--notices-through INSTANCE"), "{shown}");
    place.json(&["service", "default", "mail", "smtp"]);
    assert_eq!(place.json(&show)["alerts_through"], "smtp");
    let shown = stdout(&place.run(&show));
    assert!(!shown.contains("relais workspace edit"), "{shown}");
}

#[test]
fn a_backup_is_restored_elsewhere_and_says_that_the_key_is_not_in_it() {
    let place = Place::with_instance();
    let backup = place.path("relais.tar");
    place.json(&["token", "create", "ezged", "--role", "send"]);
    let written = place.run(&["backup", &backup]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    assert!(stdout(&written).contains("keep a copy of"), "{}", stdout(&written));
    let elsewhere = place.path("elsewhere");
    let to = ["--data", &elsewhere];
    let restored = place.json(&[&["restore", &backup][..], &to].concat());
    assert_eq!((&restored["connectors"], &restored["held"]), (&json!(1), &json!(0)));
    assert_eq!(
        place.json(&[&["instance", "list"][..], &to].concat())["instances"][0]["name"],
        "smtp"
    );
    // Tokens are good again, which is said, unless they are revoked.
    let again = place.path("again");
    let told = stdout(&place.run(&["restore", &backup, "--data", &again]));
    assert!(told.contains("is good again"), "{told}");
    let revoked = place.path("revoked");
    let restored = place.json(&["restore", &backup, "--revoke-tokens", "--data", &revoked]);
    assert_eq!((&restored["tokens"], &restored["revoked"]), (&json!(0), &json!(1)));
    // It is not empty any more.
    assert_ne!(
        place.run(&[&["restore", &backup][..], &to].concat()).status.code(),
        Some(0)
    );
    let cut = place.file("cut.tar", &fs::read(&backup).unwrap()[..2000]);
    let nowhere = place.path("nowhere");
    assert_ne!(place.run(&["restore", &cut, "--data", &nowhere]).status.code(), Some(0));
}
