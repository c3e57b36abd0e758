//! Mail that comes in as MIME: what PHP, PHPMailer, sendmail and scripts write leaves so that every server takes it, and
//! decodes to what it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Addressing, Flaw, Framing, Limits, Message, MimeDraft, Reason, Source};
use support::*;

const HEAD: &str = "From: a@b.example\nTo: c@d.example\nMessage-ID: <1@x>\nDate: Tue, 24 Nov 2026 10:00:00 +0100\n";

fn written(message: &Message) -> String {
    String::from_utf8(checked(message)).unwrap()
}

fn came(mime: impl AsRef<[u8]>) -> Message {
    mime_draft(mime.as_ref()).accept(&Limits::default()).unwrap()
}

fn refused(mime: impl AsRef<[u8]>) -> Reason {
    let mut errors = mime_draft(mime.as_ref()).accept(&Limits::default()).unwrap_err();
    assert_eq!((errors.len(), errors[0].field.as_str()), (1, "mime"), "{errors:?}");
    let reason = errors.remove(0).reason;
    assert!(!reason.text("fr").is_empty() && reason.text("fr") != reason.text("en"));
    reason
}

#[test]
fn what_is_harmless_stays_to_the_byte_but_for_its_line_breaks() {
    let mime = format!("{HEAD}MIME-Version: 1.0\nX-Odd : yes\nSubject: a\n\tb\n\nBonjour,\n.\n..x\nFrom y\n");
    let message = came(&mime);
    assert_eq!(written(&message), mime.replace('\n', "\r\n"));
    assert_eq!(message.id(), "1@x");
    assert_eq!(message.subject(), "a b");
    assert_eq!(message.text().unwrap(), Some("Bonjour,\n.\n..x\nFrom y\n"));
    assert_eq!(message.envelope().sender.as_deref(), Some("a@b.example"));
    let crlf = mime.replace('\n', "\r\n");
    assert_eq!(written(&came(&crlf)), crlf);
}

#[test]
fn what_is_missing_is_added_once() {
    let mut draft = mime_draft(b"Subject: x\n\nBonjour");
    draft.default_from = Some("Site <www@site.example>".into());
    let message = draft.accept(&Limits::default()).unwrap();
    let text = written(&message);
    let part = Part::parse_head(text.as_bytes());
    assert_eq!(part.header("From"), Some("Site <www@site.example>"));
    assert_eq!(part.header("MIME-Version"), Some("1.0"));
    assert_eq!(part.header("Message-ID").unwrap(), format!("<{}>", message.id()));
    assert!(message.id().ends_with("@site.example"));
    assert!(part.header("Date").unwrap().ends_with("+0000"));
    assert!(text.ends_with("\r\n\r\nBonjour\r\n"));
    let again = came(&text);
    assert_eq!(written(&again), text);
    assert_eq!(again.id(), message.id());
    let nobody = mime_draft(b"Subject: x\n\nBonjour")
        .accept(&Limits::default())
        .unwrap_err();
    assert_eq!(
        (nobody[0].field.as_str(), &nobody[0].reason),
        ("from", &Reason::Missing)
    );
}

#[test]
fn php_mail_is_taken_as_it_comes() {
    // As PHP 8 writes it to sendmail's standard input: CRLF in the header, the body as the script gave it.
    let long = "é".repeat(700);
    let mime = format!(
        "To: Hélène <h@b.example>\r\nSubject: Reçu n° 4\r\nX-PHP-Originating-Script: 33:envoi.php\r\n\
         From: Mairie d'Évian <mairie@evian.example>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p>Bonjour</p>\n<p>{long}</p>\n.\n"
    );
    let message = came(&mime);
    assert_eq!(message.subject(), "Reçu n° 4");
    assert_eq!(message.from().to_string(), "Mairie d'Évian <mairie@evian.example>");
    assert_eq!(message.to()[0].name.as_deref(), Some("Hélène"));
    let want = format!("<p>Bonjour</p>\n<p>{long}</p>\n.\n");
    assert_eq!(message.html().unwrap(), Some(want.as_str()));
    let root = Part::parse(&checked(&message));
    assert_eq!(root.header("Content-Transfer-Encoding"), Some("quoted-printable"));
    assert_eq!(root.body, want.as_bytes());
    assert_eq!(unword(root.header("Subject").unwrap()), "Reçu n° 4");
    assert_eq!(
        message.headers().iter().find(|(name, _)| name == "Subject").unwrap().1,
        "Reçu n° 4"
    );
    assert_eq!(
        message.headers().iter().find(|(name, _)| name == "From").unwrap().1,
        "Mairie d'Évian <mairie@evian.example>"
    );
}

#[test]
fn a_text_without_a_charset_gets_the_one_it_has() {
    let utf8 = Part::parse(&checked(&came(format!("{HEAD}\nété\n"))));
    assert_eq!(utf8.parameter("Content-Type", "charset").as_deref(), Some("utf-8"));
    let latin = came([HEAD.as_bytes(), b"\n\xe9t\xe9\n"].concat());
    assert_eq!(latin.text().unwrap(), Some("été\n"));
    let part = Part::parse(&checked(&latin));
    assert_eq!(
        part.parameter("Content-Type", "charset").as_deref(),
        Some("windows-1252")
    );
    assert_eq!(part.body, b"\xe9t\xe9\n");
}

#[test]
fn a_script_that_forgets_the_empty_line_sends_its_text() {
    let mut draft = mime_draft("Bonjour, voilà\nQuoi: rien\n".as_bytes());
    draft.default_from = Some("a@b.example".into());
    let message = draft.accept(&Limits::default()).unwrap();
    assert_eq!(message.text().unwrap(), Some("Bonjour, voilà\nQuoi: rien\n"));
    assert_eq!(Part::parse(&checked(&message)).header("Quoi"), None);
    let message = came(format!("From x@y Tue Nov 24\n{HEAD}\nx\n"));
    assert!(written(&message).starts_with("From: a@b.example\r\n"));
}

/// A message as PHPMailer builds it: an alternative and two attachments, 8bit bodies.
fn phpmailer(line: &str) -> (String, Vec<u8>) {
    let pdf: Vec<u8> = (0..20_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pdf);
    let chunks: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    let mime = [
        "Date: Tue, 24 Nov 2026 10:00:00 +0100",
        "To: c@d.example",
        "From: =?utf-8?Q?Mairie_d=27=C3=89vian?= <mairie@evian.example>",
        "Reply-To: Accueil <accueil@evian.example>",
        "Subject: =?utf-8?Q?D=C3=A9lib=C3=A9ration?=",
        "Message-ID: <abc@evian.example>",
        "X-Mailer: PHPMailer 6.9.1",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed;",
        " boundary=\"b1_xyz\"",
        "Content-Transfer-Encoding: 8bit",
        "",
        "--b1_xyz",
        "Content-Type: multipart/alternative;",
        " boundary=\"b2_xyz\"",
        "",
        "--b2_xyz",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Voilà la délibération.",
        "",
        "--b2_xyz",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "<p>Voilà</p>",
        "",
        "",
        "--b2_xyz--",
        "",
        "--b1_xyz",
        "Content-Type: application/pdf; name=\"=?utf-8?Q?d=C3=A9lib=C3=A9ration.pdf?=\"",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename*=utf-8''d%C3%A9lib%C3%A9ration.pdf",
        "",
        &chunks.join(line),
        "",
        "--b1_xyz",
        "Content-Type: text/plain; name=notes.txt",
        "Content-ID: <notes@x>",
        "Content-Disposition: attachment; filename=notes.txt",
        "",
        "des notes",
        "--b1_xyz--",
        "",
    ];
    (mime.join(line), pdf)
}

#[test]
fn phpmailer_is_taken_apart_whatever_its_line_breaks() {
    for line in ["\r\n", "\n"] {
        let (mime, pdf) = phpmailer(line);
        let message = came(&mime);
        assert_eq!(message.subject(), "Délibération");
        assert_eq!(message.reply_to()[0].to_string(), "Accueil <accueil@evian.example>");
        assert_eq!(message.text().unwrap(), Some("Voilà la délibération.\n"));
        assert_eq!(message.html().unwrap(), Some("<p>Voilà</p>\n\n"));
        let [first, second] = message.attachments() else {
            panic!("{:?}", message.attachments());
        };
        assert_eq!(
            (first.name(), first.content_type()),
            (Some("délibération.pdf"), "application/pdf")
        );
        assert_eq!(first.size(), pdf.len() as u64);
        assert!(read(first.content()) == pdf);
        assert!(
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, read(first.base64())).unwrap() == pdf
        );
        assert_eq!(
            (second.name(), second.content_id()),
            (Some("notes.txt"), Some("notes@x"))
        );
        assert_eq!(read(second.content()), b"des notes");
        let root = Part::parse(&checked(&message));
        let encodings: Vec<_> = root
            .leaves()
            .iter()
            .map(|leaf| leaf.header("Content-Transfer-Encoding"))
            .collect();
        assert_eq!(
            encodings,
            [Some("quoted-printable"), Some("quoted-printable"), Some("base64"), None]
        );
        assert_eq!(root.header("Content-Transfer-Encoding"), Some("7bit"));
        let bodies: Vec<_> = root.leaves().iter().map(|leaf| leaf.body.clone()).collect();
        assert_eq!(bodies[0], "Voilà la délibération.\n".as_bytes());
        assert!(bodies[2] == pdf);
    }
}

#[test]
fn one_line_of_base64_becomes_many() {
    let mime = format!(
        "{HEAD}Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n{}\n",
        "QUJD".repeat(50_000)
    );
    let message = came(&mime);
    assert!(read(message.attachments()[0].content()) == "ABC".repeat(50_000).as_bytes());
    let part = Part::parse(&checked(&message));
    assert!(part.body == "ABC".repeat(50_000).as_bytes());
}

#[test]
fn bytes_that_nothing_encoded_arrive_as_they_were() {
    let bytes: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let mime = [
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: image/png\n".as_slice(),
        b"Content-Transfer-Encoding: binary\nContent-Disposition: inline; filename=\"\xc3\xa9.png\"\n\n",
        &bytes,
        b"\n--x--\n",
    ]
    .concat();
    let message = came(&mime);
    assert!(read(message.attachments()[0].content()) == bytes);
    assert_eq!(message.attachments()[0].name(), Some("é.png"));
    let root = Part::parse(&checked(&message));
    assert!(root.leaves()[0].body == bytes);
    assert!(
        root.leaves()[0]
            .header("Content-Disposition")
            .unwrap()
            .contains("filename*=utf-8''%C3%A9.png")
    );
}

#[test]
fn a_forwarded_message_that_is_not_7_bit_becomes_a_file() {
    let inner = "From: x@y\nSubject: été\n\nça\n";
    let mime = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n{inner}\n--x--\n"
    );
    let message = came(&mime);
    assert_eq!(message.attachments()[0].content_type(), "message/rfc822");
    assert_eq!(read(message.attachments()[0].content()), inner.as_bytes());
    let root = Part::parse(&checked(&message));
    assert_eq!(
        root.leaves()[0].header("Content-Type").unwrap(),
        "application/octet-stream; name=\"message.eml\""
    );
    assert_eq!(root.leaves()[0].body, inner.as_bytes());
    let plain = mime.replace('é', "e").replace('ç', "c");
    assert!(written(&came(&plain)).contains("message/rfc822"));
}

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
        refused("From: a@b.example\nFrom: c@d.example\n\nx\n"),
        Reason::MimeTwice {
            header: "From",
            line: 2
        }
    );
    let twice = "From: a@b.example\nContent-Type: text/plain\nContent-Type: text/html\n\nx\n";
    assert_eq!(
        refused(twice),
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
    assert_eq!(refused(with(b"Subject: a\rBcc: x@y")), header(Flaw::Cr));
    assert_eq!(refused(with(b"Subject: a\0b")), header(Flaw::Nul));
    assert_eq!(refused(with(b"Subject: a\xe9")), header(Flaw::EightBit));
    assert_eq!(
        refused(with(format!("X: {}", "x".repeat(996)).as_bytes())),
        header(Flaw::Long)
    );
    assert!(came(with(format!("X: {}", "x".repeat(995)).as_bytes())).size() > 0);
    let address = |header: &str, line: u64| Reason::MimeAddress {
        header: header.into(),
        line,
    };
    assert_eq!(refused("From: nobody\n\nx\n"), address("From", 1));
    assert_eq!(refused(with("Reply-To: Hélène".as_bytes())), address("Reply-To", 5));
    let mut draft = mime_draft(b"From: a@b.example\nTo: a@b.example, nobody\n\nx\n");
    draft.recipients_from_header = true;
    assert_eq!(
        draft.accept(&Limits::default()).unwrap_err()[0].reason,
        address("To", 2)
    );
    let huge = "X: y\n".repeat(60_000);
    assert!(matches!(
        refused(format!("{HEAD}{huge}\n")),
        Reason::MimeHeaderTooLong { .. }
    ));
}

#[test]
fn a_header_part_in_the_middle_is_judged_like_the_first() {
    let mime = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\nX: \0\n\na\n--x--\n"
    );
    assert_eq!(
        refused(mime),
        Reason::MimeHeader {
            line: 9,
            flaw: Flaw::Nul
        }
    );
}

#[test]
fn what_was_signed_leaves_as_it_was_or_not_at_all() {
    let signed = |body: &str| {
        format!(
            "From: a@b.example\nSubject: reçu\nContent-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\n\n\
             --s\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 8bit\n\n{body}\n--m--\n\n--s\nContent-Type: application/pgp-signature\n\nxyz\n--s--\n"
        )
    };
    let mime = signed("Bonjour");
    let message = came(&mime);
    let text = written(&message);
    let part = mime.split_once("--s\n").unwrap().1.replace('\n', "\r\n");
    assert!(text.ends_with(&format!("--s\r\n{part}")), "{text}");
    assert_eq!(message.text().unwrap(), Some("Bonjour"));
    for (body, flaw) in [
        ("é".to_owned(), Flaw::EightBit),
        ("a\rb".to_owned(), Flaw::Cr),
        ("\0".to_owned(), Flaw::Nul),
        ("x".repeat(999), Flaw::Long),
    ] {
        assert_eq!(refused(signed(&body)), Reason::MimeSigned { line: 12, flaw });
    }
    let header = signed("x").replace("multipart/mixed; boundary=m", "multipart/mixed; boundary=m; x=é");
    assert!(matches!(refused(header), Reason::MimeSigned { line: 6, .. }));
}

#[test]
fn what_stands_before_the_first_part_and_behind_the_last_never_harms() {
    let mime = |before: &str, behind: &str| {
        format!("{HEAD}Content-Type: multipart/mixed; boundary=x\n\n{before}--x\n\na\n--x--\n{behind}")
    };
    let plain = mime("This is MIME.\n", "the end\n");
    assert!(written(&came(&plain)).contains("\r\n\r\nThis is MIME.\r\n--x\r\n\r\na\r\n--x--\r\nthe end\r\n"));
    let message = came(mime("Au format MIME, à lire\n\0\n", "\r fin é\n"));
    assert!(written(&message).ends_with("\r\n\r\n--x\r\n\r\na\r\n--x--\r\n"));
    assert_eq!(message.text().unwrap(), Some("a"));
}

#[test]
fn boundaries_are_lines_of_their_own() {
    let texts = |body: &str| -> Vec<String> {
        let mime = format!("{HEAD}Content-Type: multipart/mixed; boundary=\"x y\"\n\n{body}");
        let message = came(mime);
        checked(&message);
        let mut all: Vec<String> = message.text().unwrap().map(str::to_owned).into_iter().collect();
        all.extend(
            message
                .attachments()
                .iter()
                .map(|a| String::from_utf8(read(a.content())).unwrap()),
        );
        all
    };
    // Blanks behind it, none in front, nothing else on the line.
    assert_eq!(
        texts("--x y \t\n\na\n--x yz\n --x y\n--x y--z\n--x y-- \n"),
        ["a\n--x yz\n --x y\n--x y--z"]
    );
    // Without an end, without an empty line, without anything.
    assert_eq!(texts("--x y\n\na\n--x y\n\nb"), ["a", "b"]);
    assert_eq!(texts("--x y\n--x y\n\n--x y\n\n\n--x y--"), ["", "", ""]);
    assert_eq!(
        texts("--x y\nContent-Type: text/plain\n--x y\nBonjour\n--x y--\n"),
        ["", "Bonjour"]
    );
    // The outer one closes the inner one.
    let nested = "--x y\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\na\n--x y\n\nb\n--in\n\n--x y--\n";
    assert_eq!(texts(nested), ["a", "b\n--in\n"]);
    // The same one inside: the inner one is closed first.
    let same = "--x y\nContent-Type: multipart/mixed; boundary=\"x y\"\n\n--x y\n\na\n--x y--\n--x y\n\nb\n--x y--\n";
    assert_eq!(texts(same), ["a", "b"]);
}

#[test]
fn a_multipart_that_is_none_is_refused() {
    let with = |kind: &str, body: &str| format!("{HEAD}Content-Type: multipart/{kind}\n\n{body}");
    let at = |line: u64| Reason::MimeContentType { line };
    assert_eq!(refused(with("mixed", "--x\n\na\n")), at(5));
    assert_eq!(refused(with("mixed; boundary=", "--x\n\na\n")), at(5));
    assert_eq!(refused(with("mixed; boundary=y", "--x\n\na\n")), at(5));
    assert_eq!(refused(with("mixed; boundary=é", "--é\n\na\n")), at(5));
    assert_eq!(refused(with("mixed; boundary=x", "--x--\n")), at(5));
    let deep: String = (0..20)
        .map(|level| format!("--b{level}\nContent-Type: multipart/mixed; boundary=b{}\n\n", level + 1))
        .collect();
    let reason = refused(with("mixed; boundary=b0", &deep));
    assert!(matches!(reason, Reason::MimeTooDeep { limit: 16, .. }), "{reason:?}");
    let many = "--x\n\na\n".repeat(1001);
    assert!(matches!(
        refused(with("mixed; boundary=x", &many)),
        Reason::MimeTooManyParts { limit: 1000, .. }
    ));
    let files = "--x\nContent-Type: image/png\n\na\n".repeat(257);
    assert!(matches!(
        refused(with("mixed; boundary=x", &files)),
        Reason::TooMany { count: 257, limit: 256 }
    ));
}

#[test]
fn the_text_that_a_reader_is_shown_is_the_text() {
    let seen = |mime: &str| {
        let message = came(format!("{HEAD}{mime}"));
        checked(&message);
        let own = |text: Option<&str>| text.map(str::to_owned);
        let names: Vec<String> = message
            .attachments()
            .iter()
            .map(|a| a.content_type().to_owned())
            .collect();
        (own(message.text().unwrap()), own(message.html().unwrap()), names)
    };
    let some = |text: &str| Some(text.to_owned());
    // An image first, a text, a footer that a list added.
    assert_eq!(
        seen(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: image/png\n\ni\n--x\n\ntext\n\
             --x\nContent-Type: text/html\n\nfooter\n--x--\n"
        ),
        (some("text"), None, vec!["image/png".into(), "text/html".into()])
    );
    // HTML with its picture beside the text, as mail programs nest it.
    assert_eq!(
        seen(
            "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n\
             --a\n\ntext\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\nhtml\n\
             --r\nContent-Type: image/png\nContent-ID: <p>\n\ni\n--r--\n--a\nContent-Type: text/calendar\n\nc\n--a--\n\
             --m\nContent-Type: text/plain; charset=utf-8\n\nfooter\n--m--\n"
        ),
        (
            some("text"),
            some("html"),
            vec![
                "image/png".into(),
                "text/calendar".into(),
                "text/plain; charset=utf-8".into()
            ]
        )
    );
    // A text that is a file.
    assert_eq!(
        seen("Content-Type: text/plain\nContent-Disposition: attachment\n\nx\n"),
        (None, None, vec!["text/plain".into()])
    );
    assert_eq!(seen("Content-Type: text\n\nx\n"), (some("x\n"), None, vec![]));
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
fn a_file_that_changed_after_it_was_accepted_breaks_out_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.eml");
    let mime = |body: &str| format!("{HEAD}\n{body}\n");
    std::fs::write(&path, mime("Bonjour")).unwrap();
    let draft = MimeDraft {
        source: Source::File { path: path.clone() },
        ..mime_draft(b"")
    };
    let message = draft.accept(&Limits::default()).unwrap();
    assert!(written(&message).ends_with("\r\n\r\nBonjour\r\n"));
    for body in ["Bon\rour", "Bon\0our", "Bon\u{e9}ur", "B\n\n\n\n\n\n"] {
        assert_eq!(body.len(), 7);
        std::fs::write(&path, mime(body)).unwrap();
        let mut out = message.mime(Addressing::Written, Framing::Raw);
        let end = runtime().block_on(async {
            loop {
                match out.next().await {
                    Ok(Some(_)) => {}
                    end => break end,
                }
            }
        });
        assert!(end.is_err(), "{body:?}");
    }
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
fn twenty_megabytes_stream_through() {
    let pdf = "JVBERi0xLjQK".repeat(6).as_str().to_owned() + "AAAA\n";
    let mut mime = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nété\n--x\nContent-Type: application/pdf\n\
         Content-Transfer-Encoding: base64\n\n"
    );
    mime.push_str(&pdf.repeat((20 << 20) / pdf.len()));
    mime.push_str("--x--\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.eml");
    std::fs::write(&path, &mime).unwrap();
    let draft = MimeDraft {
        source: Source::File { path },
        ..mime_draft(b"")
    };
    let message = draft.accept(&Limits::default()).unwrap();
    let out = read(message.mime(Addressing::Written, Framing::Raw));
    assert_eq!(out.len() as u64, message.size());
    assert_eq!(
        message.attachments()[0].size(),
        read(message.attachments()[0].content()).len() as u64
    );
    assert!(message.head(&[0]).len() < 2000);
}
