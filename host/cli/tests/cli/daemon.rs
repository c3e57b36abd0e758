//! The daemon: the same commands through it, its deliveries, its start and its end.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use relais_catcher::Faults;
use serde_json::json;

use crate::post::Post;
use crate::support::{Place, closed_port, stderr, stdout, until};

const MAIL: [&str; 5] = ["send", "--to", "a@example.org", "--text", "Bonjour"];

#[test]
fn a_command_answers_the_same_with_a_daemon_and_without() {
    let place = Place::with_instance();
    let questions = [
        &["instance", "list"][..],
        &["instance", "show", "smtp"],
        &["connector", "list"],
        &["service", "list"],
        &["workspace", "show", "default"],
        &["delivery", "list"],
    ];
    let asked = || questions.map(|question| (place.json(question), stdout(&place.french(question))));
    let without = asked();
    let _daemon = place.serve(&[]);
    assert_eq!(asked(), without);
    let (code, answer) = place.refused(&["instance", "edit", "smtp", "--set", "port=70000"]);
    assert_eq!((code, &answer["error"]["fields"][0]["field"]), (2, &json!("port")));
    let run = place.french(&["instance", "show", "none"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).starts_with("Erreur :"), "{}", stderr(&run));
}

#[test]
fn a_mail_leaves_through_the_daemon_and_is_followed() {
    let post = Post::with(Faults::default());
    // Its content stays for a while, so that it can be exported.
    post.place.json(&["workspace", "edit", "default", "--keep-sent", "1h"]);
    let _daemon = post.place.serve(&[]);
    let file = post.place.file("été.pdf", b"%PDF-1.7");
    let sent = post.place.json(&[&MAIL[..], &["--attach", &file]].concat());
    assert_eq!((&sent["sent"], &sent["state"]), (&json!(true), &json!("sent")));
    let id = sent["delivery"].as_str().unwrap();
    let listed = post.place.json(&["delivery", "list", "--state", "sent"]);
    assert_eq!(listed["deliveries"][0]["id"], id);
    let shown = stdout(&post.place.french(&["delivery", "show", id]));
    assert!(
        shown.contains("remis au serveur") && shown.contains("a@example.org"),
        "{shown}"
    );
    let exported = post.place.path("mail.eml");
    post.place.json(&["delivery", "export", id, "--output", &exported]);
    assert_eq!(fs::read(exported).unwrap(), post.catcher.mails()[0].data);
    let (code, answer) = post.place.refused(&["delivery", "cancel", id]);
    assert_eq!(code, 1, "{answer}");
}

#[test]
fn what_was_deferred_without_a_daemon_leaves_once_one_runs() {
    let post = Post::with(Faults::default());
    let at = |port: u16| {
        let edit = [
            "instance",
            "edit",
            "smtp",
            "--set",
            &format!("port={port}"),
            "--secret",
            "password=-",
        ];
        let run = post.place.with_stdin(&edit, "Hunter2\n");
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    };
    at(closed_port());
    let run = post.place.run(&MAIL);
    assert_eq!(run.status.code(), Some(75), "{}", stderr(&run));
    assert!(stderr(&run).contains("Do not send it again"), "{}", stderr(&run));
    let (_, answer) = post.place.refused(&MAIL);
    let second = answer["error"]["delivery"].as_str().unwrap();
    assert_eq!(answer["error"]["state"], "deferred", "{answer}");
    let cancelled = post.place.json(&["delivery", "cancel", second]);
    assert_eq!(cancelled["deliveries"][0]["state"], "cancelled");
    at(post.catcher.port());
    let _daemon = post.place.serve(&[]);
    post.place.json(&["delivery", "resend", second]);
    let sent = || post.place.json(&["delivery", "show", second])["state"] == "sent";
    assert!(until(sent), "{}", post.place.log());
}

#[test]
fn sigterm_ends_the_daemon_in_order_and_its_socket_goes() {
    let place = Place::with_instance();
    let daemon = place.serve(&["--log", "json"]);
    let socket = place.data().join("relais.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(daemon.terminate(), Some(0), "{}", place.log());
    assert!(!socket.exists());
    for line in place.log().lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    place.json(&["instance", "list"]);
}

#[test]
fn a_second_daemon_waits_and_then_names_the_first() {
    let place = Place::with_instance();
    let _daemon = place.serve(&[]);
    let (code, answer) = place.refused(&["serve", "--listen", "off"]);
    assert_eq!((code, &answer["error"]["code"]), (1, &json!("data-busy")), "{answer}");
}

#[test]
fn a_daemon_that_was_killed_leaves_nothing_in_the_way_of_the_next() {
    let place = Place::with_instance();
    drop(place.serve(&[]));
    assert!(place.data().join("relais.sock").exists());
    assert_eq!(place.json(&["instance", "list"])["instances"][0]["name"], "smtp");
    let _daemon = place.serve(&[]);
}

#[test]
fn options_that_do_not_go_together_are_refused_before_anything_is_opened() {
    let place = Place::empty();
    for (options, code) in [
        (&["--listen", "here"][..], "address-invalid"),
        (
            &["--submission", "0.0.0.0:0", "--submission-open", "default"],
            "address-not-loopback",
        ),
        (&["--submission-open", "default"], "usage"),
        (&["--listen", "0.0.0.0:0"], "address-in-clear"),
        (&["--listen", "off", "--submission", "[::]:0"], "address-in-clear"),
        (&["--submission-tls", "127.0.0.1:0"], "usage"),
        (&["--submission-name", "a b"], "name-invalid"),
        (&["--metrics", "here"], "address-invalid"),
        (&["--spool-group", "no-such-group-here"], "group-unknown"),
        (&["--log", "xml"], "usage"),
        (&["--proxy", "https://proxy.example:3128"], "proxy-scheme-unknown"),
        (&["--ca-file", "/none.pem"], "file-missing"),
    ] {
        let (status, answer) = place.refused(&[&["serve"], options].concat());
        assert_eq!((status, &answer["error"]["code"]), (2, &json!(code)), "{options:?}");
    }
    assert!(!place.data().exists());
    let unit = stdout(&place.run(&["serve", "--print-unit"]));
    assert!(unit.contains("Type=notify") && unit.contains("WatchdogSec="), "{unit}");
}
