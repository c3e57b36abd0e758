#![allow(clippy::unwrap_used)]
use super::*;

fn floor() -> (Floor, Turn) {
    let floor = Floor::default();
    floor.begin();
    let turn = floor.turn();
    (floor, turn)
}

fn left(floor: &Floor, turn: Turn) -> Result<(), Held> {
    floor.left_whole(turn, Passed::for_a_test())
}

#[test]
fn a_refusal_is_the_remotes_only_if_it_was_its_last_word_after_the_message_left() {
    let (floor, turn) = floor();
    floor.heard(b"451 4.3.0 before\r\n");
    left(&floor, turn).unwrap();
    assert!(!floor.remote_refused_with("451 4.3.0"));
    floor.heard(b"450 4.1.1 a recipient\r\n");
    assert!(floor.remote_refused_with("450 4.1.1"));
    floor.heard(b"250-queued\r\n25");
    floor.heard(b"0 451 of them\r\n");
    for claimed in ["450 4.1.1", "451 4.3.0", "250 2.0.0", "45", "\u{e9}50"] {
        assert!(!floor.remote_refused_with(claimed), "{claimed}");
    }
}

#[test]
fn a_redirect_of_http_is_a_refusal_and_an_intermediate_reply_of_smtp_is_none() {
    let (floor, turn) = floor();
    left(&floor, turn).unwrap();
    floor.heard(b"354 go on\r\n");
    assert!(!floor.remote_refused_with("354"));
    floor.heard_status(307);
    assert!(floor.remote_refused_with("307"));
    floor.heard_status(202);
    assert!(!floor.remote_refused_with("202") && !floor.remote_refused_with("307"));
}

#[test]
fn a_gateway_that_heard_nothing_refuses_nothing() {
    let (floor, turn) = floor();
    left(&floor, turn).unwrap();
    for status in [502, 504] {
        floor.heard_status(status);
        assert!(!floor.remote_refused_with(&status.to_string()), "{status}");
    }
    floor.heard_status(503);
    assert!(floor.remote_refused_with("503"));
    floor.heard(b"504 5.5.1 no such mechanism\r\n");
    assert!(floor.remote_refused_with("504"));
}

#[test]
fn what_was_taken_back_at_the_address_that_was_asked_stayed() {
    let (floor, turn) = floor();
    left(&floor, turn).unwrap();
    floor.asks(turn, "https://api.example/drafts/1/send");
    floor.withdrawn(turn, "https://api.example/drafts/2");
    floor.withdrawn(turn, "https://api.example/drafts/1/se");
    assert!(floor.may_have_left());
    floor.withdrawn(turn, "https://api.example/drafts/1");
    assert!(!floor.may_have_left());
}

#[test]
fn what_was_taken_back_takes_nothing_else_back() {
    for other in [Some("https://api.example/send"), None] {
        let (floor, turn) = floor();
        left(&floor, turn).unwrap();
        floor.asks(turn, "https://api.example/drafts/1/send");
        match other {
            Some(other) => floor.asks(turn, other),
            None => floor.asks_otherwise(),
        }
        floor.withdrawn(turn, "https://api.example/drafts/1");
        assert!(floor.may_have_left(), "{other:?}");
        floor.end();
        floor.begin();
        left(&floor, floor.turn()).unwrap();
        floor.asks(floor.turn(), "https://api.example/drafts/3/send");
        floor.withdrawn(floor.turn(), "https://api.example/drafts/3");
        assert!(!floor.may_have_left());
    }
}

#[test]
fn what_was_turned_away_stayed_unless_something_else_was_asked() {
    let (floor, turn) = floor();
    left(&floor, turn).unwrap();
    floor.asks(turn, "https://api.example/send");
    floor.turned_away(turn);
    assert!(!floor.may_have_left());
    // The next one may send it, and the one after it does not say of both.
    left(&floor, turn).unwrap();
    floor.asks(turn, "https://api.example/send");
    floor.asks(turn, "https://api.example/send");
    floor.turned_away(turn);
    assert!(floor.may_have_left());
    floor.turned_away(turn);
    assert!(!floor.may_have_left());
    left(&floor, turn).unwrap();
    floor.asks(turn, "https://api.example/send");
    floor.asks_otherwise();
    floor.turned_away(turn);
    assert!(floor.may_have_left());
}

#[test]
fn a_request_for_which_no_connection_was_made_takes_no_other_back() {
    let (floor, turn) = floor();
    left(&floor, turn).unwrap();
    floor.asks(turn, "https://api.example/send");
    floor.asks(turn, "https://api.example/send");
    floor.unheard(turn, false);
    assert!(floor.may_have_left());
    floor.turned_away(turn);
    assert!(!floor.may_have_left());
}

#[test]
fn requests_for_none_of_which_a_connection_was_made_leave_the_message_where_it_was() {
    let (floor, turn) = floor();
    for _ in 0..2 {
        floor.asks(turn, "https://api.example/send");
    }
    left(&floor, turn).unwrap();
    floor.unheard(turn, false);
    assert!(floor.may_have_left());
    floor.unheard(turn, false);
    assert!(!floor.may_have_left());
}

#[test]
fn a_request_without_a_connection_takes_nothing_back_that_left_before_it_or_otherwise() {
    let (floor, turn) = floor();
    floor.asks(turn, "https://api.example/send");
    left(&floor, turn).unwrap();
    floor.unheard(turn, true);
    assert!(floor.may_have_left());
    floor.asks(turn, "https://api.example/send");
    floor.asks_otherwise();
    floor.unheard(turn, false);
    assert!(floor.may_have_left());
}

#[test]
fn what_only_prepares_or_was_begun_by_an_earlier_call_takes_nothing_back() {
    let (floor, earlier) = floor();
    floor.asks(earlier, "https://api.example/token");
    floor.end();
    floor.begin();
    let turn = floor.turn();
    floor.asks(turn, "https://api.example/send");
    left(&floor, turn).unwrap();
    for other in [turn.preparing(), earlier] {
        floor.unheard(other, false);
        floor.turned_away(other);
    }
    assert!(floor.may_have_left());
    floor.unheard(turn, false);
    assert!(!floor.may_have_left());
}

#[test]
fn what_an_earlier_call_asks_late_is_not_the_later_ones() {
    let (floor, earlier) = floor();
    floor.end();
    floor.begin();
    floor.asks(earlier, "https://api.example/token");
    left(&floor, floor.turn()).unwrap();
    floor.asks(floor.turn(), "https://api.example/send");
    floor.unheard(floor.turn(), false);
    assert!(!floor.may_have_left());
}

#[test]
fn a_request_that_ended_before_the_message_could_leave_did_not_send_it() {
    let (floor, turn) = floor();
    floor.asks(turn, "https://api.example/token");
    floor.settled(turn);
    floor.asks(turn, "https://api.example/send");
    left(&floor, turn).unwrap();
    floor.settled(turn);
    assert!(floor.may_have_left());
    floor.unheard(turn, false);
    assert!(!floor.may_have_left());
}

#[test]
fn what_waited_for_the_gate_while_it_was_turned_away_stayed_unless_another_may_have_sent_it() {
    for others in [0, 1] {
        let (floor, turn) = floor();
        for _ in 0..=others {
            floor.asks(turn, "https://api.example/send");
        }
        floor.turned_away(turn);
        left(&floor, turn).unwrap();
        floor.withheld(turn.preparing());
        assert!(floor.may_have_left());
        floor.withheld(turn);
        assert_eq!(floor.may_have_left(), others > 0);
    }
}

#[test]
fn nothing_leaves_before_a_call_or_after_it() {
    let floor = Floor::default();
    assert_eq!(floor.allows(floor.turn()), Err(Held::Over));
    floor.begin();
    let turn = floor.turn();
    assert_eq!(floor.allows(turn), Ok(()));
    floor.end();
    assert_eq!(left(&floor, turn), Err(Held::Over));
    assert!(!floor.may_have_left());
}

#[test]
fn what_an_earlier_call_began_does_not_leave_in_a_later_one() {
    let (floor, earlier) = floor();
    floor.content_exposed();
    floor.end();
    floor.begin();
    assert!(!floor.is_exposed());
    assert_eq!(left(&floor, earlier), Err(Held::Over));
    assert!(!floor.may_have_left());
    assert_eq!(left(&floor, floor.turn()), Ok(()));
    floor.stayed(earlier);
    assert!(floor.may_have_left());
}

#[test]
fn after_a_refusal_nothing_leaves_whatever_was_passed() {
    let (floor, turn) = floor();
    floor.refuse(turn);
    assert_eq!(floor.allows(turn), Err(Held::Refused));
    assert_eq!(left(&floor, turn), Err(Held::Refused));
    assert!(!floor.may_have_left());
}
