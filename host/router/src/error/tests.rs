#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use relais_sandbox::{Failure, Kind};

use super::*;
use crate::names::InstanceName;

mod samples;

use samples::samples;

#[test]
fn every_error_speaks_both_languages_in_whole_sentences_and_obeys_no_stranger() {
    let mut seen = BTreeSet::new();
    for error in samples() {
        let (fr, en) = (error.text(Lang::Fr), error.text(Lang::En));
        assert_ne!(fr, en);
        for text in [&fr, &en] {
            assert!(!text.contains('\u{1b}'), "{text:?}");
            assert!(!text.contains("  "), "a line was broken in the wrong place: {text:?}");
            assert!(seen.insert(text.clone()), "said twice: {text}");
        }
        assert_eq!(error.to_string(), en);
        assert!(!error.code().is_empty());
    }
}

#[test]
fn a_failure_says_its_kind_the_remotes_code_once_and_its_words() {
    let instance = InstanceName::new("smtp").unwrap();
    let text = |failure: Failure| {
        let failure = Box::new(failure);
        let error: Error = SendError::Verify {
            instance: instance.clone(),
            failure,
        }
        .into();
        assert_eq!(error.code(), "authentication");
        error.text(Lang::Fr)
    };
    let mut failure = Failure::new(Kind::Authentication, "bad password");
    failure.code = Some("535 5.7.8".to_owned());
    assert!(text(failure.clone()).ends_with("(535 5.7.8 bad password)"));
    failure.text = "535 5.7.8 bad password".to_owned();
    assert!(text(failure).ends_with("mot de passe (535 5.7.8 bad password)"));
}

#[test]
fn what_was_asked_wrongly_is_told_from_what_went_wrong() {
    for error in samples() {
        let expected = !matches!(
            error.code(),
            "data-busy"
                | "data-not-private"
                | "data-not-a-folder"
                | "data-denied"
                | "data-full"
                | "data-damaged"
                | "data-newer"
                | "data-io"
                | "component-damaged"
                | "body-damaged"
                | "data-stopped"
                | "key-missing"
                | "key-rights"
                | "key-length"
                | "key-not-a-file"
                | "key-inside-data"
                | "key-wrong"
                | "secret-unopened"
                | "key-sealing"
                | "key-io"
                | "connector-in-use"
                | "manifest-damaged"
                | "connector-not-enabled"
                | "instance-in-use"
                | "instance-has-deliveries"
                | "secrets-lost"
                | "service-no-default"
                | "service-forced"
                | "service-instance-has-tokens"
                | "service-instances-too-many"
                | "tokens-too-many"
                | "token-no-randomness"
                | "workspace-remembered"
                | "workspaces-too-many"
                | "workspace-default"
                | "workspace-holds-instances"
                | "workspace-holds-deliveries"
                | "delivery-wrong-state"
                | "delivery-body-gone"
                | "idempotency-in-progress"
                | "already-dispatched"
                | "no-randomness"
                | "backup-write"
                | "backup-read"
                | "backup-busy"
                | "verify-busy"
                | "restore-not-empty"
                | "account-none"
                | "account-reconnect"
                | "account-unavailable"
                | "application-elsewhere"
                | "application-in-use"
                | "application-lost"
                | "application-missing"
                | "application-needed"
                | "application-public"
                | "applications-too-many"
                | "associations-too-many"
                | "provider-unusable"
                | "rejected"
                | "stopped"
        );
        assert_eq!(error.bad_input(), expected, "{}", error.code());
    }
}
