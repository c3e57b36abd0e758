#![allow(clippy::unwrap_used)]
use relais_sandbox::Kind;

use super::*;
use crate::dispatch::fake;
use crate::outbox::{Origin, RecipientState};

fn ends() -> Ends<'static> {
    Ends {
        from: "relais@mairie.fr",
        to: "ged@example.org",
        host: "relais.mairie.fr",
    }
}

fn notice() -> Notice {
    let (mut about, message) = fake::delivery(1, &["a@x.fr", "b@x.fr", "zoé@x.fr"]);
    let words = |text: &str, code: Option<&str>| {
        Some(Words {
            code: code.map(str::to_owned),
            ..Words::new(Kind::Rejected, text)
        })
    };
    for (recipient, words) in about.recipients.iter_mut().zip([
        None,
        words("550 5.1.1 <b@x.fr>: user unknown\r\nX-Evil: 1", Some("550 5.1.1")),
        words(&"très long ".repeat(200), None),
    ]) {
        recipient.words = words;
        recipient.state = RecipientState::Failed;
    }
    Notice {
        about,
        failed: vec![1, 2],
        number: 1,
        message: Some(message),
    }
}

#[tokio::test]
async fn a_report_has_the_three_parts_of_rfc_3464_and_answers_nobody() {
    let report = report(&notice(), ends()).await;
    let (header, body) = report.split_once("\r\n\r\n").unwrap();
    for field in [
        "From: Relais <relais@mairie.fr>",
        "To: <ged@example.org>",
        "Auto-Submitted: auto-replied",
        "Content-Type: multipart/report; report-type=delivery-status;",
    ] {
        assert!(header.contains(field), "{header}");
    }
    let boundary = header.split('"').nth(1).unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 5);
    assert!(parts.last().unwrap().starts_with("--"));
    assert!(
        parts
            .iter()
            .any(|part| part.contains("Content-Type: message/delivery-status"))
    );
    let original = parts.iter().find(|part| part.contains("text/rfc822-headers")).unwrap();
    assert!(original.contains("Subject: Courrier 1") && original.contains("Message-ID:"));
    assert!(body.contains("n'a pas pu être remis") && body.contains("could not be delivered"));
}

#[tokio::test]
async fn the_part_for_machines_is_ascii_in_short_lines_and_names_only_who_failed() {
    let report = report(&notice(), ends()).await;
    let status = report.split("message/delivery-status\r\n\r\n").nth(1).unwrap();
    let status = status.split("\r\n--report").next().unwrap();
    assert!(status.is_ascii() && !status.contains("a@x.fr"));
    assert!(status.lines().all(|line| line.len() <= 998));
    assert!(status.contains("Final-Recipient: rfc822; b@x.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
    assert!(status.contains("Diagnostic-Code: smtp; 550 5.1.1 <b@x.fr>: user unknown"));
    assert!(!status.lines().any(|line| line.starts_with("X-Evil")));
    assert!(status.contains("Final-Recipient: utf-8; zo\\x{E9}@x.fr\r\nAction: failed\r\nStatus: 5.0.0\r\n"));
    assert!(status.contains("Diagnostic-Code: x-relais; rejected tr?s long"));
}

#[test]
fn only_a_sender_who_can_be_told_is_told() {
    let (delivery, _) = fake::delivery(1, &["a@x.fr"]);
    assert!(delivery.tells_its_sender());
    for spoil in [
        |delivery: &mut Delivery| delivery.sender = None,
        |delivery: &mut Delivery| delivery.origin = Origin::Notice,
        |delivery: &mut Delivery| delivery.notices_through = None,
    ] {
        let mut delivery = delivery.clone();
        spoil(&mut delivery);
        assert!(!delivery.tells_its_sender());
    }
}

#[test]
fn an_alert_names_ids_and_nothing_of_the_mails() {
    let ids = [DeliveryId::from_u128(1), DeliveryId::from_u128(2)];
    let draft = alert(
        Some("relais@mairie.fr".to_owned()),
        "dsi@mairie.fr".to_owned(),
        "mairie",
        &ids,
    );
    let text = draft.text.clone().unwrap();
    assert!(ids.iter().all(|id| text.contains(&id.to_string())));
    assert_eq!(draft.sender.as_deref(), Some("<>"));
    assert!(draft.accept(&relais_message::Limits::default()).is_ok());
}

#[tokio::test]
async fn a_report_is_a_mail_like_any_other_for_the_door() {
    let mime = relais_message::MimeDraft {
        source: relais_message::Source::Bytes(report(&notice(), ends()).await.into()),
        sender: Some("<>".to_owned()),
        recipients: vec!["ged@example.org".to_owned()],
        recipients_from_header: false,
        default_from: None,
        trace: None,
    };
    let message = mime.accept(&relais_message::Limits::default()).unwrap();
    assert_eq!(message.envelope().sender, None);
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    let mut out = Vec::new();
    while let Some(block) = body.next().await.unwrap() {
        out.extend_from_slice(&block);
    }
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("report-type=delivery-status"), "{out}");
    assert!(
        out.contains("Final-Recipient: rfc822; b@x.fr\r\nAction: failed\r\n"),
        "{out}"
    );
    assert!(out.contains("Subject: Courrier 1"), "{out}");
}
