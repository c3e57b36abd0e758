//! The same behind Prism, which compares every request and every answer with Microsoft's own description of Graph, where both are
//! at hand.

use relais_e2e::Prism;
use relais_e2e::graph::{Directory, FakeGraph, Fault, Goes};
use relais_e2e::office::{Office, TOKEN, USER};
use relais_sandbox::{Kind, Session};

use crate::stand::{assert_files, with_file, with_files};

/// A session that reaches Graph through Prism.
async fn behind_prism(keep_copy: bool) -> Option<(FakeGraph, Prism, Session)> {
    let graph = FakeGraph::start(Directory::of(USER, TOKEN)).await.unwrap();
    let prism = Prism::before_graph(&graph.url())?;
    let office = Office::towards(&prism.url(), &graph.upload_url()).set("save_to_sent_items", keep_copy);
    let session = office.open().await;
    Some((graph, prism, session))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_and_every_answer_is_as_microsoft_describes_it() {
    let Some((graph, prism, mut session)) = behind_prism(true).await else {
        return;
    };
    session
        .verify()
        .await
        .unwrap_or_else(|failure| panic!("{failure}: {}", prism.log()));
    for (message, sizes) in [
        (with_file(1_000), vec![1_000]),
        (with_file(4_000_000), vec![4_000_000]),
        (with_files(&[2_900_000, 2_900_000]), vec![2_900_000, 2_900_000]),
    ] {
        let sent = session.send(&message).await;
        sent.unwrap_or_else(|failure| panic!("{failure}: {}", prism.log()));
        assert_files(graph.sent().last().unwrap(), &sizes);
    }
    assert_eq!(graph.sent().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_field_by_field_is_as_microsoft_describes_it() {
    let Some((graph, prism, mut session)) = behind_prism(false).await else {
        return;
    };
    let mut draft = relais_e2e::draft("Champ par champ");
    draft.cc = vec!["copie@exemple.example".to_owned()];
    draft.reply_to = vec!["repondre@exemple.example".to_owned()];
    draft.headers = [
        ("In-Reply-To", "<avant@mairie.example>"),
        ("X-EzGED-Id", "4471"),
        ("Importance", "high"),
        ("Disposition-Notification-To", "ged@mairie.example"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let mut logo = relais_e2e::attachment("logo.png", crate::stand::noise(10_000));
    logo.content_id = Some("logo@mairie".to_owned());
    draft.attachments = vec![logo];
    let sent = session.send(&relais_e2e::accept(draft)).await;
    sent.unwrap_or_else(|failure| panic!("{failure}: {}", prism.log()));
    assert_eq!(graph.sent()[0].cc, ["copie@exemple.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_as_microsoft_describes_them() {
    let Some((graph, _prism, mut session)) = behind_prism(true).await else {
        return;
    };
    for (status, code, kind) in [
        (403, "ErrorSendAsDenied", Kind::Rejected),
        (429, "ApplicationThrottled", Kind::Throttled),
        (400, "ErrorInvalidRecipients", Kind::Rejected),
    ] {
        let goes = Goes::Instead {
            status,
            code,
            retry_after: None,
        };
        graph.fault(Fault::at("POST", "/sendMail", goes));
        let failure = session.send(&with_file(1_000)).await.unwrap_err();
        assert_eq!((failure.kind, failure.code), (kind, Some(format!("{status} {code}"))));
    }
    assert!(graph.sent().is_empty());
}
