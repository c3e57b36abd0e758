//! The same bytes read by a parser that we did not write: Python's `email`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use relais_message::{Addressing, Framing};
use support::*;

const SCRIPT: &str = r#"
import email, email.policy, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)
def defects(p):
    # Encoded words in a quoted name are no standard, and there for old Outlook.
    own = [d for n, h in p.items() if n != 'Content-Type' for d in getattr(h, 'defects', [])]
    return list(p.defects) + own + [d for s in (p.get_payload() if p.is_multipart() else []) for d in defects(s)]
assert not defects(m), defects(m)
def show(value): print(value.encode().hex())
show(m['subject'])
show('|'.join('%s/%s' % (a.display_name, a.addr_spec) for a in m['to'].addresses))
for p in m.walk():
    if not p.is_multipart():
        show(p.get_content_type())
        show(p.get_filename() or '')
        print(p.get_payload(decode=True).hex())
"#;

/// The leaves of a message, however well it is written. A message in a message is one.
const LEAVES: &str = r#"
import email, email.policy, sys
def show(value): print(value.encode('utf-8', 'surrogateescape').hex())
def leaves(p):
    if p.get_content_maintype() == 'multipart' and p.is_multipart():
        for s in p.get_payload(): leaves(s)
        return
    if p.get_content_maintype() == 'message':
        content = b''
    else:
        content = p.get_payload(decode=True)
    show(p.get_content_type())
    show(p.get_filename() or '')
    print(content.replace(b'\r\n', b'\n').hex())
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
show(str(m['subject']))
show('|'.join('%s/%s' % (a.display_name, a.addr_spec) for f in ('from', 'to', 'cc') for a in m[f].addresses))
leaves(m)
"#;

fn python(script: &str, mime: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(mime).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python3 does not accept the message");
    let lines = String::from_utf8(output.stdout).unwrap();
    let unhex = |line: &str| {
        (0..line.len() / 2)
            .map(|i| u8::from_str_radix(&line[2 * i..2 * i + 2], 16).unwrap())
            .collect::<Vec<u8>>()
    };
    Some(lines.lines().map(unhex).collect())
}

#[test]
fn python_reads_what_was_given() {
    let subject = "Délibération n° 4 — un objet assez long pour être replié, avec une fin en ASCII only here";
    let html = "<p>é</p>\n.\nFrom x \n<img src=\"cid:logo\">";
    let name = "Délibération du conseil municipal n° 4 — décembre.pdf";
    let mut draft = draft();
    draft.to = vec![
        "\"Nom, Prénom\" <a@b.example>".into(),
        "\"O'Brien, \\\"Bob\\\"\" <c@d.example>".into(),
        "e@f.example".into(),
    ];
    draft.subject = subject.into();
    draft.text = Some("Bonjour,\r\n\0 lone \r and \n".into());
    draft.html = Some(html.into());
    draft.attachments = vec![
        attachment(name, vec![0, 13, 10, 255]),
        attachment("logo.png", "PNG"),
        attachment("vide.bin", ""),
    ];
    draft.attachments[1].content_id = Some("logo".into());
    let message = accept(draft);
    let Some(read) = python(SCRIPT, &read(message.mime(Addressing::Written, Framing::Raw))) else {
        eprintln!("skipped: there is no python3");
        return;
    };
    let text = |at: usize| String::from_utf8(read[at].clone()).unwrap();
    assert_eq!(text(0), subject);
    assert_eq!(
        text(1),
        "Nom, Prénom/a@b.example|O'Brien, \"Bob\"/c@d.example|/e@f.example"
    );
    assert_eq!(
        (text(2), text(3), text(4)),
        (
            "text/plain".into(),
            String::new(),
            "Bonjour,\r\n\0 lone \r and \n".into()
        )
    );
    // A parser gives line breaks as they are on the wire.
    assert_eq!((text(5), text(7)), ("text/html".into(), html.replace('\n', "\r\n")));
    assert_eq!(
        (text(8), text(9), text(10)),
        ("image/png".into(), "logo.png".into(), "PNG".into())
    );
    assert_eq!(
        (text(11), text(12), read[13].clone()),
        ("application/pdf".into(), name.into(), vec![0, 13, 10, 255])
    );
    assert_eq!((text(15), read[16].len()), ("vide.bin".into(), 0));
}

/// Python reads a raw NUL or CR, a part without an empty line, and a file name in raw UTF-8 in ways of its own.
fn is_odd(mime: &[u8]) -> bool {
    let holds = |what: &[u8]| mime.windows(what.len()).any(|window| window == what);
    holds(b"\0") || holds(b"unended") || holds("pièce".as_bytes()) || holds("reçu é".as_bytes())
}

#[test]
fn python_reads_in_what_leaves_what_it_reads_in_what_came() {
    let mut compared = 0;
    for mime in support::corpus::messages() {
        if is_odd(&mime) {
            continue;
        }
        let message = mime_draft(&mime).accept(&Default::default()).unwrap();
        let out = read(message.mime(Addressing::Written, Framing::Raw));
        let (Some(came), Some(left)) = (python(LEAVES, &mime), python(LEAVES, &out)) else {
            eprintln!("skipped: there is no python3");
            return;
        };
        let words = |lines: &[Vec<u8>]| -> Vec<String> {
            lines
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect()
        };
        // A message in a message may leave as a file.
        if !words(&came).contains(&"message/rfc822".to_owned()) {
            // A last line that did not end does.
            let trimmed = |words: Vec<String>| {
                words
                    .into_iter()
                    .map(|word| word.trim_end().to_owned())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                trimmed(words(&came)),
                trimmed(words(&left)),
                "{}",
                String::from_utf8_lossy(&mime)
            );
        }
        // What a connector sees is what a reader sees.
        let texts = [message.text().unwrap(), message.html().unwrap()];
        let seen = texts.iter().flatten().count() + message.attachments().len();
        assert_eq!(seen, (came.len() - 2) / 3);
        for attachment in message.attachments() {
            let content = String::from_utf8_lossy(&read(attachment.content())).replace("\r\n", "\n");
            let kind = attachment.content_type().split(';').next().unwrap().to_owned();
            let all = words(&left);
            let found = all[2..]
                .chunks(3)
                .any(|leaf| leaf[2] == content && leaf[1] == attachment.name().unwrap_or_default() && leaf[0] == kind);
            assert!(found || kind == "message/rfc822", "{attachment:?} in {all:?}");
        }
        compared += 1;
    }
    assert!(compared >= 16, "{compared}");
}
