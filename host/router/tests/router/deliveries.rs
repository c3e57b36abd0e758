//! Deliveries as the router's callers see them: accepted, attempted, cancelled, sent again; and what a mail may be.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relais_router::{
    Accepted, Body, Filter, Idempotency, Mail, Origin, RecipientState, ServiceInstanceEdit, Summary, UncertainPolicy,
};

use super::*;

async fn house(root: &TempDir) -> Arc<Router> {
    let router = open(root).await;
    router.install(&who(), Some(&ws()), component(MANIFEST)).await.unwrap();
    router.create_instance(&who(), &ws(), &name("quiet"), new()).unwrap();
    router.set_default(&who(), &ws(), "mail", &name("quiet")).unwrap();
    Arc::new(router)
}

fn handed(idempotency: Option<Idempotency>) -> Mail {
    Mail {
        content: mail(draft()),
        route: Route::Default,
        origin: Origin::Cli,
        idempotency,
    }
}

fn key(key: &str, fingerprint: u8) -> Option<Idempotency> {
    Some(Idempotency {
        scope: "token".to_owned(),
        key: key.to_owned(),
        fingerprint: [fingerprint; 32],
        expires_at: Timestamp::now() + SignedDuration::from_hours(1),
    })
}

async fn accept(router: &Router) -> Accepted {
    router.accept(&ws(), handed(None), &who()).await.unwrap()
}

#[tokio::test]
async fn what_is_accepted_is_there_in_the_next_process_and_byte_for_byte() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let Accepted { delivery, replayed } = accept(&router).await;
    assert!(!replayed);
    assert_eq!(
        (delivery.summary(), delivery.sender.as_deref()),
        (Summary::Queued, Some("ged@example.org"))
    );
    drop(router);
    let router = open(&root).await;
    let again = router.delivery(&ws(), delivery.id).unwrap();
    assert_eq!(again, delivery);
    let message = router.delivery_message(&ws(), delivery.id).unwrap();
    assert_eq!(
        (message.id(), message.size()),
        (delivery.message_id.as_str(), delivery.size)
    );
    let page = router
        .deliveries(
            &ws(),
            &Filter {
                limit: 10,
                ..Filter::default()
            },
        )
        .unwrap();
    assert_eq!(page.deliveries, [delivery]);
}

#[tokio::test]
async fn the_same_key_is_the_same_mail_once() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let first = router.accept(&ws(), handed(key("1", 7)), &who()).await.unwrap();
    let second = router.accept(&ws(), handed(key("1", 7)), &who()).await.unwrap();
    assert!(second.replayed && second.delivery.id == first.delivery.id);
    let other = router.accept(&ws(), handed(key("1", 8)), &who()).await.unwrap_err();
    assert_eq!(other.code(), "idempotency-mismatch");
    let free = router.accept(&ws(), handed(key("2", 8)), &who()).await.unwrap();
    assert!(!free.replayed);
    let (ws, who) = (ws(), who());
    let at_once = (0..8).map(|_| router.accept(&ws, handed(key("3", 9)), &who));
    let mut ids = std::collections::BTreeSet::new();
    for answer in futures_util::future::join_all(at_once).await {
        match answer {
            Ok(accepted) => {
                ids.insert(accepted.delivery.id);
            }
            Err(error) => assert_eq!(error.code(), "idempotency-in-progress"),
        }
    }
    assert_eq!(ids.len(), 1);
    let measures = router.measures();
    assert_eq!(measures.accepted, 3);
}

#[tokio::test]
async fn an_attempt_that_fails_defers_and_an_administrator_decides() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let id = accept(&router).await.delivery.id;
    // The connector says that it sent, and read nothing of the message: the host knows better.
    let tried = router.try_once(id).await.unwrap();
    assert_eq!((tried.summary(), tried.tried), (Summary::Deferred, 1));
    let words = tried.recipients[0].words.as_ref().unwrap();
    assert!(words.kind == "other" && words.text.contains("never left"), "{words:?}");
    assert!(tried.due_at.unwrap() > Timestamp::now() + SignedDuration::from_secs(20));

    let now = router.resend_delivery(&ws(), id, &who()).await.unwrap();
    assert!(now.due_at.unwrap() <= Timestamp::now());
    let closed = router.close_delivery(&ws(), id, true, &who()).await.unwrap_err();
    assert_eq!(closed.code(), "delivery-wrong-state");
    let cancelled = router.cancel_delivery(&ws(), id, &who()).await.unwrap();
    assert_eq!(
        (cancelled.summary(), cancelled.body),
        (Summary::Cancelled, Body::Inline)
    );
    assert_eq!(router.try_once(id).await.unwrap().tried, 1);
    let queued = router.resend_delivery(&ws(), id, &who()).await.unwrap();
    assert_eq!(queued.recipients[0].state, RecipientState::Queued);
    let actions: Vec<String> = router
        .audit(Some(&ws()), None, 3)
        .unwrap()
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions, ["delivery-resend", "delivery-cancel", "delivery-resend"]);
}

#[tokio::test]
async fn a_running_dispatcher_attempts_by_itself_and_who_waits_is_told() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let dispatcher = router.dispatch().unwrap();
    assert_eq!(router.dispatch().unwrap_err().code(), "already-dispatched");
    let mut watch = router.watch();
    let id = accept(&router).await.delivery.id;
    let waited = router.wait(&ws(), id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((waited.summary(), waited.tried), (Summary::Deferred, 1));
    let mut seen = Vec::new();
    while seen.last() != Some(&Summary::Deferred) {
        let changed = watch.recv().await.unwrap();
        assert_eq!(changed.id, id);
        seen.push(changed.summary);
    }
    assert_eq!(seen.first(), Some(&Summary::Queued));
    // It pauses now; what comes waits, and who waits for it is not kept for ever.
    let next = accept(&router).await.delivery.id;
    let waited = router.wait(&ws(), next, Duration::from_millis(50)).await.unwrap();
    assert_eq!(waited.summary(), Summary::Queued);
    let measures = router.measures();
    assert_eq!((measures.accepted, measures.attempts, measures.lanes.len()), (2, 1, 1));
    assert!(measures.lanes[0].paused_for.is_some());
    dispatcher.stop(Duration::from_secs(5)).await;
    router.dispatch().unwrap().stop(Duration::ZERO).await;
}

#[tokio::test]
async fn a_service_instance_lends_a_delivery_its_rules() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let service_instance = relais_router::ServiceInstanceName::new("factures").unwrap();
    let edit = ServiceInstanceEdit {
        uncertain: Some(UncertainPolicy::Close),
        give_up: Some(Duration::from_secs(3600)),
        ..ServiceInstanceEdit::default()
    };
    router
        .create_service_instance(&who(), &ws(), &service_instance, edit)
        .unwrap();
    let mail = Mail {
        route: Route::Service(service_instance.clone()),
        ..handed(None)
    };
    let delivery = router.accept(&ws(), mail, &who()).await.unwrap().delivery;
    assert_eq!(delivery.service_instance, Some(service_instance));
    assert_eq!(delivery.uncertain, UncertainPolicy::Close);
    assert_eq!(
        delivery.give_up_at,
        delivery.accepted_at + SignedDuration::from_hours(1)
    );
}

#[tokio::test]
async fn a_delivery_of_another_workspace_is_unknown() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let id = accept(&router).await.delivery.id;
    let other = WorkspaceName::new("other").unwrap();
    router
        .create_workspace(&who(), &other, relais_router::WorkspaceEdit::default())
        .unwrap();
    assert_eq!(router.delivery(&other, id).unwrap_err().code(), "delivery-unknown");
    assert_eq!(
        router.delivery_message(&other, id).unwrap_err().code(),
        "delivery-unknown"
    );
    let cancelled = router.cancel_delivery(&other, id, &who()).await.unwrap_err();
    assert_eq!(cancelled.code(), "delivery-unknown");
    let waited = router.wait(&other, id, Duration::ZERO).await.unwrap_err();
    assert_eq!(waited.code(), "delivery-unknown");
    assert_eq!(router.delivery(&ws(), id).unwrap().summary(), Summary::Queued);
}

#[tokio::test]
async fn raw_mime_is_a_delivery_as_well_and_what_is_refused_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let router = house(&root).await;
    let mime = |text: &'static str| Mail {
        content: Content::Mime(relais_message::MimeDraft {
            source: relais_message::Source::Bytes(text.as_bytes().into()),
            sender: None,
            recipients: vec!["a@example.org".to_owned()],
            recipients_from_header: false,
            default_from: None,
            trace: None,
        }),
        origin: Origin::Sendmail,
        ..handed(None)
    };
    let good = mime("Subject: x\n\nBonjour\n");
    let delivery = router.accept(&ws(), good, &who()).await.unwrap().delivery;
    assert_eq!(delivery.sender.as_deref(), Some("ged@example.org"));
    let bad = mime("Subject: x\rBcc: b@example.org\n\nBonjour\n");
    let refused = router.accept(&ws(), bad, &who()).await.unwrap_err();
    assert!(refused.bad_input(), "{refused}");
    let page = router
        .deliveries(
            &ws(),
            &Filter {
                limit: 10,
                ..Filter::default()
            },
        )
        .unwrap();
    assert_eq!(page.deliveries.len(), 1);
    assert_eq!((router.measures().accepted, router.measures().refused), (1, 1));
}
