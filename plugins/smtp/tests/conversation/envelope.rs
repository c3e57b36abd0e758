//! MAIL, RCPT and DATA: flights, mixed answers, refusals.

use std::fmt::Write as _;

use relais_smtp::letter::Letter;

use crate::script::{Play, Step, body, hear, letter, one_mail, opened, owned, say, steps};

#[test]
fn the_envelope_and_data_leave_in_one_flight() {
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), one_mail()])]);
    let receipt = play.send().unwrap();
    assert_eq!(receipt.id.as_deref(), Some("4XyZ12"));
    assert_eq!(receipt.text, "Ok: queued as 4XyZ12");
    assert!(receipt.refused.is_empty());
    assert_eq!(
        receipt.details,
        [
            ("reply".to_owned(), "250 2.0.0".to_owned()),
            ("pipelined".to_owned(), "true".to_owned()),
            ("chunked".to_owned(), "false".to_owned())
        ]
    );
    play.finish();
}

#[test]
fn answers_may_come_byte_by_byte() {
    let all = "250 2.1.0 Ok\n250-2.1.5 one\n250 2.1.5 two\n354 go\n".replace('\n', "\r\n");
    let last = "250-2.0.0 Ok:\n250 2.0.0 queued as ABC.\n".replace('\n', "\r\n");
    let bytes = |text: &str| text.bytes().map(|byte| Step::Say(vec![byte])).collect::<Vec<_>>();
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        vec![hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n")],
        bytes(&all),
        vec![body()],
        bytes(&last),
    ])]);
    let receipt = play.send().unwrap();
    assert_eq!(receipt.text, "Ok: queued as ABC.");
    assert_eq!(receipt.id.as_deref(), Some("ABC"));
    play.finish();
}

#[test]
fn answers_may_be_split_anywhere() {
    let answers = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n";
    for at in 1..answers.len() {
        let (first, rest) = answers.split_at(at);
        let mut play = Play::clear(vec![steps([
            opened(&["PIPELINING"]),
            vec![
                hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
                Step::Say(first.into()),
                Step::Say(rest.into()),
                body(),
                say("250 ok\n"),
            ],
        ])]);
        play.send().unwrap();
        play.finish();
    }
}

#[test]
fn one_refused_recipient_does_not_stop_the_others() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        vec![
            hear("MAIL FROM:<from@a.example>\nRCPT TO:<a@b>\nRCPT TO:<b@b>\nRCPT TO:<c@b>\nRCPT TO:<d@b>\nDATA\n"),
            say("250 ok\n550 5.1.1 no such user\n250 ok\n452 4.5.3 too many\n250 ok\n354 go\n"),
            body(),
            say("250 ok\n"),
        ],
    ])]);
    let receipt = play.send_to(&["a@b", "b@b", "c@b", "d@b"]).unwrap();
    let refused: Vec<_> = receipt
        .refused
        .iter()
        .map(|refusal| (&*refusal.recipient, refusal.code.as_deref().unwrap(), &*refusal.text))
        .collect();
    assert_eq!(
        refused,
        [
            ("a@b", "550 5.1.1", "no such user (in answer to RCPT TO)"),
            ("c@b", "452 4.5.3", "too many (in answer to RCPT TO)"),
        ]
    );
    play.finish();
}

#[test]
fn an_address_that_no_command_can_carry_does_not_stop_the_others() {
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING"]), one_mail()])]);
    let receipt = play.send_to(&["e vil@b.example", "to@b.example"]).unwrap();
    assert_eq!(receipt.refused.len(), 1);
    assert_eq!(receipt.refused[0].recipient, "e vil@b.example");
    assert_eq!(receipt.refused[0].code, None);
    play.finish();
}

#[test]
fn without_pipelining_every_command_waits_and_data_is_not_asked_for_nobody() {
    let mut play = Play::clear(vec![steps([
        opened(&[]),
        vec![
            hear("MAIL FROM:<from@a.example>\n"),
            say("250 ok\n"),
            hear("RCPT TO:<to@b.example>\n"),
            say("550 no\n"),
        ],
    ])]);
    let failure = play.send().unwrap_err();
    assert_eq!((&*failure.kind, failure.code.as_deref()), ("rejected", Some("550")));
    assert_eq!(
        failure.details,
        [("to@b.example".to_owned(), "550 no (in answer to RCPT TO)".to_owned())]
    );
    play.finish();
}

#[test]
fn a_refused_sender_stops_before_the_recipients_where_it_can() {
    let refused = vec![hear("MAIL FROM:<from@a.example>\n"), say("553 5.7.1 not yours\n")];
    let mut play = Play::clear(vec![steps([opened(&[]), refused])]);
    let failure = play.send().unwrap_err();
    assert_eq!(
        (&*failure.kind, &*failure.text),
        ("rejected", "not yours (in answer to MAIL FROM)")
    );
    play.finish();
}

#[test]
fn all_refused_although_data_is_waited_for_ends_with_a_lone_dot() {
    for (second, kind, code) in [
        ("550 5.1.1 no", "rejected", "550 5.1.1"),
        ("450 4.2.0 later", "temporary", "450 4.2.0"),
    ] {
        let mut play = Play::clear(vec![steps([
            opened(&["PIPELINING"]),
            vec![
                hear("MAIL FROM:<from@a.example>\nRCPT TO:<a@b>\nRCPT TO:<b@b>\nDATA\n"),
                say(&format!("250 ok\n550 5.1.1 no\n{second}\n354 go\n")),
                hear(".\n"),
                say("554 5.5.1 no valid recipients\n"),
            ],
            one_mail(),
        ])]);
        let failure = play.send_to(&["a@b", "b@b"]).unwrap_err();
        assert_eq!((&*failure.kind, failure.code.as_deref()), (kind, Some(code)));
        assert_eq!(failure.details.len(), 2);
        assert!(failure.text.starts_with("all 2 recipients"), "{}", failure.text);
        // The connection is in step: the next mail goes over it.
        play.send().unwrap();
        play.finish();
    }
}

#[test]
fn after_a_refused_envelope_the_next_mail_starts_with_rset() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        vec![
            hear("MAIL FROM:<from@a.example>\nRCPT TO:<a@b>\nDATA\n"),
            say("250 ok\n550 no\n554 no valid recipients\n"),
            hear("RSET\n"),
            say("250 ok\n"),
        ],
        one_mail(),
    ])]);
    play.send_to(&["a@b"]).unwrap_err();
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_sender_refused_while_somebody_would_receive_sends_nothing() {
    // Any end of the data would send a message: the connection goes instead.
    let mut play = Play::clear(vec![
        steps([
            opened(&["PIPELINING"]),
            vec![
                hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
                say("550 no\n250 ok\n354 go\n"),
            ],
        ]),
        steps([opened(&["PIPELINING"]), one_mail()]),
    ]);
    assert!(play.send().unwrap_err().text.contains("MAIL FROM"));
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_refused_data_is_told_with_its_command() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING"]),
        vec![
            hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
            say("250 ok\n250 ok\n451 4.3.0 no room\n"),
        ],
    ])]);
    let failure = play.send().unwrap_err();
    assert_eq!(
        (&*failure.kind, &*failure.text),
        ("temporary", "no room (in answer to DATA)")
    );
    play.finish();
}

#[test]
fn a_long_list_leaves_in_flights_of_a_hundred() {
    let recipients: Vec<String> = (0..250).map(|number| format!("r{number}@b")).collect();
    let mut commands = vec!["MAIL FROM:<from@a.example>\n".to_owned()];
    commands.extend(recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>\n")));
    commands.push("DATA\n".to_owned());
    let mut script = opened(&["PIPELINING"]);
    for flight in commands.chunks(100) {
        script.push(hear(&flight.concat()));
        let mut answers = String::new();
        for command in flight {
            let answer = if command == "DATA\n" { "354 go" } else { "250 ok" };
            writeln!(answers, "{answer}").unwrap();
        }
        script.push(say(&answers));
    }
    script.extend([body(), say("250 ok\n")]);
    let mut play = Play::clear(vec![script]);
    play.send_to(&recipients.iter().map(String::as_str).collect::<Vec<_>>())
        .unwrap();
    play.finish();
}

#[test]
fn size_is_said_where_it_is_offered_and_8bitmime_where_it_is_needed() {
    let mut play = Play::clear(vec![steps([
        opened(&["PIPELINING", "SIZE 5000", "8BITMIME"]),
        vec![
            hear("MAIL FROM:<> SIZE=1234 BODY=8BITMIME\nRCPT TO:<to@b.example>\nDATA\n"),
            say("250 ok\n250 ok\n354 go\n"),
            body(),
            say("250 ok\n"),
        ],
    ])]);
    play.session
        .send(&Letter {
            sender: None,
            eight_bit: true,
            ..letter()
        })
        .unwrap();
    play.finish();
}

#[test]
fn a_message_over_the_size_limit_is_too_large_without_a_word() {
    let mut play = Play::clear(vec![opened(&["SIZE 1233"])]);
    let failure = play.send().unwrap_err();
    assert_eq!((&*failure.kind, failure.code), ("too-large", None));
    assert!(
        failure.text.contains("1234") && failure.text.contains("1233"),
        "{}",
        failure.text
    );
    play.finish();
}

#[test]
fn eight_bits_for_a_server_of_seven_are_rejected_without_a_word() {
    let mut play = Play::clear(vec![opened(&["PIPELINING"])]);
    let failure = play
        .session
        .send(&Letter {
            eight_bit: true,
            ..letter()
        })
        .unwrap_err();
    assert_eq!(failure.kind, "rejected");
    assert!(failure.text.contains("8BITMIME"), "{}", failure.text);
    play.finish();
}

#[test]
fn an_impossible_envelope_opens_no_connection() {
    let mut play = Play::clear(vec![]);
    let evil = Letter {
        recipients: owned(&["a@b>\r\nRCPT TO:<c@d"]),
        ..letter()
    };
    assert_eq!(play.session.send(&evil).unwrap_err().kind, "rejected");
    assert_eq!(play.send_to(&[]).unwrap_err().kind, "rejected");
}

#[test]
fn codes_decide_the_kind() {
    for (answer, kind) in [
        ("552 too big", "too-large"),
        ("552 5.3.4 too big", "too-large"),
        ("554 5.2.3 too big", "too-large"),
        ("552 5.2.2 mailbox full", "rejected"),
        ("530 5.7.0 Authentication required", "authentication"),
        ("530 5.7.0 Must issue a STARTTLS command first", "configuration"),
        ("534 5.7.9 stronger please", "authentication"),
        ("538 5.7.11 encrypt", "authentication"),
        ("535 5.7.8 no", "authentication"),
        ("450 4.7.1 rate", "temporary"),
        ("454 4.7.0 later", "temporary"),
        ("451 try later", "temporary"),
        ("554 5.7.1 no", "rejected"),
    ] {
        let mut play = Play::clear(vec![steps([
            opened(&[]),
            vec![hear("MAIL FROM:<from@a.example>\n"), say(&format!("{answer}\n"))],
        ])]);
        assert_eq!(play.send().unwrap_err().kind, kind, "{answer}");
        play.finish();
    }
}
