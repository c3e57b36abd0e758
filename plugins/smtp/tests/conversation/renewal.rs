//! What servers do to kept connections: one new connection, never a desynchronised answer.

use relais_smtp::wire::StreamError;

use crate::script::{Play, Step, hear, one_mail, opened, say, steps};

fn fresh() -> Vec<Step> {
    steps([opened(&["PIPELINING"]), one_mail()])
}

fn flight() -> Step {
    hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n")
}

/// Two mails, the second of which meets `second` and goes out over one new connection.
fn renews(second: Vec<Step>) {
    let mut play = Play::clear(vec![steps([fresh(), second]), fresh()]);
    play.send().unwrap();
    play.send().unwrap();
    play.finish();
}

#[test]
fn two_mails_go_over_one_connection_without_rset() {
    let mut play = Play::clear(vec![steps([fresh(), one_mail()])]);
    play.send().unwrap();
    play.send().unwrap();
    play.finish();
}

#[test]
fn an_idle_close_is_not_an_error() {
    renews(vec![flight(), Step::Close]);
    renews(vec![Step::Fail(StreamError::Closed)]);
    renews(vec![
        flight(),
        Step::Fail(StreamError::Failed("connection reset".to_owned())),
    ]);
}

#[test]
fn a_421_to_any_command_of_the_envelope_is_not_an_error() {
    renews(vec![flight(), say("421 4.4.2 idle too long\n")]);
    renews(vec![flight(), say("250 ok\n421 4.7.0 enough\n")]);
    renews(vec![flight(), say("250 ok\n250 ok\n421 4.3.2 shutting down\n")]);
}

#[test]
fn a_close_between_two_answers_is_not_an_error() {
    renews(vec![flight(), say("250 ok\n25"), Step::Close]);
}

#[test]
fn a_second_421_is_the_answer() {
    let closing = || steps([opened(&["PIPELINING"]), vec![flight(), say("421 4.7.0 go away\n")]]);
    let mut play = Play::clear(vec![closing(), closing()]);
    let failure = play.send().unwrap_err();
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("temporary", Some("421 4.7.0"))
    );
    play.finish();
}

#[test]
fn a_reply_that_nobody_asked_for_ends_the_connection_before_the_next_mail() {
    for unasked in ["421 4.4.2 bye\n", "250 ok\n", "25", "nonsense\n"] {
        let mut first = opened(&["PIPELINING"]);
        first.extend(one_mail());
        first.pop();
        first.push(say(&format!("250 ok\n{unasked}")));
        let mut play = Play::clear(vec![first, fresh()]);
        play.send().unwrap();
        play.send().unwrap();
        play.finish();
    }
}

#[test]
fn a_stray_reply_still_under_way_gives_nobody_anothers_verdict() {
    // It arrives only once the flight has left: DATA would be answered by what answers RCPT.
    renews(vec![flight(), say("250 stray\n250 ok\n250 ok\n354 go\n")]);
}

#[test]
fn more_answers_than_commands_stop_the_message_before_it_leaves() {
    renews(vec![flight(), say("250 ok\n250 ok\n354 go\n250 ?\n")]);
}

#[test]
fn silence_drops_the_connection_and_is_told() {
    let silent = vec![flight(), say("250 ok\n"), Step::Fail(StreamError::Timeout)];
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), silent]), fresh()]);
    assert_eq!(play.send().unwrap_err().kind, "timeout");
    // The late answers went with the connection.
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_kept_connection_that_answers_nothing_is_replaced_once() {
    renews(vec![flight(), Step::Fail(StreamError::Timeout)]);
    renews(vec![Step::Fail(StreamError::Timeout)]);
    let silent = vec![flight(), Step::Fail(StreamError::Timeout)];
    let second = vec![flight(), Step::Fail(StreamError::Timeout)];
    let mut play = Play::clear(vec![steps([fresh(), silent]), steps([opened(&["PIPELINING"]), second])]);
    play.send().unwrap();
    assert_eq!(play.send().unwrap_err().kind, "timeout");
    play.finish();
}

#[test]
fn a_kept_connection_that_fell_silent_midway_is_told_and_not_tried_again() {
    let silent = vec![flight(), say("250 ok\n"), Step::Fail(StreamError::Timeout)];
    let mut play = Play::clear(vec![steps([fresh(), silent])]);
    play.send().unwrap();
    assert_eq!(play.send().unwrap_err().kind, "timeout");
    play.finish();
}

#[test]
fn a_limit_of_the_instance_is_told_and_not_run_into_twice() {
    let limited = vec![Step::Fail(StreamError::Refused("bytes out: 10 MiB".to_owned()))];
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), limited])]);
    let failure = play.send().unwrap_err();
    assert_eq!(failure.kind, "other");
    assert!(failure.text.contains("bytes out"), "{}", failure.text);
    play.finish();
}

#[test]
fn a_reply_that_never_ends_is_cut() {
    let endless = || {
        let line = format!("250-{}\n", "a".repeat(60));
        let mut script = opened(&["PIPELINING"]);
        script.extend([flight(), say(&line.repeat(2000))]);
        script
    };
    let mut play = Play::clear(vec![endless(), endless()]);
    let failure = play.send().unwrap_err();
    assert_eq!(failure.kind, "temporary");
    assert!(failure.text.contains("longer than 1000 lines"), "{}", failure.text);
    play.finish();
}

#[test]
fn an_rset_that_is_not_answered_by_250_ends_the_connection() {
    let refused = [flight(), say("250 ok\n550 no\n554 no\n"), hear("RSET\n")];
    for answer in [
        say("421 bye\n"),
        say("500 ?\n"),
        Step::Close,
        Step::Fail(StreamError::Timeout),
    ] {
        let refused = refused.iter().map(|step| match step {
            Step::Hear(text) => Step::Hear(text.clone()),
            Step::Say(bytes) => Step::Say(bytes.clone()),
            other => panic!("{other:?}"),
        });
        let first = steps([opened(&["PIPELINING"]), refused.collect(), vec![answer]]);
        let mut play = Play::clear(vec![first, fresh()]);
        assert_eq!(play.send().unwrap_err().kind, "rejected");
        play.send().unwrap();
        play.finish();
    }
}

#[test]
fn closing_says_quit_and_takes_any_answer() {
    for answer in [
        say("221 bye\n"),
        Step::Close,
        Step::Fail(StreamError::Timeout),
        say("nonsense\n"),
    ] {
        let mut play = Play::clear(vec![steps([fresh(), vec![hear("QUIT\n"), answer]])]);
        play.send().unwrap();
        play.session.close();
        play.finish();
    }
}

#[test]
fn closing_what_was_never_opened_connects_to_nothing() {
    Play::clear(vec![]).session.close();
}
