//! SMTPUTF8 (RFC 6531): addresses with letters that are not ASCII.

use relais_sdk::{Failure, Receipt};
use relais_smtp::letter::Letter;

use crate::script::{Play, Step, body, hear, letter, opened, owned, say, steps};

const OFFER: [&str; 3] = ["PIPELINING", "8BITMIME", "SMTPUTF8"];

/// A letter as the host describes one whose header has such an address.
fn with_utf8_header() -> Letter<'static, relais_smtp::wire::Framing> {
    Letter {
        eight_bit: true,
        utf8_header: true,
        ..letter()
    }
}

fn sends(mail: &str, letter: &Letter<'_, relais_smtp::wire::Framing>) -> Receipt {
    let mut play = Play::clear(vec![steps([
        opened(&OFFER),
        vec![hear(mail), say("250 ok\n250 ok\n354 go\n"), body(), say("250 ok\n")],
    ])]);
    let receipt = play.session.send(letter).unwrap();
    play.finish();
    receipt
}

#[test]
fn an_address_of_the_envelope_with_accents_is_announced_and_written_as_it_is() {
    sends(
        "MAIL FROM:<from@a.example> SMTPUTF8\nRCPT TO:<élu@b.example>\nDATA\n",
        &Letter {
            recipients: owned(&["élu@b.example"]),
            ..letter()
        },
    );
    sends(
        "MAIL FROM:<préfet@a.example> SMTPUTF8\nRCPT TO:<to@b.example>\nDATA\n",
        &Letter {
            sender: Some("préfet@a.example".to_owned()),
            ..letter()
        },
    );
}

#[test]
fn an_address_of_the_header_with_accents_is_announced_with_its_eight_bits() {
    sends(
        "MAIL FROM:<from@a.example> BODY=8BITMIME SMTPUTF8\nRCPT TO:<to@b.example>\nDATA\n",
        &with_utf8_header(),
    );
}

#[test]
fn what_does_not_need_it_does_not_ask_for_it() {
    sends("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n", &letter());
}

/// What a server without SMTPUTF8 leads to; it hears these steps after its greeting.
fn without_it(letter: &Letter<'_, relais_smtp::wire::Framing>, hears: Vec<Step>) -> Result<Receipt, Failure> {
    let mut play = Play::clear(vec![steps([opened(&["PIPELINING", "8BITMIME"]), hears])]);
    let sent = play.session.send(letter);
    play.finish();
    sent
}

#[test]
fn a_server_without_it_hears_nothing_of_a_message_that_needs_it() {
    let sender = Letter {
        sender: Some("préfet@a.example".to_owned()),
        ..letter()
    };
    let recipient = Letter {
        recipients: owned(&["élu@b.example"]),
        ..letter()
    };
    for letter in [sender, recipient, with_utf8_header()] {
        let failure = without_it(&letter, Vec::new()).unwrap_err();
        assert_eq!((&*failure.kind, failure.code), ("rejected", None));
        assert!(
            failure.text.contains("not ASCII") && failure.text.contains("5.6.7"),
            "{}",
            failure.text
        );
    }
}

#[test]
fn a_server_without_it_still_takes_the_message_for_the_other_recipients() {
    let letter = Letter {
        recipients: owned(&["élu@b.example", "to@b.example"]),
        ..letter()
    };
    let hears = vec![
        hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
        say("250 ok\n250 ok\n354 go\n"),
        body(),
        say("250 ok\n"),
    ];
    let receipt = without_it(&letter, hears).unwrap();
    assert_eq!(receipt.refused.len(), 1);
    assert_eq!(receipt.refused[0].recipient, "élu@b.example");
}
