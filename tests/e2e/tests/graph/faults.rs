//! What Graph, or something between, does wrong.

use std::time::{Duration, Instant};

use relais_e2e::graph::{Directory, Fault, Goes};
use relais_e2e::office::{TOKEN, USER};
use relais_sandbox::Kind;

use crate::stand::{Stand, assert_files, with_file};

fn instead(status: u16, code: &'static str, retry_after: Option<u32>) -> Goes {
    Goes::Instead {
        status,
        code,
        retry_after,
    }
}

#[tokio::test]
async fn a_throttled_mail_says_how_long_to_wait_and_was_not_sent() {
    for (status, code) in [(429, "ApplicationThrottled"), (503, "ErrorServerBusy"), (503, "")] {
        let mut stand = Stand::new().await;
        stand
            .graph
            .fault(Fault::at("POST", "/sendMail", instead(status, code, Some(17))));
        let failure = stand.send(&with_file(1_000)).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.detail("claimed")),
            (Kind::Throttled, None),
            "{status} {code}"
        );
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(17));
        stand.send(&with_file(1_000)).await.unwrap();
        assert_eq!(stand.graph.sent().len(), 1);
    }
}

#[tokio::test]
async fn an_acceptance_that_asks_to_slow_down_is_an_acceptance() {
    let mut stand = Stand::new().await;
    let goes = Goes::Though {
        status: 202,
        retry_after: Some(30),
    };
    stand.graph.fault(Fault::at("POST", "/sendMail", goes));
    stand.accepted(&with_file(1_000)).await;
}

#[tokio::test]
async fn a_gateways_504_after_acceptance_is_settled_by_the_copy_and_makes_no_second_mail() {
    for bytes in [1_000, 4_000_000] {
        for goes in [
            Goes::Though {
                status: 504,
                retry_after: None,
            },
            Goes::DoneAndCut,
        ] {
            let mut stand = Stand::new().await;
            let at = if bytes == 1_000 { "/sendMail" } else { "/send" };
            stand.graph.fault(Fault::at("POST", at, goes));
            let (receipt, sent) = stand.accepted(&with_file(bytes)).await;
            assert_files(&sent, &[bytes]);
            assert!(receipt.details.contains(&("reconciled".to_owned(), "true".to_owned())));
            assert_eq!(stand.gates(), 1);
        }
    }
}

#[tokio::test]
async fn a_front_ends_503_after_acceptance_is_settled_by_the_copy_and_makes_no_second_mail() {
    let mut stand = Stand::new().await;
    let goes = Goes::Though {
        status: 503,
        retry_after: Some(1),
    };
    stand.graph.fault(Fault::at("POST", "/send", goes));
    let (receipt, _) = stand.accepted(&with_file(4_000_000)).await;
    assert!(receipt.details.contains(&("reconciled".to_owned(), "true".to_owned())));
    assert_eq!(stand.graph.counts().of("POST", "/send"), 1);
}

#[tokio::test]
async fn a_mail_that_was_sent_before_is_not_taken_for_one_that_a_gateway_lost() {
    let mut stand = Stand::new().await;
    let message = with_file(1_000);
    stand.accepted(&message).await;
    // Longer than what clocks may be apart.
    tokio::time::sleep(Duration::from_secs(7)).await;
    stand
        .graph
        .fault(Fault::at("POST", "/sendMail", instead(504, "", None)));
    let failure = stand.send(&message).await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome, "{failure}");
    assert_eq!(stand.graph.sent().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_a_day_changes_nothing() {
    let mut directory = Directory::of(USER, TOKEN);
    directory.clock_ahead = Duration::from_secs(86_400);
    let mut stand = Stand::of(directory, |office| office).await;
    let message = with_file(1_000);
    stand.accepted(&message).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    // A copy of before is old, and one of now is new, by Graph's clock.
    let lost = instead(504, "", None);
    let accepted = Goes::Though {
        status: 504,
        retry_after: None,
    };
    for (goes, sent) in [(lost, 1), (accepted, 2)] {
        stand.graph.fault(Fault::at("POST", "/sendMail", goes));
        let well = stand.send(&message).await;
        assert_eq!((well.is_ok(), stand.graph.sent().len()), (sent == 2, sent), "{well:?}");
    }
}

#[tokio::test]
async fn a_small_mail_that_a_gateway_lost_is_unknown_and_not_sent_again() {
    let mut stand = Stand::new().await;
    stand
        .graph
        .fault(Fault::at("POST", "/sendMail", instead(504, "", None)));
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (Kind::UnknownOutcome, None));
    assert_eq!(stand.graph.counts().of("POST", "/sendMail"), 1);
}

#[tokio::test]
async fn a_draft_that_a_gateway_lost_is_deleted_and_the_mail_may_be_tried_again() {
    let mut stand = Stand::new().await;
    stand.graph.fault(Fault::at("POST", "/send", instead(504, "", None)));
    let begun = Instant::now();
    let failure = stand.send(&with_file(4_000_000)).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.detail("claimed")),
        (Kind::Temporary, None),
        "{failure}"
    );
    assert!(begun.elapsed().as_secs() >= 10, "it is given time to be moved");
    assert_eq!(
        (stand.graph.sent().len(), stand.graph.drafts(), stand.gates()),
        (0, 0, 1)
    );
    stand.accepted(&with_file(4_000_000)).await;
}

#[tokio::test]
async fn a_wrong_200_is_no_success() {
    let mut stand = Stand::new().await;
    stand
        .graph
        .fault(Fault::at("POST", "/sendMail", instead(200, "", None)));
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert!(failure.text.contains("200, and not 202"), "{failure}");
    // For a draft it means that there is none.
    stand
        .graph
        .fault(Fault::at("POST", "/messages", instead(200, "", None)));
    let failure = stand.send(&with_file(4_000_000)).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::Temporary, None));
    assert!(stand.graph.sent().is_empty());
}

#[tokio::test]
async fn a_refused_recipient_refuses_the_mail_for_all() {
    let mut stand = Stand::new().await;
    stand.graph.fault(Fault::at(
        "POST",
        "/sendMail",
        instead(400, "ErrorInvalidRecipients", None),
    ));
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Rejected, Some("400 ErrorInvalidRecipients"))
    );
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_small_mail_settles_nothing_by_itself() {
    let mut stand = Stand::new().await;
    stand
        .graph
        .fault(Fault::at("POST", "/sendMail", Goes::CutAfter(100_000)));
    let failure = stand.send(&with_file(1_000_000)).await.unwrap_err();
    // The host knows whether all of it had left; either way nobody may say that it was refused.
    assert!(matches!(failure.kind, Kind::UnknownOutcome), "{failure}");
    assert!(stand.graph.sent().is_empty());
}

#[tokio::test]
async fn a_graph_that_is_not_there_is_unreachable_and_nothing_was_sent() {
    let mut stand = Stand::new().await;
    let Stand { graph, .. } = &stand;
    let port = graph.port();
    let directory = Directory::of(USER, TOKEN);
    stand.graph = relais_e2e::graph::FakeGraph::start(directory).await.unwrap();
    // Its listener is gone with it.
    let failure = loop {
        match stand.send(&with_file(1_000)).await {
            Err(failure) => break failure,
            Ok(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(failure.kind, Kind::Unreachable, "{port}: {failure}");
}
