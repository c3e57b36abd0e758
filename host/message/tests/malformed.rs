//! Ten thousand messages that nobody would write: each is refused in words, or leaves as every server takes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use relais_message::{Addressing, Framing, Limits, Message, Source};
use support::corpus::messages;
use support::*;

/// What breaks mail, and what breaks parsers of it.
const NASTY: [&[u8]; 40] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3",
    "é".as_bytes(),
    b"\n\n",
    b"\n.\n",
    b"\n--m 1\n",
    b"\n--m 1--\n",
    b"\n--a\n",
    b"\n--s\n",
    b"--",
    b"\n ",
    b"\n\t\n",
    b"=",
    b"=\n",
    b"=?utf-8?q?",
    b"=?utf-8?b?w6k=?=",
    b"?=",
    b"\"",
    b"<",
    b">",
    b"(",
    b")",
    b"\\",
    b";",
    b":",
    b",",
    b"*0*=utf-8''",
    b"\nBcc: x@y.example\n",
    b"\nContent-Type: multipart/mixed; boundary=a\n",
    b"\nContent-Type: text/plain; charset=utf-16\n",
    b"\nContent-Transfer-Encoding: base64\n",
    b"\nContent-Transfer-Encoding: quoted-printable\n",
    b"\nContent-Transfer-Encoding: binary\n",
    b"\nFrom: z@z.example\n",
    b"\nMessage-ID: <\n",
    b"boundary=",
];

#[derive(Debug, Clone)]
enum Mutation {
    Insert(Index, Index),
    Long(Index, usize),
    Cut(Index, Index),
    Copy(Index, Index, Index),
    Byte(Index, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), index()).prop_map(|(at, what)| Mutation::Insert(at, what)),
        1 => (index(), 900usize..1200).prop_map(|(at, length)| Mutation::Long(at, length)),
        1 => (index(), index()).prop_map(|(from, to)| Mutation::Cut(from, to)),
        1 => (index(), index(), index()).prop_map(|(from, to, at)| Mutation::Copy(from, to, at)),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
    ]
}

fn mutated(mime: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut mime = mime.to_vec();
    for mutation in mutations {
        let length = mime.len();
        let within = |index: &Index| index.index(length + 1);
        let some = |from: &Index, to: &Index| {
            let (from, to) = (within(from), within(to));
            // A little, so that something is left.
            from.min(to)..from.max(to).min(from.min(to) + 200)
        };
        match mutation {
            Mutation::Insert(at, what) => {
                let at = within(at);
                mime.splice(at..at, NASTY[what.index(NASTY.len())].iter().copied());
            }
            Mutation::Long(at, length) => {
                let at = within(at);
                mime.splice(at..at, vec![b'y'; *length]);
            }
            Mutation::Cut(from, to) => drop(mime.drain(some(from, to))),
            Mutation::Copy(from, to, at) => {
                let copy = mime[some(from, to)].to_vec();
                let at = within(at);
                mime.splice(at..at, copy);
            }
            Mutation::Byte(at, byte) => {
                if let Some(place) = mime.get_mut(at.index(length.max(1))) {
                    *place = *byte;
                }
            }
        }
    }
    mime
}

/// What must hold for any message that was accepted.
fn assert_sound(message: &Message) {
    let first = checked(message);
    let (head, body) = (message.head(&[0]), message.contents().remove(0));
    let restored = Message::restore(&head, &body).unwrap();
    assert!(
        read(restored.mime(Addressing::Written, Framing::Raw)) == first,
        "restored to other bytes"
    );
    message.text().unwrap();
    message.html().unwrap();
    for attachment in message.attachments() {
        assert_eq!(read(attachment.content()).len() as u64, attachment.size());
        read(attachment.base64());
    }
    assert!(
        !message
            .headers()
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("bcc") || value.contains(['\r', '\n']))
    );
    // What leaves is what it should be: nothing in it has to be changed.
    let mut again = mime_draft(&first);
    again.source = Source::Bytes(first.clone().into());
    let again = again.accept(&Limits::default()).unwrap();
    assert!(
        checked(&again) == first,
        "changed again:\n{}\n\n{}",
        String::from_utf8_lossy(&first),
        String::from_utf8_lossy(&checked(&again))
    );
}

fn check(mime: &[u8]) {
    let mut draft = mime_draft(mime);
    draft.default_from = Some("d@e.example".into());
    match draft.accept(&Limits::default()) {
        Ok(message) => assert_sound(&message),
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(
                    error.field == "mime" && !error.reason.text("fr").is_empty(),
                    "{error:?}"
                );
            }
        }
    }
}

#[test]
fn what_programs_write_is_accepted() {
    for mime in messages() {
        let message = mime_draft(&mime).accept(&Limits::default());
        let message = message.unwrap_or_else(|errors| panic!("{errors:?}\n{}", String::from_utf8_lossy(&mime)));
        assert_sound(&message);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_would_write_is_refused_or_repaired(which in any::<Index>(), mutations in vec(mutation(), 1..8)) {
        let corpus = corpus();
        check(&mutated(&corpus[which.index(corpus.len())], &mutations));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_refused_or_repaired(noise in vec(prop_oneof![
        proptest::sample::select(NASTY.to_vec()).prop_map(<[u8]>::to_vec),
        vec(any::<u8>(), 0..20),
        Just(b"Content-Type: multipart/mixed; boundary=a\n\n--a\n".to_vec()),
    ], 0..20)) {
        let noise = noise.concat();
        check(&noise);
        check(&[b"From: a@b.example\nContent-Type: multipart/mixed; boundary=a\n".as_slice(), &noise].concat());
    }
}

fn corpus() -> &'static [Vec<u8>] {
    static CORPUS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    CORPUS.get_or_init(messages)
}
