//! One in, one out: whatever a body or an attachment holds, the bytes keep to the rules of the wire and decode to what
//! was given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use relais_message::{Addressing, Framing, Message};
use support::*;

/// Text rich in what breaks mail.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n.\n".to_owned()),
        Just("\r\n.\r\n".to_owned()),
        Just("\n..".to_owned()),
        Just("\nFrom ".to_owned()),
        Just(".".to_owned()),
        Just("\0".to_owned()),
        Just(" \n".to_owned()),
        Just("\t".to_owned()),
        Just("=".to_owned()),
        Just("--=_\n".to_owned()),
        Just("é".to_owned()),
        Just("📬".to_owned()),
        "[ -~]{0,80}",
        (990usize..1010).prop_map(|length| "x".repeat(length)),
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The same without CR and NUL, so that the encodings that keep lines are reached as often as base64.
fn lines() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(['\r', '\0'], ""))
}

fn body() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![text(), lines()])
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        text().prop_map(String::into_bytes),
        vec(any::<u8>(), 0..400),
        Just(Vec::new())
    ]
}

fn check(message: &Message) -> Vec<u8> {
    let raw = read(message.mime(Addressing::Written, Framing::Raw));
    assert_wire_safe(&raw);
    assert_eq!(message.size(), raw.len() as u64);
    for addressing in [Addressing::Written, Addressing::Envelope] {
        let raw = read(message.mime(addressing, Framing::Raw));
        let stuffed = read(message.mime(addressing, Framing::DotStuffed));
        assert!(stuffed.ends_with(b"\r\n.\r\n"));
        assert_eq!(unstuff(&stuffed), raw);
    }
    raw
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_html_and_attachments_arrive_as_given(
        text in body(),
        html in body(),
        contents in vec((content(), any::<bool>()), 0..4),
    ) {
        let mut draft = draft();
        draft.text = text.clone();
        draft.html = html.clone().map(|html| format!("<img src=\"cid:part0\">{html}"));
        for (index, (content, named)) in contents.iter().enumerate() {
            let mut attachment = attachment("pièce.bin", content.clone());
            attachment.content_id = named.then(|| format!("part{index}"));
            draft.attachments.push(attachment);
        }
        let wanted_html = draft.html.clone();
        let root = Part::parse(&check(&accept(draft)));

        let leaves = root.leaves();
        let named = |kind: &str| leaves.iter().find(|part| part.kind() == kind && part.header("Content-Disposition").is_none());
        if let Some(html) = &wanted_html {
            prop_assert_eq!(&named("text/html").unwrap().body, html.as_bytes());
        }
        match &text {
            Some(text) => prop_assert_eq!(&named("text/plain").unwrap().body, text.as_bytes()),
            None => prop_assert!(wanted_html.is_some() || named("text/plain").unwrap().body.is_empty()),
        }
        let mut arrived: Vec<&Vec<u8>> = leaves.iter().filter(|part| part.header("Content-Disposition").is_some()).map(|part| &part.body).collect();
        let mut sent: Vec<&Vec<u8>> = contents.iter().map(|(content, _)| content).collect();
        arrived.sort();
        sent.sort();
        prop_assert_eq!(arrived, sent);
    }

    #[test]
    fn any_text_alone_arrives_as_given(text in prop_oneof![text(), lines()]) {
        let mut draft = draft();
        draft.text = Some(text.clone());
        let root = Part::parse(&check(&accept(draft)));
        prop_assert_eq!(root.body, text.into_bytes());
    }

    #[test]
    fn any_subject_is_refused_or_arrives_as_given(subject in prop_oneof![text(), lines(), "[ -~é]{0,200}"]) {
        let mut draft = draft();
        draft.subject = subject.clone();
        match draft.accept(&Default::default()) {
            Err(errors) => {
                prop_assert_eq!(errors[0].field.as_str(), "subject");
                let too_long = subject.split(' ').any(|word| word.len() > 900);
                prop_assert!(too_long || subject.chars().any(char::is_control));
            }
            Ok(message) => {
                let root = Part::parse(&check(&message));
                prop_assert_eq!(root.all("Subject").len(), 1);
                let arrived = unword(root.header("Subject").unwrap());
                prop_assert_eq!(arrived.trim_matches(' '), subject.trim_matches(' '));
            }
        }
    }

    #[test]
    fn any_name_is_refused_or_adds_no_header_field(name in "\\PC{0,30}|[ -~\r\n\0]{0,30}") {
        let mut plain = draft();
        plain.text = Some("x".into());
        let fields = Part::parse(&check(&accept(plain.clone()))).headers.len();
        let mut named = plain;
        named.to = vec![format!("\"{}\" <a@b.example>", name.replace('\\', "\\\\").replace('"', "\\\""))];
        if let Ok(message) = named.accept(&Default::default()) {
            let root = Part::parse(&check(&message));
            prop_assert_eq!(root.headers.len(), fields);
            prop_assert_eq!(message.envelope().recipients.as_slice(), ["a@b.example"]);
        } else {
            prop_assert!(name.chars().any(|c| c.is_control() || !c.is_ascii()));
        }
    }
}

#[test]
fn a_text_with_a_lone_dot_ends_nothing() {
    let mut draft = draft();
    draft.text = Some("a\n.\nQUIT\n..\n".into());
    let message = accept(draft);
    let stuffed = read(message.mime(Addressing::Written, Framing::DotStuffed));
    assert!(stuffed.ends_with(b"\r\n\r\na\r\n..\r\nQUIT\r\n...\r\n.\r\n"));
    check(&message);
}

#[test]
fn a_message_without_a_body_ends_with_one_dot_only() {
    let message = accept(draft());
    let stuffed = read(message.mime(Addressing::Written, Framing::DotStuffed));
    assert!(stuffed.ends_with(b"7bit\r\n\r\n.\r\n"));
    assert!(Part::parse(&check(&message)).body.is_empty());
}

#[test]
fn a_header_name_that_begins_with_a_dot_is_stuffed() {
    let mut draft = draft();
    draft.headers.push((".X".into(), "y".into()));
    let message = accept(draft);
    check(&message);
    let stuffed = read(message.mime(Addressing::Written, Framing::DotStuffed));
    assert!(stuffed.windows(8).any(|window| window == b"\r\n..X: y"));
}

#[test]
fn a_small_message_is_one_block() {
    let mut draft = draft();
    draft.text = Some("Une ligne de texte.\n".repeat(100));
    let message = accept(draft);
    for addressing in [Addressing::Written, Addressing::Envelope] {
        for framing in [Framing::Raw, Framing::DotStuffed] {
            assert_eq!(blocks(message.mime(addressing, framing)).len(), 1);
        }
    }
}

#[test]
fn big_texts_cross_the_blocks_unharmed() {
    for text in [
        ".\n".repeat(150_000),
        "é\n.x\n".repeat(60_000),
        "a\r.\r\n".repeat(60_000),
        "x".repeat(300_000),
    ] {
        let mut draft = draft();
        draft.text = Some(text.clone());
        draft.attachments.push(attachment("a.bin", vec![b'.'; 200_001]));
        let root = Part::parse(&check(&accept(draft)));
        assert!(root.leaves()[0].body == text.as_bytes());
        assert!(root.leaves()[1].body == vec![b'.'; 200_001]);
    }
}

#[test]
fn attachments_of_every_size_around_a_line_and_a_block_are_exact() {
    for size in [
        0, 1, 56, 57, 58, 113, 114, 47_000, 47_879, 47_880, 47_881, 49_151, 49_152, 49_153, 65_536, 100_000,
    ] {
        let content: Vec<u8> = (0..size).map(|i: u32| (i % 251) as u8).collect();
        let mut draft = draft();
        draft.attachments.push(attachment("a.bin", content.clone()));
        let message = accept(draft);
        let root = Part::parse(&check(&message));
        assert!(root.leaves()[1].body == content, "{size}");
        let attachment = &message.attachments()[0];
        assert_eq!(attachment.size(), u64::from(size));
        assert!(read(attachment.content()) == content);
        let line = read(attachment.base64());
        assert!(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, line).unwrap() == content);
    }
}
