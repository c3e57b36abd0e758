#![allow(clippy::unwrap_used)]
use relais_sandbox::Refusal;

use super::*;
use crate::dispatch::fake;

const KINDS: [Kind; 10] = [
    Kind::Configuration,
    Kind::Authentication,
    Kind::Unreachable,
    Kind::Timeout,
    Kind::Throttled,
    Kind::Temporary,
    Kind::Rejected,
    Kind::TooLarge,
    Kind::UnknownOutcome,
    Kind::Other,
];

#[test]
fn every_kind_has_its_state_with_the_gate_shut_and_open() {
    use RecipientState::{Deferred, Failed, Uncertain};
    let shut = [
        Deferred, Deferred, Deferred, Deferred, Deferred, Deferred, Failed, Failed, Deferred, Deferred,
    ];
    let open = [
        Deferred, Deferred, Deferred, Deferred, Deferred, Deferred, Failed, Failed, Uncertain, Deferred,
    ];
    assert_eq!(KINDS.map(|kind| state_after(kind, false)), shut);
    assert_eq!(KINDS.map(|kind| state_after(kind, true)), open);
}

#[test]
fn only_what_concerns_the_message_leaves_the_instance_at_work() {
    for kind in KINDS {
        let report = report_after(&Failure::new(kind, "x"));
        let works = matches!(kind, Kind::Temporary | Kind::Rejected | Kind::TooLarge);
        assert_eq!(report == Report::Works, works, "{kind}");
    }
}

fn receipt(refused: &[(&str, Option<&str>)]) -> Receipt {
    Receipt {
        id: Some("4F2A".to_owned()),
        text: "250 queued".to_owned(),
        refused: refused
            .iter()
            .map(|(recipient, code)| Refusal {
                recipient: (*recipient).to_owned(),
                code: code.map(str::to_owned),
                text: "no".to_owned(),
            })
            .collect(),
        details: vec![("size".to_owned(), "12".to_owned())],
    }
}

#[test]
fn a_refused_recipient_waits_or_fails_by_the_first_digit_of_its_code() {
    let (delivery, _) = fake::delivery(1, &["a@x.fr", "b@x.fr", "c@x.fr", "d@x.fr"]);
    let refused = [("b@x.fr", Some("450 4.2.0")), ("c@x.fr", Some("550")), ("d@x.fr", None)];
    let verdict = of_receipt(&delivery, &receipt(&refused));
    let states: Vec<RecipientState> = verdict.results.iter().map(|result| result.state).collect();
    use RecipientState::{Deferred, Failed, Sent};
    assert_eq!(states, [Sent, Deferred, Failed, Failed]);
    assert_eq!(verdict.report, Report::Works);
    let names: Vec<&str> = verdict.details.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "text", "size"]);
}

#[test]
fn all_or_none_is_never_tried_for_a_part() {
    let (mut delivery, _) = fake::delivery(1, &["a@x.fr", "b@x.fr"]);
    delivery.all_or_none = true;
    let verdict = of_receipt(&delivery, &receipt(&[("b@x.fr", Some("450"))]));
    assert_eq!(verdict.results.last().unwrap().state, RecipientState::Failed);
    let verdict = of_failure(&delivery, &Failure::new(Kind::Temporary, "later"), true);
    assert!(
        verdict
            .results
            .iter()
            .all(|result| result.state == RecipientState::Deferred)
    );
}

#[test]
fn only_pending_recipients_have_a_result() {
    let (mut delivery, _) = fake::delivery(1, &["a@x.fr", "b@x.fr", "c@x.fr"]);
    delivery.recipients.first_mut().unwrap().state = RecipientState::Sent;
    delivery.recipients.last_mut().unwrap().state = RecipientState::Cancelled;
    let verdict = of_failure(&delivery, &Failure::new(Kind::Rejected, "no"), true);
    let places: Vec<usize> = verdict.results.iter().map(|result| result.recipient).collect();
    assert_eq!(places, [1]);
}

#[test]
fn the_policy_decides_what_becomes_of_the_unknown() {
    let (mut delivery, _) = fake::delivery(1, &["a@x.fr"]);
    let mut state = |policy| {
        delivery.uncertain = policy;
        let result = of_interruption(&delivery, "stopped").results.remove(0);
        (result.state, result.words.is_some())
    };
    assert_eq!(state(UncertainPolicy::Hold), (RecipientState::Uncertain, true));
    assert_eq!(state(UncertainPolicy::Resend), (RecipientState::Deferred, true));
    assert_eq!(state(UncertainPolicy::Close), (RecipientState::Sent, false));
}

#[test]
fn what_a_stranger_says_is_cut() {
    let (delivery, _) = fake::delivery(1, &["a@x.fr"]);
    let mut failure = Failure::new(Kind::Rejected, "é".repeat(4096));
    failure.details = vec![("n".repeat(1024), "v".repeat(4096)); 64];
    let verdict = of_failure(&delivery, &failure, true);
    assert_eq!(verdict.words.unwrap().text.chars().count(), TEXT_CHARS);
    assert_eq!(verdict.details.len(), DETAILS);
    assert!(
        verdict
            .details
            .iter()
            .all(|(name, value)| name.len() + value.len() <= 2 * DETAIL_CHARS)
    );
}
