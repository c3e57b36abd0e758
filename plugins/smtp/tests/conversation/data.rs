//! The message itself and the answer to it: from its first byte on, nothing is tried again.

use relais_sdk::Failure;
use relais_smtp::wire::StreamError;

use crate::script::{Play, Step, body, hear, one_mail, opened, say, steps};

/// A mail whose message is met by `end`. There is only this connection, so that a second one would fail the test.
fn failure(end: Vec<Step>) -> Failure {
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), accepted(), end])]);
    let failure = play.send().unwrap_err();
    play.finish();
    failure
}

fn accepted() -> Vec<Step> {
    vec![
        hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
        say("250 ok\n250 ok\n354 go\n"),
    ]
}

#[test]
fn a_connection_that_closes_after_the_message_is_an_unknown_outcome() {
    let failure = failure(vec![body(), Step::Close]);
    assert_eq!((&*failure.kind, failure.code), ("unknown-outcome", None));
    assert!(failure.text.contains("may have been accepted"), "{}", failure.text);
}

#[test]
fn silence_after_the_message_is_an_unknown_outcome() {
    let failure = failure(vec![body(), Step::Fail(StreamError::Timeout)]);
    assert_eq!((&*failure.kind, failure.code), ("unknown-outcome", None));
}

#[test]
fn half_an_answer_is_an_unknown_outcome() {
    let failure = failure(vec![body(), Step::Say(b"250 2.0.0 Ok".to_vec()), Step::Close]);
    assert_eq!((&*failure.kind, failure.code), ("unknown-outcome", None));
}

#[test]
fn nonsense_after_the_message_is_an_unknown_outcome() {
    for nonsense in ["hello\n", "354 go on\n", "250-a\n251 b\n"] {
        let failure = failure(vec![body(), say(nonsense)]);
        assert_eq!((&*failure.kind, failure.code), ("unknown-outcome", None), "{nonsense}");
    }
}

#[test]
fn a_421_after_the_message_is_temporary_with_its_code_and_ends_the_connection() {
    let mut play = Play::clear(vec![
        steps([
            opened(&["PIPELINING"]),
            accepted(),
            vec![body(), say("421 4.3.2 shutting down\n")],
        ]),
        steps([opened(&["PIPELINING"]), one_mail()]),
    ]);
    let failure = play.send().unwrap_err();
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("temporary", Some("421 4.3.2"))
    );
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_refused_message_leaves_the_connection_in_step() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        accepted(),
        vec![body(), say("550 5.7.1 spam\n")],
        one_mail(),
    ])]);
    let failure = play.send().unwrap_err();
    assert_eq!(
        (&*failure.kind, &*failure.text),
        ("rejected", "spam (in answer to the message)")
    );
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_refused_message_keeps_what_was_said_of_recipients_before() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        vec![
            hear("MAIL FROM:<from@a.example>\nRCPT TO:<a@b>\nRCPT TO:<c@d>\nDATA\n"),
            say("250 ok\n550 5.1.1 no\n250 ok\n354 go\n"),
            body(),
            say("451 4.3.0 later\n"),
        ],
    ])]);
    let failure = play.send_to(&["a@b", "c@d"]).unwrap_err();
    assert_eq!(failure.kind, "temporary");
    assert_eq!(
        failure.details,
        [("a@b".to_owned(), "550 5.1.1 no (in answer to RCPT TO)".to_owned())]
    );
    play.finish();
}

#[test]
fn a_server_that_closes_early_is_quoted() {
    let failure = failure(vec![Step::Fail(StreamError::Closed), say("552 5.3.4 too much\n")]);
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("too-large", Some("552 5.3.4"))
    );
}

#[test]
fn a_message_cut_short_is_not_tried_again_here() {
    for (error, kind) in [
        (StreamError::Timeout, "timeout"),
        (StreamError::Refused("bytes out".to_owned()), "other"),
        (StreamError::Failed("reset".to_owned()), "temporary"),
    ] {
        let failure = failure(vec![Step::Fail(error)]);
        assert_eq!((&*failure.kind, failure.code), (kind, None));
        assert!(
            failure.text.contains("while the message was being sent"),
            "{}",
            failure.text
        );
    }
    let failure = failure(vec![Step::Fail(StreamError::Closed), Step::Close]);
    assert_eq!((&*failure.kind, failure.code), ("temporary", None));
}

#[test]
fn queue_ids_are_recognised() {
    for (answer, id) in [
        ("250 2.0.0 Ok: queued as 4XyZ12", Some("4XyZ12")),
        ("250 OK id=1rXyzA-0000aB-1C", Some("1rXyzA-0000aB-1C")),
        ("250 2.0.0 Ok", None),
        ("250 2.0.0 queued as ", None),
    ] {
        let end = vec![body(), say(&format!("{answer}\n"))];
        let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), accepted(), end])]);
        assert_eq!(play.send().unwrap().id.as_deref(), id, "{answer}");
        play.finish();
    }
}
