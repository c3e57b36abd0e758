//! A message that was stored and restored is the message that it was, to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{self, Read};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use relais_message::{Addressing, Draft, Framing, Message, ReadAt, RestoreError, Source};
use support::*;

/// A spool file, which gives what is asked for in pieces.
#[derive(Debug)]
struct Spool(Vec<u8>);

impl ReadAt for Spool {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let count = buf.len().min(rest.len()).min(10_007);
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// What a store keeps of a message.
fn stored(message: &Message) -> (Vec<u8>, Vec<u8>) {
    let mut body = b"what another message left".to_vec();
    let mut offsets = Vec::new();
    for content in message.contents() {
        offsets.push(body.len() as u64);
        let before = body.len();
        content.reader().unwrap().read_to_end(&mut body).unwrap();
        assert_eq!((body.len() - before) as u64, content.len().unwrap());
        body.extend(b"|");
    }
    (message.head(&offsets), body)
}

fn spooled(body: &[u8]) -> Source {
    let mut bytes = b"before".to_vec();
    bytes.extend(body);
    bytes.extend(b"after");
    Source::Range {
        file: Arc::new(Spool(bytes)),
        offset: 6,
        len: body.len() as u64,
    }
}

fn written(message: &Message) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for addressing in [Addressing::Written, Addressing::Envelope] {
        for framing in [Framing::Raw, Framing::DotStuffed] {
            all.push(read(message.mime(addressing, framing)));
        }
    }
    all
}

fn assert_same(one: &Message, other: &Message) {
    assert!(written(one) == written(other), "other bytes");
    assert_eq!(one.envelope(), other.envelope());
    assert_eq!((one.id(), one.size()), (other.id(), other.size()));
    assert_eq!(one.subject(), other.subject());
    assert_eq!((one.from(), one.reply_to()), (other.from(), other.reply_to()));
    assert_eq!((one.to(), one.cc(), one.bcc()), (other.to(), other.cc(), other.bcc()));
    assert_eq!(one.headers(), other.headers());
    assert_eq!(one.text().unwrap(), other.text().unwrap());
    assert_eq!(one.html().unwrap(), other.html().unwrap());
    assert_eq!(one.attachments().len(), other.attachments().len());
    for (a, b) in one.attachments().iter().zip(other.attachments()) {
        assert_eq!((a.name(), a.content_type()), (b.name(), b.content_type()));
        assert_eq!((a.content_id(), a.size()), (b.content_id(), b.size()));
        assert!(read(a.content()) == read(b.content()));
        assert!(read(a.base64()) == read(b.base64()));
    }
}

fn assert_restored(message: &Message) {
    let (head, body) = stored(message);
    for source in [spooled(&body), Source::Bytes(body.into())] {
        let restored = Message::restore(&head, &source).unwrap();
        assert_same(message, &restored);
        let (again, body) = stored(&restored);
        assert_same(message, &Message::restore(&again, &Source::Bytes(body.into())).unwrap());
    }
}

fn email() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,9}@[a-z]{1,9}\\.example",
        "[A-Zé]{1,5} [a-z]{0,5} <[a-z]{1,9}@[a-zé]{1,9}\\.example>",
        "[a-zé]{1,5}é@b\\.example",
    ]
}

fn drafts() -> impl Strategy<Value = Draft> {
    let text = || {
        proptest::option::of(prop_oneof![
            "[ -~\r\né]{0,300}",
            (65_530usize..65_545).prop_map(|length| "é.\n".repeat(length / 4) + &"x".repeat(length % 4)),
        ])
    };
    let attachment = (
        proptest::option::of("[a-zé ]{1,20}\\.pdf"),
        proptest::option::of("[a-z]{1,8}"),
        vec(any::<u8>(), 0..300),
    );
    (
        (
            vec(email(), 1..4),
            vec(email(), 0..3),
            vec(email(), 0..3),
            vec(email(), 0..2),
        ),
        "[ -~é]{0,80}",
        (text(), text()),
        vec(("X-[A-Za-z]{1,9}", "[ -~é]{0,40}"), 0..3),
        vec(attachment, 0..4),
        prop_oneof![Just(None), Just(Some("<>".to_owned())), email().prop_map(Some)],
    )
        .prop_map(
            |((to, cc, bcc, reply_to), subject, (text, html), headers, files, sender)| {
                let attachments = files.into_iter().map(|(name, content_id, content)| {
                    let mut attachment = attachment_of(content);
                    attachment.name = name.map(|name| name.trim().to_owned());
                    attachment.content_id = content_id;
                    attachment
                });
                Draft {
                    sender,
                    to,
                    cc,
                    bcc,
                    reply_to,
                    subject,
                    text,
                    html,
                    headers,
                    attachments: attachments.collect(),
                    ..draft()
                }
            },
        )
}

fn attachment_of(content: Vec<u8>) -> relais_message::DraftAttachment {
    attachment("x", content)
}

#[test]
fn any_mime_comes_back_as_it_was() {
    for mime in support::corpus::messages() {
        let mut draft = mime_draft(&mime);
        assert_restored(&draft.clone().accept(&Default::default()).unwrap());
        draft.source = spooled(&mime);
        assert_restored(&draft.accept(&Default::default()).unwrap());
    }
}

#[test]
fn a_damaged_head_of_a_mime_ends_nothing() {
    let mime = &support::corpus::messages()[5];
    let (head, body) = stored(&mime_draft(mime).accept(&Default::default()).unwrap());
    let body = Source::Bytes(body.into());
    for at in 0..head.len() {
        assert!(Message::restore(&head[..at], &body).is_err());
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut head = head.clone();
            head[at] = byte;
            if let Ok(message) = Message::restore(&head, &body) {
                let mut mime = message.mime(Addressing::Envelope, Framing::DotStuffed);
                runtime().block_on(async { while let Ok(Some(_)) = mime.next().await {} });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_draft_comes_back_as_it_was(draft in drafts()) {
        assert_restored(&accept(draft));
    }

    #[test]
    fn a_head_that_was_cut_is_refused(draft in drafts(), cut in any::<prop::sample::Index>()) {
        let (mut head, body) = stored(&accept(draft));
        head.truncate(cut.index(head.len()));
        prop_assert!(matches!(Message::restore(&head, &Source::Bytes(body.into())), Err(RestoreError::Head)));
    }

    #[test]
    fn a_head_that_was_damaged_ends_nothing(draft in drafts(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (mut head, body) = stored(&accept(draft));
        let at = at.index(head.len());
        head[at] = byte;
        let _ = Message::restore(&head, &Source::Bytes(body.into()));
    }
}

#[test]
fn a_file_is_stored_as_it_was_when_it_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, vec![7; 300_000]).unwrap();
    let mut draft = draft();
    draft.attachments = vec![attachment("a.pdf", "")];
    draft.attachments[0].source = Source::File { path: path.clone() };
    let message = accept(draft);
    assert_restored(&message);
    std::fs::write(&path, vec![7; 300_001]).unwrap();
    let error = message.contents()[0].reader().unwrap().read_to_end(&mut Vec::new());
    assert!(error.unwrap_err().to_string().contains("changed"));
}

#[test]
fn small_texts_are_no_contents_and_large_ones_are() {
    let mut draft = draft();
    draft.text = Some("x".repeat(64 * 1024));
    draft.html = Some("x".repeat(64 * 1024 + 1));
    draft.attachments = vec![attachment("a", "")];
    let lengths = |message: &Message| -> Vec<u64> { message.contents().iter().map(|c| c.len().unwrap()).collect() };
    assert_eq!(lengths(&accept(draft)), [64 * 1024 + 1, 0]);
}

#[test]
fn a_body_that_was_cut_is_refused() {
    let mut draft = draft();
    draft.attachments = vec![attachment("a", "0123456789")];
    let message = accept(draft);
    let (head, mut body) = stored(&message);
    body.truncate(body.len() - 2);
    for source in [spooled(&body), Source::Bytes(body.into())] {
        assert!(matches!(Message::restore(&head, &source), Err(RestoreError::Body)));
    }
    let without_places = message.head(&[]);
    let all = Source::Bytes(vec![0; 100].into());
    assert!(matches!(
        Message::restore(&without_places, &all),
        Err(RestoreError::Body)
    ));
}

#[test]
fn a_head_of_a_later_version_is_named() {
    let (mut head, body) = stored(&accept(draft()));
    head[0] = 200;
    let error = Message::restore(&head, &Source::Bytes(body.into())).unwrap_err();
    assert!(matches!(error, RestoreError::Version(200)));
    assert!(error.text("fr").contains("200") && error.text("en").contains("200"));
}

#[test]
fn a_head_of_version_1_is_read_for_ever() {
    // As written by the first release: from, to and cc, a text, a header field, an attachment of 3 bytes at 2.
    let head: &[u8] = include_bytes!("head-v1.bin");
    let message = Message::restore(head, &Source::Bytes("..PDF..".into())).unwrap();
    assert_eq!(message.id(), "0123456789abcdef0123456789abcdef@mairie.example");
    assert_eq!(message.envelope().sender.as_deref(), Some("retours@mairie.example"));
    assert_eq!(message.envelope().recipients, ["a@b.example", "c@d.example"]);
    assert_eq!(message.from().to_string(), "Mairie <envoi@mairie.example>");
    assert_eq!(
        (message.subject(), message.text().unwrap()),
        ("Reçu", Some("Bonjour,\n"))
    );
    assert_eq!(
        message
            .headers()
            .iter()
            .filter(|(name, value)| name == "X-A" && value == "b")
            .count(),
        1
    );
    assert_eq!(message.attachments()[0].name(), Some("reçu.pdf"));
    assert_eq!(read(message.attachments()[0].content()), b"PDF");
}

#[test]
fn a_head_of_a_mime_of_version_1_is_read_for_ever() {
    // As written by the first release, of this MIME with two other bytes before it.
    let mime = "Subject: x\nFrom: a@b.example\n\n\u{e9}t\u{e9}\n";
    let message = Message::restore(
        include_bytes!("head-v1-mime.bin"),
        &Source::Bytes(format!("..{mime}").into()),
    )
    .unwrap();
    assert_eq!(message.envelope().recipients, ["c@d.example"]);
    assert_eq!((message.subject(), message.text().unwrap()), ("x", Some("été\n")));
    let raw = String::from_utf8(read(message.mime(Addressing::Written, Framing::Raw))).unwrap();
    assert!(raw.starts_with("Subject: x\r\nFrom: a@b.example\r\nDate: ") && raw.ends_with("\r\n\r\n=C3=A9t=C3=A9\r\n"));
}

#[test]
fn other_recipients_change_the_envelope_only() {
    let mut draft = draft();
    draft.cc = vec!["c@d.example".into()];
    let message = accept(draft);
    let part = message.with_recipients(vec!["c@d.example".into()]);
    assert_eq!(part.envelope().recipients, ["c@d.example"]);
    assert_eq!(part.envelope().sender, message.envelope().sender);
    let raw = |m: &Message| read(m.mime(Addressing::Written, Framing::Raw));
    assert_eq!(raw(&part), raw(&message));
    let addressed = Part::parse(&read(part.mime(Addressing::Envelope, Framing::Raw)));
    assert_eq!(
        (addressed.header("To"), addressed.header("Cc")),
        (None, Some("c@d.example"))
    );
    assert_restored(&part);
}

#[test]
fn an_address_with_other_letters_needs_smtputf8() {
    assert!(!accept(draft()).needs_smtputf8());
    let mut shown = draft();
    shown.cc = vec!["Hélène <hélène@mairie-évian.example>".into()];
    let message = accept(shown);
    assert!(message.needs_smtputf8() && message.eight_bit());
    let raw = String::from_utf8(read(message.mime(Addressing::Written, Framing::Raw))).unwrap();
    assert!(
        raw.contains("Cc: =?utf-8?b?SMOpbMOobmU=?= <hélène@xn--mairie-vian-hbb.example>\r\n"),
        "{raw}"
    );
    let mut hidden = draft();
    hidden.bcc = vec!["hélène@b.example".into()];
    let message = accept(hidden);
    assert!(message.needs_smtputf8() && !message.eight_bit());
    assert!(!message.with_recipients(vec!["a@b.example".into()]).needs_smtputf8());
}
