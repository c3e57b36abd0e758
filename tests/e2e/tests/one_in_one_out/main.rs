//! One message in is one message out, whatever stands in it.
//!
//! A header field that could break out of its place is refused by name. A body or an attachment is never refused: what arrives,
//! read by a program that is not ours, is the very bytes that were given. The server is a Postfix that lets a lone LF end a line,
//! which takes `\n.\r\n` inside a message for its end and what follows for commands; without Postfix, the catcher, which refuses
//! any lone CR or LF.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod sink;
mod strategies;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use relais_e2e::{Decoded, Postfix, Reader, accept, attachment, draft, send};
use relais_message::{Draft, Limits, Source};
use relais_sandbox::Session;

use sink::{Sink, say_raw};
use strategies::{FRAGMENTS, Mail, fragment_bytes, fragment_text, mails};

const CASES: u32 = 96;

/// What is wrong with the message that arrived for a draft.
fn difference(draft: &Draft, arrived: &Decoded) -> Option<String> {
    for (name, given, found) in [
        ("text", &draft.text, arrived.text()),
        ("html", &draft.html, arrived.html()),
    ] {
        // A mail without a body has an empty one.
        let (given, found) = (given.as_deref().unwrap_or_default(), found.unwrap_or_default());
        if given.as_bytes() != found {
            return Some(format!("{name}: {:?}", String::from_utf8_lossy(found)));
        }
    }
    let attachments = arrived.attachments();
    if attachments.len() != draft.attachments.len() {
        return Some(format!("{} attachments", attachments.len()));
    }
    for (given, found) in draft.attachments.iter().zip(attachments) {
        let Source::Bytes(content) = &given.source else {
            panic!("attachments are in memory here")
        };
        if found.content != content[..] || found.name != given.name {
            return Some(format!(
                "attachment {:?}: {:?}",
                found.name,
                String::from_utf8_lossy(&found.content)
            ));
        }
    }
    let subject = [("Subject".to_owned(), draft.subject.clone())];
    for (name, given) in subject.iter().chain(&draft.headers) {
        let found = arrived.header(name).unwrap_or_default();
        if found != given {
            return Some(format!("{name}: {found:?}"));
        }
    }
    (!arrived.defects.is_empty()).then(|| format!("defects: {:?}", arrived.defects))
}

/// Otherwise nothing here could fail: what the host never writes has to be dangerous to this very server.
#[test]
fn the_server_makes_two_messages_of_one_where_a_lone_lf_is_let_through() {
    let Some(postfix) = Postfix::start() else { return };
    let smuggled = "Subject: un\r\n\r\nAvant\n.\r\nMAIL FROM:<pirate@exemple.example>\r\n\
                    RCPT TO:<victime@exemple.example>\r\nDATA\r\nSubject: deux\r\n\r\nApres\r\n.\r\n";
    let lines = [
        "HELO x\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "DATA\r\n",
        smuggled,
    ];
    let replies = say_raw(postfix.port(), &lines);
    assert!(
        replies.last().is_some_and(|reply| reply.starts_with("250")),
        "{replies:?}"
    );
    assert_eq!(postfix.take(2).len(), 2);
}

#[tokio::test]
async fn every_pair_of_body_and_attachment_arrives_as_it_was_given() {
    let Some(mut reader) = Reader::start() else { return };
    let sink = Sink::start().await;
    let mut session = sink.target().open().await;
    let mut sent = Vec::new();
    for (first, text) in FRAGMENTS.iter().enumerate() {
        for (second, content) in FRAGMENTS.iter().enumerate() {
            let html = FRAGMENTS[(first + second) % FRAGMENTS.len()];
            let mut mail = draft(&format!("Paire {first}, {second}"));
            mail.text = Some(format!("Avant{}après", fragment_text(text)));
            mail.html = Some(format!("{}<p>", fragment_text(html)));
            mail.attachments = vec![attachment(
                "pièce.bin",
                [b"1", fragment_bytes(content).as_slice(), b"2"].concat(),
            )];
            send(&mut session, &accept(mail.clone()))
                .await
                .unwrap_or_else(|failure| panic!("{mail:?}: {failure}"));
            sent.push(mail);
        }
    }
    session.close().await;
    let arrived = reader.read_all(&sink.take(sent.len()).await);
    for mail in &sent {
        let mut found = arrived
            .iter()
            .filter(|message| message.header("Subject") == Some(&mail.subject));
        let message = found
            .next()
            .unwrap_or_else(|| panic!("`{}` did not arrive", mail.subject));
        assert!(found.next().is_none(), "`{}` arrived twice", mail.subject);
        assert_eq!(difference(mail, message), None, "{mail:?}");
    }
    assert!(sink.is_idle_and_empty());
}

#[tokio::test]
async fn each_fragment_alone_as_the_whole_body_or_attachment_arrives_as_it_was_given() {
    let Some(mut reader) = Reader::start() else { return };
    let sink = Sink::start().await;
    let mut session = sink.target().open().await;
    for fragment in FRAGMENTS {
        let whole = fragment_text(fragment);
        let alone = Draft {
            text: Some(whole.clone()),
            ..draft("Texte seul")
        };
        let html = Draft {
            text: None,
            html: Some(whole),
            ..draft("HTML seul")
        };
        let file = Draft {
            text: None,
            attachments: vec![attachment("seul.txt", fragment_bytes(fragment))],
            ..draft("Fichier seul")
        };
        for mail in [alone, html, file] {
            send(&mut session, &accept(mail.clone()))
                .await
                .unwrap_or_else(|failure| panic!("{mail:?}: {failure}"));
            let arrived = reader.read(&sink.take(1).await[0]);
            assert_eq!(difference(&mail, &arrived), None, "{mail:?}");
        }
    }
    assert!(sink.is_idle_and_empty());
}

/// Drafts with a value in one header field each, by the name of the field.
fn with_header_value(value: &str) -> [(&'static str, Draft); 3] {
    let subject = draft(value);
    let header = Draft {
        headers: vec![("X-EzGED-Dossier".to_owned(), value.to_owned())],
        ..draft("Dossier")
    };
    let name = Draft {
        attachments: vec![attachment(value, b"contenu".as_slice())],
        ..draft("Fichier")
    };
    [
        ("subject", subject),
        ("headers[0].value", header),
        ("attachments[0].name", name),
    ]
}

#[tokio::test]
async fn each_fragment_in_a_header_field_is_refused_by_the_fields_name_or_arrives_as_it_was_given() {
    let Some(mut reader) = Reader::start() else { return };
    let sink = Sink::start().await;
    let mut session = sink.target().open().await;
    let mut accepted = 0;
    for fragment in FRAGMENTS {
        for (field, mail) in with_header_value(&format!("avant{}après", fragment_text(fragment))) {
            let message = match mail.clone().accept(&Limits::default()) {
                Ok(message) => message,
                Err(errors) => {
                    let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
                    assert_eq!(named, [field], "{fragment:?}");
                    continue;
                }
            };
            assert!(
                !fragment.contains(char::is_control),
                "{fragment:?} was accepted in {field}"
            );
            accepted += 1;
            send(&mut session, &message)
                .await
                .unwrap_or_else(|failure| panic!("{mail:?}: {failure}"));
            let arrived = reader.read(&sink.take(1).await[0]);
            assert_eq!(difference(&mail, &arrived), None, "{mail:?}");
        }
    }
    assert!(accepted > 0, "everything was refused");
    assert!(sink.is_idle_and_empty());
}

/// Sends one generated mail and looks at what arrived.
async fn check(mail: Mail, session: &mut Session, reader: &mut Reader, sink: &Sink) -> Result<(), TestCaseError> {
    let expected = mail.hostile_fields();
    let draft = mail.draft();
    let message = match draft.clone().accept(&Limits::default()) {
        Ok(message) => message,
        Err(errors) => {
            let mut refused: Vec<String> = errors.into_iter().map(|error| error.field).collect();
            refused.sort();
            let same = refused == expected;
            return if same {
                Ok(())
            } else {
                fail(format!("refused {refused:?}, expected {expected:?}"))
            };
        }
    };
    if !expected.is_empty() {
        return fail(format!("accepted in spite of {expected:?}"));
    }
    if let Err(failure) = send(session, &message).await {
        return fail(failure.to_string());
    }
    let arrived = sink.take(1).await;
    match difference(&draft, &reader.read(&arrived[0])) {
        Some(difference) => fail(difference),
        None => Ok(()),
    }
}

fn fail(why: String) -> Result<(), TestCaseError> {
    Err(TestCaseError::fail(why))
}

#[test]
fn whatever_stands_in_a_mail_it_is_refused_by_the_fields_name_or_arrives_whole_and_once() {
    let seed: u64 = std::env::var("RELAIS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20261121);
    println!("RELAIS_SEED={seed}");
    let Some(reader) = Reader::start() else { return };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let sink = runtime.block_on(Sink::start());
    let session = RefCell::new(runtime.block_on(sink.target().open()));
    let reader = RefCell::new(reader);
    let outcome = runner.run(&mails(), |mail| {
        runtime.block_on(check(mail, &mut session.borrow_mut(), &mut reader.borrow_mut(), &sink))
    });
    assert!(outcome.is_ok(), "RELAIS_SEED={seed}: {}", outcome.unwrap_err());

    // What a message that split in two left behind would have arrived by now.
    runtime.block_on(session.into_inner().close());
    assert!(
        sink.is_idle_and_empty(),
        "RELAIS_SEED={seed}: more arrived than was sent"
    );
}
