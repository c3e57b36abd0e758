//! What a draft becomes: its header, its structure, its envelope.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Addressing, Framing, Limits, Message, Reason};
use support::*;

fn raw(message: &Message) -> String {
    String::from_utf8(read(message.mime(Addressing::Written, Framing::Raw))).unwrap()
}

fn addressed(message: &Message) -> Part {
    Part::parse(&read(message.mime(Addressing::Envelope, Framing::Raw)))
}

#[test]
fn a_whole_message_is_written_as_expected() {
    let mut draft = draft();
    draft.to = vec!["Hélène <helene@mairie-évian.example>".into(), "b@c.example".into()];
    draft.reply_to = vec!["accueil@mairie.example".into()];
    draft.subject = "Arrêté n° 12".into();
    draft.text = Some("Bonjour,\n".into());
    draft.headers = vec![("In-Reply-To".into(), "<1@x.example>".into())];
    let message = accept(draft);
    let headers = message.headers();
    let date = headers.iter().find(|(name, _)| name == "Date").unwrap().1.clone();
    assert!(date.ends_with(" +0000"), "{date}");
    assert_eq!(
        raw(&message),
        format!(
            "From: Mairie <envoi@mairie.example>\r\n\
             Reply-To: accueil@mairie.example\r\n\
             To: =?utf-8?b?SMOpbMOobmU=?= <helene@xn--mairie-vian-hbb.example>,\r\n b@c.example\r\n\
             Subject: =?utf-8?b?QXJyw6p0w6kgbsKw?= 12\r\n\
             Date: {date}\r\n\
             Message-ID: <{}>\r\n\
             In-Reply-To: <1@x.example>\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             Bonjour,\r\n",
            message.id()
        )
    );
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let written = Part::parse(raw(&message).as_bytes());
    assert_eq!(
        names,
        written
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
    );
    assert_eq!(headers[2].1, "Hélène <helene@xn--mairie-vian-hbb.example>, b@c.example");
    assert_eq!(headers[3].1, "Arrêté n° 12");
    assert_eq!(headers.last().unwrap().1, "7bit");
}

#[test]
fn the_message_id_is_random_and_of_the_domain_of_from() {
    let (one, two) = (accept(draft()), accept(draft()));
    assert_ne!(one.id(), two.id());
    assert!(one.id().ends_with("@mairie.example") && !one.id().contains(['<', '>']));
    assert_eq!(raw(&one), raw(&one), "the second reading differs");
}

#[test]
fn the_envelope_holds_everybody_once() {
    let mut draft = draft();
    draft.to = vec!["A <a@x.example>".into(), "b@x.example".into()];
    draft.cc = vec!["a@X.EXAMPLE".into(), "C@x.example".into()];
    draft.bcc = vec!["c@x.example".into(), "d@x.example".into()];
    let message = accept(draft);
    assert_eq!(message.envelope().sender.as_deref(), Some("envoi@mairie.example"));
    assert_eq!(
        message.envelope().recipients,
        [
            "a@x.example",
            "b@x.example",
            "C@x.example",
            "c@x.example",
            "d@x.example"
        ]
    );
}

#[test]
fn the_sender_can_be_another_or_nobody() {
    let mut other = draft();
    other.sender = Some("retours@mairie.example".into());
    let message = accept(other);
    assert_eq!(message.envelope().sender.as_deref(), Some("retours@mairie.example"));
    assert!(!raw(&message).contains("retours@"));
    let mut nobody = draft();
    nobody.sender = Some("<>".into());
    assert_eq!(accept(nobody).envelope().sender, None);
    let mut empty = draft();
    empty.sender = Some(String::new());
    let error = empty.accept(&Limits::default()).unwrap_err().remove(0);
    assert_eq!((error.field.as_str(), error.reason), ("sender", Reason::Empty));
}

#[test]
fn bcc_is_in_no_header_unless_the_envelope_is_asked_for() {
    let mut draft = draft();
    draft.cc = vec!["c@x.example".into(), "A bis <a@b.example>".into()];
    draft.bcc = vec!["Secret <s@x.example>".into(), "c@x.example".into()];
    let message = accept(draft);
    assert!(!raw(&message).contains("s@x.example") && !raw(&message).contains("Bcc"));
    assert!(
        message
            .headers()
            .iter()
            .all(|(name, value)| name != "Bcc" && !value.contains("s@x.example"))
    );
    let root = addressed(&message);
    assert_eq!(root.all("To"), ["a@b.example"]);
    assert_eq!(root.all("Cc"), ["c@x.example"]);
    assert_eq!(root.all("Bcc"), ["Secret <s@x.example>"]);
}

#[test]
fn a_message_to_bcc_only_has_no_to() {
    let mut draft = draft();
    draft.to.clear();
    draft.bcc = vec!["s@x.example".into()];
    let message = accept(draft);
    assert!(Part::parse(raw(&message).as_bytes()).all("To").is_empty());
    assert_eq!(addressed(&message).all("Bcc"), ["s@x.example"]);
}

#[test]
fn parts_are_nested_as_readers_expect() {
    let mut draft = draft();
    draft.text = Some("a".into());
    draft.html = Some("<img src=\"cid:logo%40x\">".into());
    draft.attachments = vec![
        attachment("a.pdf", "1"),
        attachment("logo.png", "2"),
        attachment("b.txt", "3"),
    ];
    draft.attachments[1].content_id = Some("logo@x".into());
    draft.attachments[2].content_id = Some("not-shown".into());
    let message = accept(draft);
    let root = Part::parse(raw(&message).as_bytes());
    assert_eq!(root.kind(), "multipart/mixed");
    let kinds: Vec<&str> = root.parts.iter().map(Part::kind).collect();
    assert_eq!(kinds, ["multipart/alternative", "application/pdf", "text/plain"]);
    let alternative = &root.parts[0];
    assert_eq!(alternative.parts[0].kind(), "text/plain");
    let related = &alternative.parts[1];
    assert_eq!(related.kind(), "multipart/related");
    assert_eq!(related.parts[0].kind(), "text/html");
    assert_eq!(related.parts[1].header("Content-ID"), Some("<logo@x>"));
    assert!(
        related.parts[1]
            .header("Content-Disposition")
            .unwrap()
            .starts_with("inline")
    );
    assert!(
        root.parts[2]
            .header("Content-Disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(message.attachments().len(), 3);
    assert_eq!(
        message.headers().last().unwrap().1.split(';').next(),
        Some("multipart/mixed")
    );
}

#[test]
fn html_alone_and_text_alone_are_single_parts() {
    let mut html = draft();
    html.html = Some("<p>".into());
    assert_eq!(Part::parse(raw(&accept(html)).as_bytes()).kind(), "text/html");
    assert_eq!(Part::parse(raw(&accept(draft())).as_bytes()).kind(), "text/plain");
}

#[test]
fn a_name_with_accents_is_written_in_both_ways() {
    let name = "Délibération n° 4 — séance du conseil municipal de décembre.pdf";
    let mut draft = draft();
    draft.attachments = vec![
        attachment(name, "x"),
        attachment("a \"b\" \\c.pdf", "x"),
        attachment("dir/plain name.txt", "x"),
    ];
    let message = accept(draft);
    let mime = raw(&message);
    let root = Part::parse(mime.as_bytes());
    assert_eq!(unword(&root.parts[1].parameter("Content-Type", "name").unwrap()), name);
    assert!(mime.contains("; filename*=utf-8''D%C3%A9lib") || mime.contains(";\r\n filename*=utf-8''D%C3%A9lib"));
    for line in mime.lines().filter(|line| line.contains("=?")) {
        assert!(line.len() <= 76, "{line}");
    }
    assert_eq!(
        root.parts[2].parameter("Content-Disposition", "filename").unwrap(),
        "c.pdf"
    );
    assert_eq!(
        root.parts[3].parameter("Content-Disposition", "filename").unwrap(),
        "plain name.txt"
    );
    assert_eq!(message.attachments()[0].content_type(), "application/pdf");
    assert_eq!(message.attachments()[2].name(), Some("plain name.txt"));
}

#[test]
fn a_quotation_mark_in_a_name_does_not_end_it() {
    let mut draft = draft();
    draft.attachments = vec![attachment("a\"; x=\"b.pdf", "x")];
    let root = Part::parse(raw(&accept(draft)).as_bytes());
    assert_eq!(
        root.parts[1].parameter("Content-Disposition", "filename").unwrap(),
        "a\"; x=\"b.pdf"
    );
}

#[test]
fn a_name_that_looks_encoded_is_not_decoded_by_anybody() {
    let mut draft = draft();
    draft.attachments = vec![attachment("=?utf-8?q?=0D=0AX:_y?=.pdf", "x")];
    let mime = raw(&accept(draft));
    assert!(
        !mime.contains("=0D=0A") && mime.contains("filename*=utf-8''%3D%3Futf-8"),
        "{mime}"
    );
}

#[test]
fn a_mail_as_an_attachment_is_not_called_a_message() {
    let mut draft = draft();
    draft.attachments = vec![attachment("a.eml", "Subject: x\r\n\r\ny")];
    let message = accept(draft);
    assert_eq!(message.attachments()[0].content_type(), "message/rfc822");
    assert_eq!(
        Part::parse(raw(&message).as_bytes()).parts[1].kind(),
        "application/octet-stream"
    );
}

#[test]
fn a_thousand_recipients_make_no_long_line() {
    let mut draft = draft();
    draft.to = (0..1000).map(|i| format!("user{i}@example.org")).collect();
    let message = accept(draft);
    assert_wire_safe(raw(&message).as_bytes());
    assert!(raw(&message).lines().all(|line| line.len() <= 78));
    assert_eq!(message.envelope().recipients.len(), 1000);
}

#[test]
fn a_message_shows_no_address_in_a_log() {
    let message = accept(draft());
    assert!(!format!("{message:?}").contains("a@b.example"));
}
