//! `sendMail`: small mails.

use relais_office365::send::{SMALL_BYTES, send};
use relais_office365::settings::{Access, Sender};
use relais_office365::wire::HttpError;
use relais_sdk::{Failure, Receipt};

use crate::script::{Attached, HANDLE, HOUR, Mail, Script, error, own};

fn sent(script: Script, mail: &Mail) -> (Result<Receipt, Failure>, Script) {
    let mut graph = script.play();
    let sent = send(&mut graph, &own(), true, mail);
    graph.world.is_over();
    (sent, graph.world)
}

const LISTED: &str = "GET /mailFolders/sentitems/messages?$filter=internetMessageId%20eq%20\
    %27%3Cit%27%27s.one@relais.example%3E%27&$select=createdDateTime&$top=50";

/// Copies that came to be at these seconds of the hour.
fn copies(seconds: &[&str]) -> String {
    let copies = seconds
        .iter()
        .map(|second| format!(r#"{{"createdDateTime":"{HOUR}:{second}Z"}}"#));
    format!(r#"{{"value":[{}]}}"#, copies.collect::<Vec<_>>().join(","))
}

#[test]
fn a_small_mail_goes_as_mime_in_base64() {
    let (sent, script) = sent(Script::new().answer("POST /sendMail", 202, ""), &Mail::of(1000));
    assert_eq!(sent.unwrap().text, "202 Accepted");
    let asked = &script.asked[0];
    assert_eq!(asked.body, b"TUlNRQ==");
    assert_eq!(asked.header("content-type"), Some("text/plain"));
    assert_eq!(asked.header("authorization"), Some(HANDLE));
}

#[test]
fn what_is_small_is_what_fits_into_a_request_with_its_envelope() {
    // One recipient of 18 bytes, and what a header adds to it.
    let largest = SMALL_BYTES - 26;
    let (small, _) = sent(Script::new().answer("POST /sendMail", 202, ""), &Mail::of(largest));
    small.unwrap();
    let (large, _) = sent(
        Script::new().answer("POST /messages", 403, &error("ErrorAccessDenied")),
        &Mail::of(largest + 1),
    );
    assert_eq!(large.unwrap_err().kind, "configuration");
}

#[test]
fn any_success_but_202_leaves_the_outcome_unknown() {
    for status in [200, 201, 204] {
        let script = Script::new()
            .answer("POST /sendMail", status, "")
            .answer(LISTED, 403, "");
        let failure = sent(script, &Mail::of(1000)).0.unwrap_err();
        assert_eq!(
            (failure.kind.as_str(), failure.code),
            ("unknown-outcome", None),
            "{status}"
        );
        assert!(
            failure.text.contains(&format!("{status}, and not 202")),
            "{}",
            failure.text
        );
    }
}

#[test]
fn what_was_accepted_is_not_sent_again_for_a_wish_to_slow_down() {
    let (sent, script) = sent(
        Script::new().answer_with("POST /sendMail", 202, ("Retry-After", "30")),
        &Mail::of(1000),
    );
    assert!(sent.is_ok());
    assert_eq!(script.asked.len(), 1);
}

#[test]
fn a_token_that_is_refused_is_tried_once_more_and_no_more() {
    let denied = error("InvalidAuthenticationToken");
    let script = Script::new()
        .answer("POST /sendMail", 401, &denied)
        .answer("POST /sendMail", 202, "");
    let (well, script) = sent(script, &Mail::of(1000));
    well.unwrap();
    assert_eq!(script.asked[1].body, b"TUlNRQ==", "the body is whole again");

    let script = Script::new()
        .answer("POST /sendMail", 401, &denied)
        .answer("POST /sendMail", 401, &denied);
    let failure = sent(script, &Mail::of(1000)).0.unwrap_err();
    assert_eq!(failure.kind, "authentication");
    assert_eq!(failure.code.as_deref(), Some("401 InvalidAuthenticationToken"));
}

#[test]
fn a_throttled_mail_is_told_how_long_to_wait() {
    for status in [429, 503] {
        let script = Script::new().answer_with("POST /sendMail", status, ("retry-after", "42"));
        let (sent, script) = sent(script, &Mail::of(1000));
        let failure = sent.unwrap_err();
        assert_eq!((failure.kind.as_str(), failure.retry_after), ("throttled", Some(42)));
        assert_eq!(script.paused.as_secs(), 0, "the host waits, not the connector");
    }
}

#[test]
fn an_unheard_mail_that_is_found_among_what_was_sent_was_sent() {
    let script = Script::new()
        .answer("POST /sendMail", 504, "")
        .answer_at(LISTED, 31, r#"{"value":[]}"#)
        .answer_at(LISTED, 33, "<html>")
        .answer_at(LISTED, 37, &copies(&["02", "31"]));
    let receipt = sent(script, &Mail::of(1000)).0.unwrap();
    assert_eq!(receipt.details, [("reconciled".to_owned(), "true".to_owned())]);
}

#[test]
fn a_copy_that_was_there_before_the_request_is_of_another_mail() {
    for old in ["00", "24"] {
        let mut script = Script::new().answer("POST /sendMail", 504, "");
        for second in [31, 33, 37, 45] {
            script = script.answer_at(LISTED, second, &copies(&[old]));
        }
        assert_eq!(sent(script, &Mail::of(1000)).0.unwrap_err().kind, "unknown-outcome");
    }
    // Nor does one count of which Graph does not say how old it is.
    let mut script = Script::new().answer("POST /sendMail", 504, "");
    for _ in 0..4 {
        script = script.answer(LISTED, 200, &copies(&["31"]));
    }
    assert_eq!(sent(script, &Mail::of(1000)).0.unwrap_err().kind, "unknown-outcome");
}

#[test]
fn an_unheard_mail_that_is_not_found_may_have_been_sent() {
    for failed in [HttpError::Timeout, HttpError::Failed("connection reset".to_owned())] {
        let mut script = Script::new().fail("POST /sendMail", failed);
        for _ in 0..4 {
            script = script.answer(LISTED, 200, r#"{"value":[]}"#);
        }
        let (sent, script) = sent(script, &Mail::of(1000));
        assert_eq!(sent.unwrap_err().kind, "unknown-outcome");
        assert_eq!(script.paused.as_secs(), 15);
    }
}

#[test]
fn a_mail_that_did_not_leave_is_not_looked_for() {
    for (failed, kind) in [
        (HttpError::Unreachable("no route".to_owned()), "unreachable"),
        (HttpError::Tls("expired".to_owned()), "configuration"),
        (HttpError::Refused("not granted".to_owned()), "configuration"),
        (HttpError::Limit("`bytes-out`".to_owned()), "other"),
    ] {
        let failure = sent(Script::new().fail("POST /sendMail", failed), &Mail::of(1000))
            .0
            .unwrap_err();
        assert_eq!(failure.kind, kind);
    }
}

#[test]
fn without_a_copy_a_small_mail_goes_field_by_field() {
    let mut graph = Script::new().answer("POST /sendMail", 202, "").play();
    let mut mail = Mail::of(1000).with(Attached::of(100));
    mail.headers = vec![
        ("In-Reply-To".to_owned(), "<a@b>".to_owned()),
        ("List-Id".to_owned(), "x".to_owned()),
    ];
    let receipt = send(&mut graph, &own(), false, &mail).unwrap();
    let json = graph.world.asked[0].json();
    assert_eq!(json["saveToSentItems"], false);
    let message = &json["message"];
    assert_eq!(message["subject"], "Un « dossier »");
    assert_eq!(message["internetMessageId"], "<it's.one@relais.example>");
    assert_eq!(message["singleValueExtendedProperties"][0]["id"], "String 0x1042");
    assert_eq!(message["singleValueExtendedProperties"].as_array().unwrap().len(), 1);
    assert_eq!(message["attachments"][0]["name"], "arrêté \"7\".pdf");
    assert_eq!(message["attachments"][0]["contentBytes"].as_str().unwrap().len(), 136);
    assert!(
        receipt
            .details
            .contains(&("header-fields-left-out".to_owned(), "List-Id".to_owned()))
    );
}

#[test]
fn an_address_that_may_not_be_used_concerns_the_instance_where_it_is_its_mailbox() {
    let shared = Sender {
        mailbox: Some("accueil@mairie.example".to_owned()),
        access: Access::Shared,
        ..own()
    };
    for (from, kind) in [
        ("Accueil@mairie.example", "configuration"),
        ("autre@mairie.example", "rejected"),
    ] {
        let mut graph = Script::new()
            .answer("POST /sendMail", 403, &error("ErrorSendAsDenied"))
            .play();
        let mut mail = Mail::of(1000);
        mail.from = from.to_owned();
        let failure = send(&mut graph, &shared, true, &mail).unwrap_err();
        assert_eq!(failure.kind, kind, "{from}");
        assert!(failure.text.contains("“Send as”") && failure.text.contains("Words of Microsoft's."));
    }
}

#[test]
fn with_the_right_to_send_alone_a_large_mail_is_refused_at_once_and_none_is_looked_for() {
    let sender = Sender {
        may_draft: false,
        ..own()
    };
    let mut graph = Script::new().play();
    let failure = send(&mut graph, &sender, true, &Mail::of(SMALL_BYTES + 1)).unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.code), ("too-large", None));
    assert!(failure.text.contains("set `rights` to `full`"), "{}", failure.text);
    let mut graph = Script::new().answer("POST /sendMail", 202, "").play();
    send(&mut graph, &sender, true, &Mail::of(1000)).unwrap();
    let mut graph = Script::new().answer("POST /sendMail", 504, "").play();
    let failure = send(&mut graph, &sender, true, &Mail::of(1000)).unwrap_err();
    assert_eq!(failure.kind, "unknown-outcome");
    assert_eq!(graph.world.paused.as_secs(), 0);
}
