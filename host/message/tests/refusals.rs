//! What a draft may not hold: each refusal names its field.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Draft, FieldError, Limits, Reason};
use support::*;

fn refused(draft: Draft) -> Vec<(String, Reason)> {
    let errors = draft.accept(&Limits::default()).unwrap_err();
    errors
        .into_iter()
        .map(|FieldError { field, reason }| (field, reason))
        .collect()
}

#[test]
fn every_refused_field_is_named() {
    let mut draft = draft();
    draft.from = None;
    draft.to = vec!["a@b.example".into(), "nobody".into()];
    draft.cc = vec!["x@y.example\r\nBcc: z@y.example".into()];
    draft.reply_to = vec!["é é@b.example".into()];
    draft.subject = "a\nb".into();
    draft.headers = vec![
        ("Bcc".into(), "x".into()),
        ("X-A".into(), "a\r\nb".into()),
        ("X B".into(), "c".into()),
    ];
    draft.attachments = vec![attachment("a\rb", "x"), attachment("..", "x"), attachment("ok", "x")];
    draft.attachments[2].content_type = Some("nonsense".into());
    draft.attachments[2].content_id = Some("<x>".into());
    let refused = refused(draft);
    let fields: Vec<&str> = refused.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "from",
            "to[1]",
            "cc[0]",
            "reply_to[0]",
            "subject",
            "headers[0].name",
            "headers[1].value",
            "headers[2].name",
            "attachments[0].name",
            "attachments[1].name",
            "attachments[2].content_type",
            "attachments[2].content_id",
        ]
    );
    assert_eq!(refused[0].1, Reason::Missing);
    assert_eq!(refused[4].1, Reason::ControlCharacter('\n'));
}

#[test]
fn nobody_to_send_to_is_refused() {
    let mut draft = draft();
    draft.to.clear();
    assert_eq!(refused(draft), [("to".into(), Reason::NoRecipients)]);
}

#[test]
fn a_word_too_long_to_fold_is_refused_by_the_name_of_its_field() {
    let mut draft = draft();
    draft.subject = "x".repeat(999);
    draft.headers = vec![("X-A".into(), "fine".into()), ("X-B".into(), "y".repeat(999))];
    assert_eq!(
        refused(draft),
        [
            ("subject".into(), Reason::Unfoldable),
            ("headers[1].value".into(), Reason::Unfoldable)
        ]
    );
}

#[test]
fn the_limits_hold() {
    let limits = Limits {
        recipients: 2,
        message_bytes: 3000,
        text_bytes: 100,
        attachments: 1,
        headers: 1,
    };
    let fields = |draft: Draft| {
        draft
            .accept(&limits)
            .unwrap_err()
            .into_iter()
            .map(|e| e.field)
            .collect::<Vec<_>>()
    };
    let mut many = draft();
    many.cc = vec!["nobody".into(); 2];
    many.headers = vec![("X".into(), "y".into()); 2];
    many.attachments = vec![attachment("a", "x"); 2];
    assert_eq!(fields(many), ["to", "headers", "attachments"]);
    let mut long = draft();
    long.text = Some("x".repeat(101));
    long.html = Some("x".repeat(101));
    assert_eq!(fields(long), ["text", "html"]);
    let mut big = draft();
    big.attachments = vec![attachment("a", vec![0; 2500])];
    assert_eq!(fields(big), ["message"]);
    assert!(draft().accept(&limits).is_ok());
}
