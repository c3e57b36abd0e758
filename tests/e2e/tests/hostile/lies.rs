//! A connector that says of a message what is not so. The host believes what it saw: one mail, and nobody knows more.

use std::collections::BTreeMap;

use relais_catcher::{Catcher, Faults, Options};
use relais_sandbox::{Failure, Kind, Receipt};

use crate::host::{Host, in_time, mail};
use crate::setup::Setup;

/// Runs a lie about a mail that the server took for both recipients, exactly once.
async fn told_of_one_mail(mode: &str) -> Result<Receipt, Failure> {
    told_of(Setup::attack(mode), Faults::default(), 2).await
}

/// Runs a lie about a mail that a server took for so many recipients, exactly once.
async fn told_of(setup: Setup, faults: Faults, recipients: usize) -> Result<Receipt, Failure> {
    let options = Options {
        faults,
        ..Options::default()
    };
    let catcher = Catcher::start(options).await.unwrap();
    let host = Host::new();
    let told = host.send(setup.granted("127.0.0.1", catcher.port())).await;
    let mails = catcher.wait_for(1, relais_e2e::PATIENCE).await.unwrap();
    assert_eq!((catcher.count(), mails[0].recipients.len()), (1, recipients));
    host.the_next_mail_leaves().await;
    told
}

/// The connector said `temporary`, with these words of the server's, and was not believed.
fn assert_unknown(told: Result<Receipt, Failure>, words: &str) {
    let failure = told.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert_eq!((failure.detail("claimed"), &failure.code), (Some("temporary"), &None));
    assert_eq!(failure.text, words);
}

#[tokio::test]
async fn a_connector_that_sends_and_then_says_temporary_leaves_the_outcome_unknown() {
    let failure = told_of_one_mail("says-temporary").await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert_eq!(failure.detail("claimed"), Some("temporary"));
}

#[tokio::test]
async fn a_code_that_no_server_said_is_not_believed() {
    let failure = told_of_one_mail("invents-a-code").await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert_eq!((failure.detail("claimed"), &failure.code), (Some("temporary"), &None));
}

#[tokio::test]
async fn the_code_of_a_success_is_no_refusal() {
    assert_unknown(
        told_of_one_mail("takes-success-for-a-refusal").await,
        "250 2.0.0 Received",
    );
}

#[tokio::test]
async fn the_code_of_one_recipient_is_no_refusal_of_the_mail() {
    let refusal = "450 4.2.1 The mailbox is asleep";
    let faults = Faults {
        refuse_recipients: BTreeMap::from([("un@exemple.example".to_owned(), refusal.to_owned())]),
        ..Faults::default()
    };
    assert_unknown(
        told_of(Setup::attack("takes-one-recipient-for-all"), faults, 1).await,
        refusal,
    );
}

#[tokio::test]
async fn a_connector_that_writes_what_it_read_and_never_asked_for_the_end_leaves_the_outcome_unknown() {
    assert_unknown(told_of_one_mail("sends-what-it-read").await, "250 2.0.0 Received");
}

#[tokio::test]
async fn a_receipt_for_a_message_that_never_left_is_none() {
    let failure = Host::new().survives(Setup::attack("sends-nothing")).await;
    assert_eq!(failure.kind, Kind::Other);
    assert!(failure.text.contains("never left"), "{failure}");
}

#[tokio::test]
async fn a_connector_of_all_or_none_that_refuses_one_leaves_the_outcome_unknown() {
    let refuses_one = || Setup::attack("refuses-the-first");
    let failure = told_of(refuses_one().all_or_none(), Faults::default(), 2)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert!(failure.text.contains("all or none"), "{failure}");
    let receipt = told_of(refuses_one(), Faults::default(), 2).await.unwrap();
    assert_eq!(receipt.refused.len(), 1, "without that word in its manifest it may");
}

#[tokio::test]
async fn a_crash_after_the_message_left_leaves_the_outcome_unknown() {
    let failure = told_of_one_mail("panics-after").await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert!(
        failure.text.contains("the last words of a hostile connector"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_receipt_that_does_not_match_the_envelope_leaves_the_outcome_unknown() {
    for (mode, why) in [
        ("refuses-a-stranger", "not in the envelope"),
        ("refuses-twice", "a recipient twice"),
        ("refuses-everyone", "every recipient"),
    ] {
        let failure = told_of_one_mail(mode).await.unwrap_err();
        assert_eq!(failure.kind, Kind::UnknownOutcome, "{mode}");
        assert!(failure.text.contains(why), "{mode}: {failure}");
    }
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_cut() {
    let receipt = told_of_one_mail("huge-answer").await.unwrap();
    assert_eq!(receipt.text.len(), Failure::TEXT_BYTES);
}

#[tokio::test]
async fn a_stream_that_was_kept_after_the_call_is_at_its_end() {
    let host = Host::new();
    let mut session = host.open(Setup::attack("keeps-the-stream")).await;
    in_time(session.send(&mail())).await.unwrap_err();
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    assert_eq!(failure.text, "Ok(None)");
    assert!(session.usable());
    in_time(session.close()).await;
    host.the_next_mail_leaves().await;
}

#[tokio::test]
async fn a_message_that_was_kept_after_the_call_ends_the_session() {
    let host = Host::new();
    let mut session = host.open(Setup::attack("keeps-the-message")).await;
    in_time(session.send(&mail())).await.unwrap_err();
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    assert!(
        failure.text.contains("a message is good for the call that received it"),
        "{failure}"
    );
    assert!(!session.usable());
    host.the_next_mail_leaves().await;
}
