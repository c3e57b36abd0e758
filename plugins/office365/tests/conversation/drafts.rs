//! Drafts: large mails.

use relais_office365::send::send;
use relais_office365::wire::HttpError;
use relais_sdk::{Failure, Receipt};

use crate::script::{Attached, HANDLE, Mail, Script, error, own};

const CREATED: &str = r#"{"@odata.context":"x","id":"O=1","subject":"s"}"#;
const LASTING: &str = r#"{"id":"I=1"}"#;
const OPENED: &str = r#"{"uploadUrl":"https://upload.example/x?authtoken=secret","nextExpectedRanges":["0-"]}"#;
const UPLOAD: &str = "https://upload.example/x?authtoken=secret";
const LOOK: &str = "GET /messages/I=1?$select=isDraft";

/// A mail whose one file goes by upload in one range.
fn large() -> Mail {
    Mail::of(1000).with(Attached::of(3_200_000))
}

/// Up to the point where it is sent.
fn prepared() -> Script {
    Script::new()
        .answer("POST /messages", 201, CREATED)
        .answer("POST /messages/O=1/attachments/createUploadSession", 201, OPENED)
        .answer(&format!("PUT {UPLOAD}"), 201, "")
        .answer("GET /messages/O=1?$select=id", 200, LASTING)
}

fn sent(script: Script, keep_copy: bool) -> (Result<Receipt, Failure>, Script) {
    let mut graph = script.play();
    let sent = send(&mut graph, &own(), keep_copy, &large());
    graph.world.is_over();
    (sent, graph.world)
}

#[test]
fn a_large_mail_is_a_draft_its_upload_and_a_send() {
    let (sent, script) = sent(prepared().answer("POST /messages/O=1/send", 202, ""), true);
    sent.unwrap();
    let message = script.asked[0].json();
    assert_eq!(message["body"]["content"], "Bonjour");
    assert!(message.get("singleValueExtendedProperties").is_none());
    let opening = script.asked[1].json();
    assert_eq!(opening["AttachmentItem"]["size"], 3_200_000);
    assert_eq!(opening["AttachmentItem"]["attachmentType"], "file");
    let put = &script.asked[2];
    assert_eq!(put.header("content-range"), Some("bytes 0-3199999/3200000"));
    assert_eq!(put.body, &*Attached::of(3_200_000).data);
    for asked in &script.asked {
        let expected = (!asked.line.contains("upload.example")).then_some(HANDLE);
        assert_eq!(asked.header("authorization"), expected, "{}", asked.line);
    }
    assert_eq!(script.asked[3].header("prefer"), Some("IdType=\"ImmutableId\""));
}

#[test]
fn without_a_copy_the_draft_is_to_be_deleted_once_it_is_sent() {
    let (sent, script) = sent(prepared().answer("POST /messages/O=1/send", 202, ""), false);
    sent.unwrap();
    let property = &script.asked[0].json()["singleValueExtendedProperties"][0];
    assert_eq!(
        (property["id"].as_str(), property["value"].as_str()),
        (Some("Boolean 0x0E01"), Some("true"))
    );
}

#[test]
fn files_go_inside_the_draft_while_they_fit_then_by_a_post_and_the_largest_by_upload() {
    let mail = Mail::of(1000)
        .with(Attached::of(1_000_000))
        .with(Attached::of(2_900_000))
        .with(Attached::of(3_100_000))
        .with(Attached::of(1_000_000));
    let mut graph = Script::new()
        .answer("POST /messages", 201, CREATED)
        .answer("POST /messages/O=1/attachments", 201, "{}")
        .answer("POST /messages/O=1/attachments/createUploadSession", 201, OPENED)
        .answer(&format!("PUT {UPLOAD}"), 201, "")
        .answer("GET /messages/O=1?$select=id", 200, LASTING)
        .answer("POST /messages/O=1/send", 202, "")
        .play();
    send(&mut graph, &own(), true, &mail).unwrap();
    graph.world.is_over();
    let asked = &graph.world.asked;
    assert_eq!(asked[0].json()["attachments"].as_array().unwrap().len(), 2);
    for request in asked {
        assert!(request.body.len() <= 4_000_000, "{}", request.line);
    }
}

#[test]
fn a_draft_that_cannot_be_finished_is_deleted_and_the_mail_was_not_sent() {
    let script = Script::new()
        .answer("POST /messages", 201, CREATED)
        .answer(
            "POST /messages/O=1/attachments/createUploadSession",
            400,
            &error("ErrorMessageSizeExceeded"),
        )
        .answer("DELETE /messages/O=1", 204, "");
    let failure = sent(script, true).0.unwrap_err();
    assert_eq!(failure.kind, "too-large");
    assert_eq!(failure.code.as_deref(), Some("400 ErrorMessageSizeExceeded"));
}

#[test]
fn a_wrong_success_for_a_draft_is_no_draft() {
    let failure = sent(Script::new().answer("POST /messages", 200, ""), true)
        .0
        .unwrap_err();
    assert_eq!(failure.kind, "temporary");
    assert!(failure.text.contains("200 where it says 201"), "{}", failure.text);
}

#[test]
fn a_refusal_to_send_deletes_the_draft() {
    let script = prepared()
        .answer("POST /messages/O=1/send", 403, &error("ErrorSendAsDenied"))
        .answer("DELETE /messages/O=1", 204, "");
    let failure = sent(script, true).0.unwrap_err();
    assert_eq!(
        (failure.kind.as_str(), failure.code.as_deref()),
        ("rejected", Some("403 ErrorSendAsDenied"))
    );
}

#[test]
fn a_throttled_send_waits_rather_than_to_upload_again() {
    let send = "POST /messages/O=1/send";
    let script = prepared()
        .answer_with(send, 429, ("Retry-After", "7"))
        .answer(send, 202, "");
    let (well, script) = sent(script, true);
    well.unwrap();
    assert_eq!(script.paused.as_secs(), 7);

    let script = prepared()
        .answer_with(send, 429, ("Retry-After", "600"))
        .answer("DELETE /messages/O=1", 204, "");
    let (failed, script) = sent(script, true);
    assert_eq!(failed.unwrap_err().retry_after, Some(600));
    assert_eq!(script.paused.as_secs(), 0);
}

#[test]
fn a_front_ends_503_is_looked_into_before_the_mail_is_tried_again() {
    let send = "POST /messages/O=1/send";
    // It had passed the request on.
    let script = prepared()
        .answer_with(send, 503, ("Retry-After", "5"))
        .answer(LOOK, 200, r#"{"isDraft":false}"#);
    assert_eq!(sent(script, true).0.unwrap().details[0].0, "reconciled");
    // It had not.
    let mut script = prepared().answer_with(send, 503, ("Retry-After", "5"));
    for _ in 0..4 {
        script = script.answer(LOOK, 200, r#"{"isDraft":true}"#);
    }
    let failure = sent(script.answer("DELETE /messages/O=1", 204, ""), true)
        .0
        .unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.retry_after), ("throttled", Some(5)));
    assert!(failure.text.contains("was deleted"), "{}", failure.text);
}

#[test]
fn a_draft_that_is_gone_when_it_is_sent_again_is_looked_for_and_not_deferred() {
    let send = "POST /messages/O=1/send";
    let again = || {
        prepared()
            .answer(send, 503, &error("ErrorServerBusy"))
            .answer(send, 404, &error("ErrorItemNotFound"))
    };
    let script = again().answer(LOOK, 200, r#"{"isDraft":false}"#);
    assert_eq!(sent(script, true).0.unwrap().details[0].0, "reconciled");
    let mut script = again();
    for _ in 0..4 {
        script = script.answer(LOOK, 404, &error("ErrorItemNotFound"));
    }
    assert_eq!(sent(script, true).0.unwrap_err().kind, "unknown-outcome");
}

#[test]
fn a_send_that_nobody_heard_is_looked_for() {
    for unheard in [
        prepared().answer("POST /messages/O=1/send", 504, ""),
        prepared().answer("POST /messages/O=1/send", 200, ""),
        prepared().fail("POST /messages/O=1/send", HttpError::Timeout),
        prepared().fail("POST /messages/O=1/send", HttpError::Failed("reset".to_owned())),
    ] {
        let script = unheard
            .answer(LOOK, 200, r#"{"isDraft":true}"#)
            .answer(LOOK, 200, r#"{"isDraft":false}"#);
        let (sent, script) = sent(script, true);
        assert_eq!(sent.unwrap().details[0].0, "reconciled");
        assert_eq!(
            script.asked.last().unwrap().header("prefer"),
            Some("IdType=\"ImmutableId\"")
        );
    }
}

#[test]
fn a_draft_that_still_lies_there_is_deleted_and_may_be_tried_again() {
    let mut script = prepared().answer("POST /messages/O=1/send", 504, "");
    for _ in 0..4 {
        script = script.answer(LOOK, 200, r#"{"isDraft":true}"#);
    }
    // By the id that ends when the draft is moved, so that what was sent meanwhile is not found.
    script = script.answer("DELETE /messages/O=1", 204, "");
    let failure = sent(script, true).0.unwrap_err();
    assert_eq!(failure.kind, "temporary");
    assert!(
        failure.text.contains("was deleted, so the mail was not sent"),
        "{}",
        failure.text
    );
}

#[test]
fn a_draft_that_moved_while_it_was_to_be_deleted_was_sent() {
    let mut script = prepared().answer("POST /messages/O=1/send", 504, "");
    for _ in 0..4 {
        script = script.answer(LOOK, 200, r#"{"isDraft":true}"#);
    }
    script = script
        .answer("DELETE /messages/O=1", 404, "")
        .answer(LOOK, 200, r#"{"isDraft":false}"#);
    assert!(sent(script, true).0.is_ok());
}

#[test]
fn a_draft_of_which_nothing_is_heard_may_have_been_sent() {
    for delete in [500, 403] {
        let mut script = prepared().answer("POST /messages/O=1/send", 504, "");
        for _ in 0..4 {
            script = script.answer(LOOK, 200, r#"{"isDraft":true}"#);
        }
        let failure = sent(script.answer("DELETE /messages/O=1", delete, ""), true)
            .0
            .unwrap_err();
        assert_eq!(failure.kind, "unknown-outcome");
    }
    let mut script = prepared().answer("POST /messages/O=1/send", 504, "");
    for _ in 0..4 {
        script = script.answer(LOOK, 404, &error("ErrorItemNotFound"));
    }
    assert_eq!(sent(script, true).0.unwrap_err().kind, "unknown-outcome");
}

#[test]
fn without_a_copy_a_draft_that_is_gone_was_sent() {
    let script = prepared()
        .answer("POST /messages/O=1/send", 504, "")
        .answer(LOOK, 404, &error("ErrorItemNotFound"));
    assert!(sent(script, false).0.is_ok());
    // A gateway's page, or a mailbox that is not there, is no word on the draft.
    for other in ["<html>Not found</html>".to_owned(), error("ErrorInvalidUser")] {
        let mut script = prepared().answer("POST /messages/O=1/send", 504, "");
        for _ in 0..4 {
            script = script.answer(LOOK, 404, &other);
        }
        assert_eq!(sent(script, false).0.unwrap_err().kind, "unknown-outcome");
    }
}
