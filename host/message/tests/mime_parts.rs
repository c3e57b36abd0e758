//! The parts of a MIME that came in: where they begin and end, which is the text, and what was signed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use relais_message::{Flaw, Reason};
use support::mime::*;
use support::*;

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
        assert_eq!(refused_mime(signed(&body)), Reason::MimeSigned { line: 12, flaw });
    }
    let header = signed("x").replace("multipart/mixed; boundary=m", "multipart/mixed; boundary=m; x=é");
    assert!(matches!(refused_mime(header), Reason::MimeSigned { line: 6, .. }));
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
fn a_multipart_that_is_none_is_refused_mime() {
    let with = |kind: &str, body: &str| format!("{HEAD}Content-Type: multipart/{kind}\n\n{body}");
    let at = |line: u64| Reason::MimeContentType { line };
    assert_eq!(refused_mime(with("mixed", "--x\n\na\n")), at(5));
    assert_eq!(refused_mime(with("mixed; boundary=", "--x\n\na\n")), at(5));
    assert_eq!(refused_mime(with("mixed; boundary=y", "--x\n\na\n")), at(5));
    assert_eq!(refused_mime(with("mixed; boundary=é", "--é\n\na\n")), at(5));
    assert_eq!(refused_mime(with("mixed; boundary=x", "--x--\n")), at(5));
    let deep: String = (0..20)
        .map(|level| format!("--b{level}\nContent-Type: multipart/mixed; boundary=b{}\n\n", level + 1))
        .collect();
    let reason = refused_mime(with("mixed; boundary=b0", &deep));
    assert!(matches!(reason, Reason::MimeTooDeep { limit: 16, .. }), "{reason:?}");
    let many = "--x\n\na\n".repeat(1001);
    assert!(matches!(
        refused_mime(with("mixed; boundary=x", &many)),
        Reason::MimeTooManyParts { limit: 1000, .. }
    ));
    let files = "--x\nContent-Type: image/png\n\na\n".repeat(257);
    assert!(matches!(
        refused_mime(with("mixed; boundary=x", &files)),
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
