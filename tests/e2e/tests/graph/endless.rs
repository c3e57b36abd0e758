//! A Graph that does not answer, or does not stop to.

use std::time::{Duration, Instant};

use relais_e2e::graph::{Fault, Goes};
use relais_sandbox::{Kind, Limits};

use crate::stand::{Stand, with_file};

/// Longer than every limit here with all that a connector does about it, and far below those of an instance.
const IN_TIME: Duration = Duration::from_secs(40);

/// A host that waits for seconds where it would for minutes.
fn hasty() -> Limits {
    Limits {
        silence: Duration::from_secs(1),
        slow_after: Duration::from_secs(3),
        slow_bytes: 50_000,
        ..Limits::default()
    }
}

fn trickle(status: u16) -> Goes {
    Goes::Endless {
        status,
        bytes: 1,
        every: Duration::from_millis(100),
    }
}

fn flood(status: u16) -> Goes {
    Goes::Endless {
        status,
        bytes: 64 << 10,
        every: Duration::from_millis(1),
    }
}

#[tokio::test]
async fn a_graph_that_never_answers_is_given_up_in_time() {
    for (bytes, at, kind) in [
        (1_000, "/sendMail", Kind::UnknownOutcome),
        (4_000_000, "/messages", Kind::Temporary),
    ] {
        // The pauses of a connector that looks for its mail move nothing either: eight seconds at most.
        let limits = Limits {
            silence: Duration::from_secs(8),
            ..Limits::default()
        };
        let mut stand = Stand::limited(limits).await;
        stand.graph.fault(Fault::at("POST", at, Goes::Silent));
        let begun = Instant::now();
        let failure = stand.send(&with_file(bytes)).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{at}: {failure}");
        assert!(failure.text.contains("within the time limit"), "{failure}");
        assert!(begun.elapsed() < IN_TIME, "{at}");
    }
}

#[tokio::test]
async fn an_acceptance_whose_answer_never_ends_is_an_acceptance_at_once() {
    for (bytes, at) in [(1_000, "/sendMail"), (4_000_000, "/send")] {
        for goes in [trickle(202), flood(202)] {
            let mut stand = Stand::new().await;
            stand.graph.fault(Fault::at("POST", at, goes));
            let begun = Instant::now();
            let (receipt, _) = stand.accepted(&with_file(bytes)).await;
            assert!(begun.elapsed() < Duration::from_secs(10), "{at}");
            assert_eq!(receipt.text, "202 Accepted");
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_in_time_and_says_so() {
    // Before anything was sent, nothing was.
    let mut stand = Stand::limited(hasty()).await;
    stand.graph.fault(Fault::at("POST", "/messages", trickle(201)));
    let begun = Instant::now();
    let failure = stand.send(&with_file(4_000_000)).await.unwrap_err();
    assert_eq!(failure.detail("limit"), Some("slow"), "{failure:?}");
    assert_ne!(failure.kind, Kind::UnknownOutcome, "{failure:?}");
    assert!(begun.elapsed() < IN_TIME);
    // A refusal without an end leaves open what it would have been.
    let mut stand = Stand::limited(hasty()).await;
    stand.graph.fault(Fault::at("POST", "/sendMail", trickle(400)));
    let begun = Instant::now();
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.detail("limit")),
        (Kind::UnknownOutcome, Some("slow")),
        "{failure:?}"
    );
    assert!(begun.elapsed() < IN_TIME);
}

#[tokio::test]
async fn an_answer_that_comes_fast_and_never_ends_is_read_to_a_bound() {
    let mut stand = Stand::limited(hasty()).await;
    stand.graph.fault(Fault::at("POST", "/messages", flood(201)));
    let begun = Instant::now();
    let failure = stand.send(&with_file(4_000_000)).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::Temporary, None));
    assert!(failure.text.contains("gave no id"), "{failure}");
    assert!(begun.elapsed() < IN_TIME);
    // The session goes on.
    stand.send(&with_file(1_000)).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_the_session_may_not_receive_is_not_a_request_that_did_not_leave() {
    let limits = Limits {
        bytes_in: 50,
        ..Limits::default()
    };
    let mut stand = Stand::limited(limits).await;
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    // The connector knows by itself that the mail may have been accepted, and so it was.
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::UnknownOutcome, None));
    assert!(failure.text.contains("`bytes-in`"), "{failure}");
    assert_eq!(stand.graph.sent().len(), 1);
}
