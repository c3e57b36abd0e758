use super::super::rules::{accept, change, settle, transmitting};
use super::*;

fn row(recipients: usize) -> DeliveryRow {
    let mut delivery = delivery(&message(10), 0);
    let one = delivery.recipients[0].clone();
    delivery.recipients = vec![one; recipients];
    accept(delivery, &Retention::default())
}

fn states(row: &DeliveryRow) -> Vec<RecipientState> {
    row.delivery
        .recipients
        .iter()
        .map(|recipient| recipient.state)
        .collect()
}

/// Sends it, and settles the attempt.
fn attempt(row: &mut DeliveryRow, at_ms: u64, came_to: &[RecipientState], next_ms: Option<u64>) {
    assert!(transmitting(row, at(at_ms)));
    settle(row, outcome(at_ms, came_to, next_ms), &Retention::default());
}

fn does(row: &mut DeliveryRow, what: &Change) -> bool {
    change(row, what, &Retention::default())
}

fn resend(recipients: Option<Vec<usize>>, now_ms: u64) -> Change {
    Change::Resend {
        recipients,
        now: on(now_ms),
    }
}

use RecipientState::{Cancelled, Deferred, Failed, Queued, Sending, Sent, Uncertain};

#[test]
fn an_attempt_carries_those_that_are_pending_and_no_others() {
    let mut row = row(3);
    attempt(&mut row, 10, &[Sent, Failed, Deferred], Some(60));
    assert_eq!((row.delivery.due_at, row.delivery.ended_at), (Some(at(60)), None));
    assert!(transmitting(&mut row, at(60)));
    assert_eq!(states(&row), [Sent, Failed, Sending]);
    // What it says of those that it did not carry is not heard.
    settle(
        &mut row,
        outcome(61, &[Failed, Sent, Sent], None),
        &Retention::default(),
    );
    assert_eq!(states(&row), [Sent, Failed, Sent]);
    assert_eq!((row.delivery.due_at, row.delivery.ended_at), (None, Some(at(61))));
}

#[test]
fn a_recipient_of_which_the_outcome_says_nothing_is_uncertain() {
    let mut row = row(2);
    attempt(&mut row, 10, &[Sent], None);
    assert_eq!(states(&row), [Sent, Uncertain]);
    assert_eq!(
        row.delivery.recipients[1].words.as_ref().unwrap().kind,
        "unknown-outcome"
    );
    assert_eq!(row.timer(TimerKind::UncertainAlert), Some(START + 10 + HOUR));
}

#[test]
fn an_alert_is_set_once_for_one_uncertainty_and_taken_away_with_it() {
    let mut row = row(2);
    attempt(&mut row, 0, &[Uncertain, Deferred], Some(HOUR));
    let alert = row.timer(TimerKind::UncertainAlert);
    assert_eq!(alert, Some(START + HOUR));
    super::super::rules::fire(&mut row, alert.unwrap(), TimerKind::UncertainAlert);
    attempt(&mut row, 2 * HOUR, &[Sent, Sent], None);
    assert_eq!(row.timer(TimerKind::UncertainAlert), None, "told again");
    assert!(does(
        &mut row,
        &Change::Close {
            as_sent: true,
            now: on(3 * HOUR)
        }
    ));
    assert_eq!(states(&row), [Sent, Sent]);
    assert_eq!(row.delivery.body, Body::Gone);
}

#[test]
fn what_is_being_sent_is_neither_cancelled_nor_moved_nor_sent_again() {
    let mut row = row(2);
    attempt(&mut row, 0, &[Failed, Deferred], Some(1));
    assert!(transmitting(&mut row, at(1)));
    let before = row.clone();
    let instance = "other".parse().unwrap();
    for what in [
        Change::Cancel { now: on(2) },
        Change::Defer { until: at(2) },
        Change::Move { instance, now: on(2) },
        resend(None, 2),
        Change::Close {
            as_sent: true,
            now: on(2),
        },
    ] {
        assert!(!does(&mut row, &what), "{what:?}");
        assert_eq!(row, before);
    }
}

#[test]
fn sending_again_begins_a_new_life_of_the_same_length() {
    let mut row = row(3);
    let words = Words::new(relais_sandbox::Kind::Timeout, "five days");
    attempt(&mut row, 0, &[Sent, Deferred, Deferred], Some(1));
    assert!(does(
        &mut row,
        &Change::GiveUp {
            now: on(5 * DAY),
            words,
            since: at(0),
        }
    ));
    assert_eq!(states(&row), [Sent, Failed, Failed]);
    assert_eq!(row.delivery.recipients[1].words.as_ref().unwrap().text, "five days");
    assert!(!does(&mut row, &resend(Some(vec![0]), 6 * DAY)), "it was sent");
    assert!(!does(&mut row, &resend(Some(vec![7]), 6 * DAY)), "there is none");
    assert!(does(&mut row, &resend(Some(vec![2]), 6 * DAY)));
    assert_eq!(states(&row), [Sent, Failed, Queued]);
    assert_eq!(row.delivery.due_at, Some(at(6 * DAY)));
    assert_eq!(row.delivery.give_up_at, at(11 * DAY));
    assert_eq!(row.timers, [(START + 11 * DAY, TimerKind::GiveUp)]);
}

#[test]
fn what_was_not_attempted_since_is_spared_once_and_for_a_day_at_most() {
    let give_up = |row: &mut DeliveryRow, now_ms, since_ms| {
        let words = Words::new(relais_sandbox::Kind::Timeout, "five days");
        let (now, since) = (on(now_ms), at(since_ms));
        assert!(does(row, &Change::GiveUp { now, words, since }));
        states(row)[0]
    };
    let mut attempted = row(1);
    attempt(&mut attempted, DAY, &[Deferred], Some(2 * DAY));
    assert_eq!(give_up(&mut attempted, 5 * DAY, DAY), Failed);
    let mut waited = row(1);
    attempt(&mut waited, DAY, &[Deferred], Some(6 * DAY));
    assert_eq!(give_up(&mut waited, 5 * DAY, DAY + 1), Deferred);
    assert_eq!(
        (waited.delivery.due_at, waited.delivery.give_up_at),
        (Some(at(5 * DAY)), at(6 * DAY))
    );
    assert_eq!(waited.timers, [(START + 6 * DAY, TimerKind::GiveUp)]);
    assert_eq!(give_up(&mut waited.clone(), 6 * DAY, 6 * DAY), Failed, "spared twice");
    // An attempt is a new beginning.
    attempt(&mut waited, 5 * DAY, &[Deferred], Some(7 * DAY));
    assert_eq!(give_up(&mut waited, 6 * DAY, 5 * DAY + 1), Deferred);
}

#[test]
fn a_part_of_an_all_or_none_delivery_is_not_sent_again() {
    let mut row = row(2);
    row.delivery.all_or_none = true;
    attempt(&mut row, 0, &[Failed, Uncertain], None);
    assert!(!does(&mut row, &resend(Some(vec![1]), 1)));
    assert!(does(&mut row, &resend(None, 1)));
    assert_eq!(states(&row), [Queued, Queued]);
}

#[test]
fn without_its_content_nothing_is_sent_again() {
    let mut row = row(1);
    attempt(&mut row, 0, &[Failed], None);
    let expiry = row.timer(TimerKind::BodyExpiry).unwrap();
    super::super::rules::fire(&mut row, expiry, TimerKind::BodyExpiry);
    assert_eq!(row.delivery.body, Body::Gone);
    assert!(!does(&mut row, &resend(None, 1)));
}

#[test]
fn what_was_cancelled_can_be_sent_after_all() {
    let mut row = row(2);
    assert!(does(&mut row, &Change::Cancel { now: on(1) }));
    assert_eq!((states(&row), row.delivery.ended_at), (vec![Cancelled; 2], Some(at(1))));
    assert_ne!(row.delivery.body, Body::Gone);
    assert!(does(&mut row, &resend(None, 2)));
    assert_eq!((states(&row), row.delivery.ended_at), (vec![Queued; 2], None));
}

#[test]
fn the_attempts_are_bounded_and_the_first_stays() {
    let mut row = row(1);
    for number in 0..60 {
        attempt(&mut row, number + SECOND, &[Deferred], Some(number + SECOND));
    }
    let attempts = &row.delivery.attempts;
    assert_eq!((attempts.len(), row.delivery.tried), (40, 60));
    assert_eq!(attempts[0].ended_at, at(SECOND));
    assert_eq!(attempts[39].ended_at, at(59 + SECOND));
}
