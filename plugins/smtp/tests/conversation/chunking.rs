//! BDAT (RFC 3030): the message as one chunk of known size.

use relais_smtp::wire::StreamError;

use crate::script::{Play, Step, hear, opened, raw, say, steps};

/// The envelope of one mail, accepted.
fn accepted() -> Vec<Step> {
    vec![
        hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\n"),
        say("250 ok\n250 ok\n"),
    ]
}

fn chunk() -> Vec<Step> {
    vec![hear("BDAT 1234 LAST\n"), raw()]
}

fn one_mail() -> Vec<Step> {
    steps([accepted(), chunk(), vec![say("250 2.0.0 Ok: queued as 4XyZ12\n")]])
}

fn fresh() -> Vec<Step> {
    steps([opened(&["PIPELINING", "CHUNKING"]), one_mail()])
}

#[test]
fn the_message_leaves_raw_as_one_chunk_after_the_envelope_was_answered() {
    let mut play = Play::clear(vec![steps([fresh(), one_mail()])]);
    assert_eq!(play.send().unwrap().id.as_deref(), Some("4XyZ12"));
    play.send().unwrap();
    play.finish();
}

#[test]
fn without_pipelining_there_is_no_wait_for_a_354_either() {
    let envelope = vec![
        hear("MAIL FROM:<from@a.example>\n"),
        say("250 ok\n"),
        hear("RCPT TO:<to@b.example>\n"),
        say("250 ok\n"),
    ];
    let end = vec![say("250 ok\n")];
    let mut play = Play::clear(vec![steps([opened(&["CHUNKING"]), envelope, chunk(), end])]);
    play.send().unwrap();
    play.finish();
}

#[test]
fn no_chunk_leaves_for_a_message_that_nobody_receives() {
    for (answers, command) in [("250 ok\n550 5.1.1 no\n", "RCPT TO"), ("553 no\n503 no\n", "MAIL FROM")] {
        let mut play = Play::clear(vec![steps([
            opened(&["PIPELINING", "CHUNKING"]),
            vec![
                hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\n"),
                say(answers),
                hear("RSET\n"),
                say("250 ok\n"),
            ],
            one_mail(),
        ])]);
        let failure = play.send().unwrap_err();
        assert_eq!(failure.kind, "rejected");
        assert!(failure.text.contains(command), "{}", failure.text);
        play.send().unwrap();
        play.finish();
    }
}

#[test]
fn one_recipient_of_many_is_enough_and_every_one_is_asked_for() {
    let mut script = opened(&["CHUNKING"]);
    script.extend([hear("MAIL FROM:<from@a.example>\n"), say("250 ok\n")]);
    for (recipient, answer) in [("a@b", "550 no\n"), ("c@d", "450 later\n"), ("e@f", "250 ok\n")] {
        script.extend([hear(&format!("RCPT TO:<{recipient}>\n")), say(answer)]);
    }
    let mut play = Play::clear(vec![steps([script, chunk(), vec![say("250 ok\n")]])]);
    assert_eq!(play.send_to(&["a@b", "c@d", "e@f"]).unwrap().refused.len(), 2);
    play.finish();
}

#[test]
fn after_a_refused_chunk_the_next_mail_starts_with_rset() {
    let refused = vec![say("552 5.3.4 too big\n"), hear("RSET\n"), say("250 ok\n")];
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING", "CHUNKING"]),
        accepted(),
        chunk(),
        refused,
        one_mail(),
    ])]);
    assert_eq!(play.send().unwrap_err().kind, "too-large");
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_connection_that_broke_before_the_chunk_is_replaced() {
    let lost = vec![Step::Fail(StreamError::Closed)];
    let mut play = Play::clear(vec![
        steps([opened(&["PIPELINING", "CHUNKING"]), accepted(), lost]),
        fresh(),
    ]);
    play.send().unwrap();
    play.finish();
}

#[test]
fn silence_after_the_chunk_is_an_unknown_outcome() {
    let silent = vec![Step::Fail(StreamError::Timeout)];
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING", "CHUNKING"]),
        accepted(),
        chunk(),
        silent,
    ])]);
    let failure = play.send().unwrap_err();
    assert_eq!((&*failure.kind, failure.code), ("unknown-outcome", None));
    play.finish();
}

#[test]
fn a_kept_connection_that_the_server_left_costs_no_outcome_since_no_chunk_is_on_its_way() {
    for left in [
        vec![Step::Close],
        vec![say("421 4.7.0 enough mails for one connection\n")],
        vec![say("250 ok\n421 4.3.2 shutting down\n")],
        vec![Step::Fail(StreamError::Timeout)],
    ] {
        let flight = vec![hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\n")];
        let mut play = Play::clear(vec![steps([fresh(), flight, left]), fresh()]);
        play.send().unwrap();
        play.send().unwrap();
        play.finish();
    }
}
