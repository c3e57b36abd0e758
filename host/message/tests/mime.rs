//! Mail that comes in as MIME: what PHP, PHPMailer, sendmail and scripts write leaves so that every server takes it, and
//! decodes to what it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Addressing, Framing, Limits, MimeDraft, Reason, Source};
use support::mime::*;
use support::*;

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
