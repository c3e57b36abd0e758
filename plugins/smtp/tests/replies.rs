//! The reader of replies, against all bytes and against lettre's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use lettre::transport::smtp::response::Response;
use proptest::prelude::*;
use relais_smtp::reply::{LINE_BYTES, LINES, Replies, Reply, Violation};

/// Every reply of `bytes`, fed in pieces of `step`, and the violation that ended them.
fn read(bytes: &[u8], step: usize) -> (Vec<Reply>, Option<Violation>, bool) {
    let mut replies = Replies::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(step) {
        replies.push(piece);
        loop {
            match replies.next_reply() {
                Ok(Some(reply)) => found.push(reply),
                Ok(None) => break,
                Err(violation) => return (found, Some(violation), false),
            }
        }
    }
    (found, None, replies.is_empty())
}

fn only(text: &str) -> Reply {
    let (mut replies, violation, empty) = read(text.as_bytes(), text.len());
    assert_eq!((replies.len(), &violation, empty), (1, &None, true), "{text:?}");
    replies.remove(0)
}

fn violation(text: &str) -> Violation {
    read(text.as_bytes(), 1000).1.expect(text)
}

#[test]
fn enhanced_codes_are_read_and_kept_out_of_the_words() {
    let reply = only("550-5.1.1 The account does\r\n550-5.1.1 not exist.\r\n550 5.1.1 Try again\r\n");
    assert_eq!(reply.full_code(), "550 5.1.1");
    assert_eq!(reply.words(), "The account does not exist. Try again");
}

#[test]
fn what_only_looks_like_an_enhanced_code_is_a_word() {
    for (text, words) in [
        ("550 4.1.1 wrong class\r\n", "4.1.1 wrong class"),
        ("250 2.4 GB free\r\n", "2.4 GB free"),
        ("250 2.1.1.1 four\r\n", "2.1.1.1 four"),
        ("250 2.1.1234 long\r\n", "2.1.1234 long"),
        ("250 2.x.1 letters\r\n", "2.x.1 letters"),
    ] {
        let reply = only(text);
        assert_eq!(reply.enhanced(), None, "{text}");
        assert_eq!(reply.words(), words);
    }
}

#[test]
fn bare_codes_bare_line_feeds_and_latin_1_are_read() {
    assert_eq!(only("250\r\n").code(), 250);
    assert_eq!(only("250 ok\n").words(), "ok");
    assert_eq!(only("250 2.0.0\r\n").full_code(), "250 2.0.0");
    let (replies, ..) = read(b"550 refus\xe9\r\n", 100);
    assert_eq!(replies[0].words(), "refus\u{fffd}");
}

#[test]
fn control_characters_do_not_reach_a_terminal() {
    assert_eq!(only("550 a\x1b[31mb\0c\r\n").words(), "a [31mb c");
    assert!(!violation("\x1b[2J\r\n").to_string().contains('\x1b'));
}

#[test]
fn words_are_cut_at_a_character() {
    let reply = only(&format!("550 {}\r\n", "é".repeat(1500)));
    assert_eq!(reply.words().chars().count(), 1000);
}

#[test]
fn what_is_not_a_reply_is_a_violation() {
    for text in [
        "hello\r\n",
        "25 short\r\n",
        "250x\r\n",
        "150 one\r\n",
        "650 six\r\n",
        "\r\n",
        "2500 a\r\n",
    ] {
        assert!(matches!(violation(text), Violation::NoCode(_)), "{text:?}");
    }
    assert_eq!(violation("250-a\r\n550 b\r\n"), Violation::MixedCodes(250, 550));
}

#[test]
fn a_reply_is_bounded_in_lines_and_text_and_a_line_in_bytes() {
    let fits = format!("250 {}\r\n", "a".repeat(LINE_BYTES - 4));
    only(&fits);
    assert_eq!(
        violation(&format!("250 {}\r\n", "a".repeat(LINE_BYTES - 3))),
        Violation::LineTooLong
    );
    assert_eq!(violation(&"a".repeat(LINE_BYTES + 1)), Violation::LineTooLong);
    let lines = |count: usize| format!("{}250 b\r\n", "250-a\r\n".repeat(count - 1));
    only(&lines(LINES));
    assert_eq!(violation(&lines(LINES + 1)), Violation::ReplyTooLong);
    let wide = format!("250-{}\r\n", "a".repeat(4000)).repeat(17);
    assert_eq!(violation(&wide), Violation::ReplyTooLong);
}

#[test]
fn a_piece_of_a_reply_is_not_nothing() {
    let mut replies = Replies::default();
    assert!(replies.is_empty());
    replies.push(b"250-a\r\n");
    assert_eq!(replies.next_reply(), Ok(None));
    assert!(!replies.is_empty());
    replies.push(b"250 b\r\n");
    assert!(replies.next_reply().unwrap().is_some());
    assert!(replies.is_empty());
}

/// Bytes that look like replies often enough to get somewhere.
fn nearly_replies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"250 ok\r\n".to_vec()),
        Just(b"250-more\r\n".to_vec()),
        Just(b"550 5.1.1 no\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"354".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_alike_however_they_are_split(
        bytes in nearly_replies(),
        step in 1usize..50,
    ) {
        let whole = read(&bytes, bytes.len().max(1));
        for reply in &whole.0 {
            let (_, _) = (reply.words(), reply.full_code());
        }
        prop_assert_eq!(read(&bytes, step), whole);
    }

    #[test]
    fn what_lettre_reads_is_read_alike(
        code in 200u16..556,
        lines in prop::collection::vec("[ -~]{0,40}", 1..5),
    ) {
        let last = lines.len() - 1;
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(at, line)| format!("{code}{}{line}\r\n", if at == last { ' ' } else { '-' }))
            .collect();
        if let Ok(theirs) = text.parse::<Response>() {
            let ours = only(&text);
            prop_assert_eq!(ours.code(), u16::from(theirs.code()));
            prop_assert_eq!(ours.lines().collect::<Vec<_>>(), theirs.message().collect::<Vec<_>>());
        } else {
            // lettre knows no second digit over 5.
            prop_assert!(code / 10 % 10 > 5, "{text:?}");
        }
    }
}
