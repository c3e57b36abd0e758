//! Mails on their way to a server in the same process, and what the command says of what became of them.

use std::collections::BTreeMap;

use relais_catcher::Faults;
use serde_json::json;

use crate::post::Post;
use crate::support::{Place, closed_port, stderr, stdout};

const MAIL: [&str; 7] = ["send", "--to", "a@example.org", "--subject", "Été", "--text", "Bonjour"];

#[test]
fn a_mail_leaves_with_its_attachment_by_the_default_instance_and_its_sender() {
    let post = Post::with(Faults::default());
    let file = post.place.file("délibération.pdf", b"%PDF-1.7");
    let sent = post
        .place
        .json(&[&MAIL[..], &["--bcc", "hidden@example.org", "--attach", &file]].concat());
    assert_eq!(
        (&sent["sent"], &sent["instance"], &sent["refused"]),
        (&json!(true), &json!("smtp"), &json!([]))
    );
    assert!(sent["send_ms"].as_f64().unwrap() > 0.0);
    let kept = post
        .place
        .json(&["delivery", "show", sent["delivery"].as_str().unwrap()]);
    assert_eq!((&kept["state"], &kept["origin"]), (&json!("sent"), &json!("cli")));
    let mails = post.catcher.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].sender.as_deref(), Some("dms@example.org"));
    assert_eq!(mails[0].recipients, ["a@example.org", "hidden@example.org"]);
    assert_eq!(mails[0].authenticated.as_deref(), Some("me"));
    let data = String::from_utf8(mails[0].data.clone()).unwrap();
    assert!(data.contains(sent["message_id"].as_str().unwrap()), "{data}");
    assert!(
        data.contains("JVBERi0xLjc=") && !data.contains("hidden@example.org"),
        "{data}"
    );
}

#[test]
fn the_servers_words_are_shown_and_each_refused_recipient_with_its_own() {
    let refused = ("nobody@example.org".to_owned(), "550 5.1.1 no such user".to_owned());
    let post = Post::with(Faults {
        refuse_recipients: BTreeMap::from([refused]),
        ..Faults::default()
    });
    let run = post
        .place
        .french(&[&MAIL[..], &["--cc", "nobody@example.org"]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let text = stdout(&run);
    assert!(text.contains("Remis au serveur : 250"), "{text}");
    assert!(
        text.contains("nobody@example.org") && text.contains("no such user"),
        "{text}"
    );
    assert_eq!(post.catcher.mails()[0].recipients, ["a@example.org"]);
}

#[test]
fn a_mail_whose_fate_is_unknown_is_1_and_says_not_to_send_it_again_blindly() {
    let post = Post::with(Faults {
        drop_after_data: true,
        ..Faults::default()
    });
    let run = post.place.run(&MAIL);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("may have left") && stderr(&run).contains("not send this mail again blindly"),
        "{}",
        stderr(&run)
    );
    assert_eq!(post.catcher.count(), 1);
    let (code, answer) = post.place.refused(&MAIL);
    assert_eq!((code, &answer["error"]["code"]), (1, &json!("unknown-outcome")));
    assert_eq!(answer["error"]["may_have_left"], true);
}

#[test]
fn a_refusal_for_good_is_1_and_a_refusal_for_now_is_75() {
    for (reply, status, kind) in [("554 5.7.1 no", 1, "rejected"), ("451 4.3.0 later", 75, "temporary")] {
        let post = Post::with(Faults {
            reply_after_data: Some(reply.to_owned()),
            ..Faults::default()
        });
        let (code, answer) = post.place.refused(&MAIL);
        assert_eq!((code, &answer["error"]["code"]), (status, &json!(kind)));
        assert_eq!(answer["error"]["may_have_left"], false);
    }
}

#[test]
fn a_verification_says_what_was_found_or_that_the_login_was_refused() {
    let post = Post::with(Faults::default());
    let run = post.place.french(&["instance", "verify", "smtp"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    for words in [
        "fonctionne",
        "Serveur :",
        "Version de TLS :",
        post.catcher.certificate_sha256().unwrap(),
    ] {
        assert!(stdout(&run).contains(words), "{words} in {}", stdout(&run));
    }
    let edit = post
        .place
        .with_stdin(&["instance", "edit", "smtp", "--secret", "password=-"], "Wrong");
    assert_eq!(edit.status.code(), Some(0), "{}", stderr(&edit));
    let (code, answer) = post.place.refused(&["instance", "verify", "smtp"]);
    assert_eq!((code, &answer["error"]["code"]), (1, &json!("authentication")));
    assert_eq!(answer["error"]["remote_code"], "535 5.7.8");
}

#[test]
fn a_server_that_cannot_be_reached_is_75_for_a_send_and_1_for_a_verification() {
    let place = Place::with_smtp();
    let port = closed_port();
    place.json(&[
        "instance",
        "create",
        "smtp",
        "--connector",
        "relais/smtp",
        "--set",
        "host=127.0.0.1",
        "--set",
        &format!("port={port}"),
    ]);
    let (code, answer) = place.refused(&["instance", "verify", "smtp"]);
    assert_eq!((code, &answer["error"]["code"]), (1, &json!("unreachable")));
    assert!(!answer["error"]["next"].as_str().unwrap().is_empty());
    let run = place.french(&[
        "send",
        "--via",
        "smtp",
        "--from",
        "a@mail.test",
        "--to",
        "b@mail.test",
        "--text",
        "x",
    ]);
    assert_eq!(run.status.code(), Some(75), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("serveur injoignable") && stderr(&run).contains("À faire :"),
        "{}",
        stderr(&run)
    );
}
