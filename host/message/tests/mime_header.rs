//! The header of a MIME that came in: who sends and who receives, what leaves and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Addressing, Flaw, Framing, Limits, MimeDraft, Reason};
use support::mime::*;
use support::*;

#[test]
fn nobody_sees_who_else_receives() {
    let mime = "From: a@b.example\nTo: c@d.example\nBcc: e@f.example,\n g@h.example\nResent-Bcc : i@j.example\n\
                Return-Path: <k@l.example>\nbcc:m@n.example\nSubject: x\n\ny\n";
    let mut draft = mime_draft(mime.as_bytes());
    draft.recipients.clear();
    assert_eq!(
        draft.clone().accept(&Limits::default()).unwrap_err()[0].reason,
        Reason::NoRecipients
    );
    draft.recipients_from_header = true;
    let message = draft.accept(&Limits::default()).unwrap();
    // A message that was resent goes to those to whom it was resent.
    assert_eq!(message.envelope().recipients, ["i@j.example"]);
    assert_eq!(message.bcc().len(), 3);
    for hidden in ["e@f", "g@h", "i@j", "k@l", "m@n"] {
        assert!(!written(&message).contains(hidden), "{hidden}");
        assert!(!message.headers().iter().any(|(_, value)| value.contains(hidden)));
    }
    let mut draft = mime_draft(mime.replace("Resent-Bcc : i@j.example\n", "").as_bytes());
    draft.recipients = vec!["Z <z@z.example>".into(), "c@D.example".into()];
    draft.recipients_from_header = true;
    let message = draft.accept(&Limits::default()).unwrap();
    assert_eq!(
        message.envelope().recipients,
        [
            "z@z.example",
            "c@D.example",
            "e@f.example",
            "g@h.example",
            "m@n.example"
        ]
    );
}

#[test]
fn the_envelope_is_shown_where_a_service_reads_it_from_the_header() {
    let mime =
        "To: A <a@b.example>, x@y.example\nSubject: s\nFrom: a@b.example\nCC: c@d.example\nTo: q@r.example\n\n.\n";
    let mut draft = mime_draft(mime.as_bytes());
    draft.recipients = vec!["c@d.example".into(), "a@b.example".into(), "z@z.example".into()];
    let message = draft.accept(&Limits::default()).unwrap();
    let addressed = read(message.mime(Addressing::Envelope, Framing::Raw));
    let text = String::from_utf8(addressed).unwrap();
    assert!(
        text.starts_with("To: A <a@b.example>\r\nCc: c@d.example\r\nBcc: z@z.example\r\nSubject: s\r\nFrom:"),
        "{text}"
    );
    assert!(!text.contains("x@y") && !text.contains("q@r"));
    let mut none = mime_draft(b"From: a@b.example\n\nx\n");
    none.recipients = vec!["z@z.example".into()];
    let message = none.accept(&Limits::default()).unwrap();
    let part = Part::parse_head(&read(message.mime(Addressing::Envelope, Framing::Raw)));
    assert_eq!(part.header("Bcc"), Some("z@z.example"));
    checked(&message);
}

#[test]
fn the_sender_is_the_one_given_else_sender_else_from() {
    let sender = |given: Option<&str>, header: &str| {
        let mut draft = mime_draft(format!("From: a@b.example\n{header}\nx\n").as_bytes());
        draft.sender = given.map(Into::into);
        draft.accept(&Limits::default()).unwrap().envelope().sender.clone()
    };
    assert_eq!(sender(None, ""), Some("a@b.example".into()));
    assert_eq!(sender(None, "Sender: S <s@b.example>\n"), Some("s@b.example".into()));
    assert_eq!(sender(None, "Sender: nobody\n"), Some("a@b.example".into()));
    assert_eq!(
        sender(Some("r@b.example"), "Sender: s@b.example\n"),
        Some("r@b.example".into())
    );
    assert_eq!(sender(Some("<>"), ""), None);
}

#[test]
fn fields_that_scripts_write_twice_leave_once() {
    let mime = "Subject: one\nFrom: a@b.example\nsubject: two\nFrom:  a@b.example\nMIME-Version: 1.0\n\
                Mime-Version: 1.0\nDate:\nMessage-ID:\n\nx\n";
    let part = Part::parse_head(&checked(&came(mime)));
    for name in ["Subject", "From", "MIME-Version", "Date", "Message-ID"] {
        assert_eq!(part.all(name).len(), 1, "{name}");
    }
    assert_eq!(part.header("Subject"), Some("one"));
    assert_eq!(
        refused_mime("From: a@b.example\nFrom: c@d.example\n\nx\n"),
        Reason::MimeTwice {
            header: "From",
            line: 2
        }
    );
    let twice = "From: a@b.example\nContent-Type: text/plain\nContent-Type: text/html\n\nx\n";
    assert_eq!(
        refused_mime(twice),
        Reason::MimeTwice {
            header: "Content-Type",
            line: 3
        }
    );
}

#[test]
fn a_header_that_cannot_be_repaired_is_refused_by_its_line() {
    let with = |line: &[u8]| [HEAD.as_bytes(), line, b"\n\nx\n"].concat();
    let header = |flaw: Flaw| Reason::MimeHeader { line: 5, flaw };
    assert_eq!(refused_mime(with(b"Subject: a\rBcc: x@y")), header(Flaw::Cr));
    assert_eq!(refused_mime(with(b"Subject: a\0b")), header(Flaw::Nul));
    assert_eq!(refused_mime(with(b"Subject: a\xe9")), header(Flaw::EightBit));
    assert_eq!(
        refused_mime(with(format!("X: {}", "x".repeat(996)).as_bytes())),
        header(Flaw::Long)
    );
    assert!(came(with(format!("X: {}", "x".repeat(995)).as_bytes())).size() > 0);
    let address = |header: &str, line: u64| Reason::MimeAddress {
        header: header.into(),
        line,
    };
    assert_eq!(refused_mime("From: nobody\n\nx\n"), address("From", 1));
    assert_eq!(
        refused_mime(with("Reply-To: Hélène".as_bytes())),
        address("Reply-To", 5)
    );
    let mut draft = mime_draft(b"From: a@b.example\nTo: a@b.example, nobody\n\nx\n");
    draft.recipients_from_header = true;
    assert_eq!(
        draft.accept(&Limits::default()).unwrap_err()[0].reason,
        address("To", 2)
    );
    let huge = "X: y\n".repeat(60_000);
    assert!(matches!(
        refused_mime(format!("{HEAD}{huge}\n")),
        Reason::MimeHeaderTooLong { .. }
    ));
}

#[test]
fn a_header_part_in_the_middle_is_judged_like_the_first() {
    let mime = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\nX: \0\n\na\n--x--\n"
    );
    assert_eq!(
        refused_mime(mime),
        Reason::MimeHeader {
            line: 9,
            flaw: Flaw::Nul
        }
    );
}

#[test]
fn the_limits_hold() {
    let mime = format!("{HEAD}\n{}", "é\n".repeat(2000));
    let small = Limits {
        message_bytes: mime.len() as u64,
        ..Limits::default()
    };
    let draft = mime_draft(mime.as_bytes());
    let error = draft.clone().accept(&small).unwrap_err().remove(0);
    assert!(
        matches!(error.reason, Reason::TooLarge { .. }),
        "it grows when it is encoded"
    );
    let limits = Limits {
        message_bytes: 100,
        ..Limits::default()
    };
    let size = mime.len() as u64;
    let reason = draft.clone().accept(&limits).unwrap_err().remove(0).reason;
    assert_eq!(reason, Reason::TooLarge { size, limit: 100 });
    let limits = Limits {
        recipients: 2,
        ..Limits::default()
    };
    let mut many = draft;
    many.recipients = vec!["a@b.example".into(), "c@d.example".into(), "nobody".into()];
    let error = many.clone().accept(&limits).unwrap_err().remove(0);
    assert_eq!(
        (error.field.as_str(), error.reason),
        ("recipients", Reason::TooMany { count: 3, limit: 2 })
    );
    let error = many.accept(&Limits::default()).unwrap_err().remove(0);
    assert_eq!(
        (error.field.as_str(), error.reason),
        ("recipients[2]", Reason::NotAnAddress)
    );
}

#[test]
fn an_address_with_other_letters_passes_in_its_header() {
    let message = came("From: hélène@évian.example\nTo: c@d.example\n\nx\n");
    assert!(message.needs_smtputf8() && message.eight_bit());
    assert_eq!(message.from().email, "hélène@xn--vian-9oa.example");
    assert_eq!(
        message.envelope().sender.as_deref(),
        Some("hélène@xn--vian-9oa.example")
    );
    assert!(written(&message).starts_with("From: hélène@xn--vian-9oa.example\r\n"));
}

#[test]
fn the_message_id_is_the_one_that_came_and_harms_no_log() {
    for (written, id) in [
        ("<a@b>", "a@b"),
        ("x <a@b> y", "a@b"),
        ("a@b", "a@b"),
        ("<a\u{1b}[2J@b>", "a[2J@b"),
    ] {
        let message = came(format!("From: a@b.example\nMessage-ID: {written}\n\nx\n"));
        assert_eq!(message.id(), id);
        assert!(self::written(&message).contains(&format!("Message-ID: {written}\r\n")));
    }
}

#[test]
fn a_trace_stands_above_all_that_came_and_moves_no_line() {
    let trace =
        "Received: from a.example ([192.0.2.1])\r\n\tby b.example with ESMTP;\r\n\tSat, 28 Nov 2026 09:00:00 +0000\r\n";
    let traced = |mime: &[u8]| MimeDraft {
        trace: Some(trace.to_owned()),
        ..mime_draft(mime)
    };
    let mime = b"Received: from old.example; x\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nbody\r\n";
    let message = traced(mime).accept(&Limits::default()).unwrap();
    let out = written(&message);
    let first = format!("{trace}Received: from old.example; x\r\nFrom:");
    assert!(out.starts_with(&first), "{out}");
    assert_eq!(out.len() as u64, message.size());
    // What is refused is told by the line that the caller wrote.
    let refused = traced(b"From: a@b.example\r\nSubject: \0\r\n\r\nbody\r\n").accept(&Limits::default());
    let reason = refused.unwrap_err().remove(0).reason;
    assert!(matches!(reason, Reason::MimeHeader { line: 2, .. }), "{reason:?}");
}

#[test]
fn a_message_that_turns_in_a_circle_is_refused() {
    let looped = |hops: usize| {
        let trace = "Received: from a.example by b.example; x\r\n".repeat(hops);
        mime_draft(format!("{trace}From: a@b.example\r\n\r\nbody\r\n").as_bytes()).accept(&Limits::default())
    };
    assert!(looped(99).is_ok());
    let reason = looped(100).unwrap_err().remove(0).reason;
    assert_eq!(reason, Reason::MimeLoop { limit: 100 });
}
