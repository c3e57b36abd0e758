//! Through Postfix, a relay as most of our users have one: StartTLS, a queue, a mailbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use relais_e2e::{Decoded, Postfix, RECIPIENT, Reader, SENDER, Target, accept, attachment, draft, pdf, send};

const SUBJECT: &str = "Délibération n° 2026-114 : « l'été à l'école », 1 200 €";

fn recipients(message: &Decoded) -> &str {
    message.header("Delivered-To").expect("Postfix says who received it")
}

#[tokio::test]
async fn a_mail_with_an_accented_subject_and_a_pdf_arrives_as_it_left() {
    let Some(postfix) = Postfix::start() else { return };
    let target = Target::new("localhost", postfix.port()).set("certificate", postfix.identity().trusted_pem.as_str());
    let mut session = target.open().await;
    let content = pdf(200_000);
    let mut mail = draft(SUBJECT);
    mail.html = Some("<p>Votre dossier est <b>complet</b>, à bientôt.</p>\n".to_owned());
    mail.attachments = vec![attachment("Délibération été.pdf", content.clone())];
    let message = accept(mail.clone());

    let receipt = send(&mut session, &message).await.expect("Postfix takes it");
    assert!(receipt.text.contains("queued as"), "{receipt:?}");
    assert!(
        receipt.id.is_some_and(|id| !id.is_empty()),
        "the queue's id was not read from {}",
        receipt.text
    );
    assert!(receipt.refused.is_empty());
    // RFC 3030, which Postfix offers since 3.4: what follows shows that a chunk arrives as DATA does.
    assert!(
        receipt.details.contains(&("chunked".to_owned(), "true".to_owned())),
        "{:?}",
        receipt.details
    );
    session.close().await;

    let Some(mut reader) = Reader::start() else { return };
    let arrived = reader.read(&postfix.take(1)[0]);
    assert_eq!(arrived.defects, [""; 0]);
    assert_eq!(arrived.header("Subject"), Some(SUBJECT));
    assert_eq!(
        arrived.header("Message-ID"),
        Some(format!("<{}>", message.id()).as_str())
    );
    assert_eq!(arrived.header("Return-Path"), Some(format!("<{SENDER}>").as_str()));
    assert!(
        arrived.header("Received").unwrap().contains("with ESMTPS"),
        "it came in clear"
    );
    assert_eq!(arrived.text(), mail.text.as_deref().map(str::as_bytes));
    assert_eq!(arrived.html(), mail.html.as_deref().map(str::as_bytes));
    let [file] = arrived.attachments()[..] else {
        panic!("{} attachments", arrived.attachments().len())
    };
    assert_eq!(file.name.as_deref(), Some("Délibération été.pdf"));
    assert_eq!(file.content_type, "application/pdf");
    assert!(file.content == content, "the PDF was changed on the way");
    assert!(postfix.is_idle_and_empty());
}

#[tokio::test]
async fn to_cc_and_bcc_all_receive_and_bcc_is_seen_by_nobody() {
    let Some(postfix) = Postfix::start() else { return };
    let mut session = Target::clear(postfix.port()).open().await;
    let mut mail = draft("Trois destinataires");
    mail.cc = vec!["Copie <copie@exemple.example>".to_owned()];
    mail.bcc = vec!["discret@exemple.example".to_owned()];
    send(&mut session, &accept(mail)).await.expect("Postfix takes it");
    session.close().await;

    let raw = postfix.take(3);
    for copy in &raw {
        let copy = String::from_utf8_lossy(copy);
        let secret = copy
            .lines()
            .filter(|line| line.contains("discret@"))
            .collect::<Vec<_>>();
        // The server's own trace of this one delivery may name its recipient.
        let trace = ["Delivered-To:", "X-Original-To:", "\tfor <"];
        assert!(
            secret.iter().all(|line| trace.iter().any(|own| line.starts_with(own))),
            "{secret:?}"
        );
    }
    let Some(mut reader) = Reader::start() else { return };
    let arrived = reader.read_all(&raw);
    let received: BTreeSet<&str> = arrived.iter().map(recipients).collect();
    assert_eq!(
        received,
        BTreeSet::from([RECIPIENT, "copie@exemple.example", "discret@exemple.example"])
    );
    assert!(
        arrived
            .iter()
            .all(|copy| copy.header("Cc") == Some("Copie <copie@exemple.example>"))
    );
}

#[tokio::test]
async fn three_hundred_recipients_of_one_mail_are_pipelined_and_all_receive() {
    let Some(postfix) = Postfix::start() else { return };
    let mut session = Target::clear(postfix.port()).open().await;
    let all: Vec<String> = (0..300).map(|n| format!("poste{n}@exemple.example")).collect();
    let mut mail = draft("Note de service");
    mail.bcc = all.clone();
    mail.to = Vec::new();
    let receipt = send(&mut session, &accept(mail)).await.expect("Postfix takes it");
    assert!(receipt.refused.is_empty(), "{:?}", receipt.refused);
    assert!(
        receipt.details.contains(&("pipelined".to_owned(), "true".to_owned())),
        "{:?}",
        receipt.details
    );
    session.close().await;

    let Some(mut reader) = Reader::start() else { return };
    let arrived = reader.read_all(&postfix.take(300));
    let received: BTreeSet<&str> = arrived.iter().map(recipients).collect();
    assert_eq!(received, all.iter().map(String::as_str).collect());
    assert!(postfix.is_idle_and_empty());
}

#[tokio::test]
async fn an_address_with_accents_is_sent_by_smtputf8_and_arrives_as_it_was_written() {
    let Some(postfix) = Postfix::start() else { return };
    let mut session = Target::clear(postfix.port()).open().await;
    let mut mail = draft("Adresse accentuée");
    mail.to = vec!["Élue <élue@exemple.example>".to_owned()];
    send(&mut session, &accept(mail)).await.expect("Postfix takes it");
    session.close().await;

    let raw = postfix.take(1);
    let copy = String::from_utf8_lossy(&raw[0]);
    assert!(copy.contains("Delivered-To: élue@exemple.example"), "{copy}");
    assert!(copy.contains("<élue@exemple.example>"), "{copy}");
    assert!(copy.contains("with UTF8SMTP"), "{copy}");
}

#[tokio::test]
async fn mails_that_follow_one_another_share_one_connection() {
    let Some(postfix) = Postfix::start() else { return };
    let mut session = Target::clear(postfix.port()).open().await;
    for number in 0..5 {
        send(&mut session, &accept(draft(&format!("Envoi {number}"))))
            .await
            .expect("Postfix takes it");
    }
    session.close().await;
    let messages = postfix.take(5);
    assert_eq!(messages.len(), 5);
    assert_eq!(postfix.connections(), 1);
}
