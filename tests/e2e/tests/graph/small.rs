//! Mails that go by `sendMail`.

use relais_e2e::graph::{Directory, How};
use relais_e2e::office::{TOKEN, USER};
use relais_e2e::{SENDER, accept, draft};
use relais_message::{Addressing, Framing, Message};

use crate::stand::{Stand, assert_files, with_file};

/// The MIME as the connector is to hand it over.
async fn addressed(message: &Message) -> Vec<u8> {
    let mut body = message.mime(Addressing::Envelope, Framing::Raw);
    let mut mime = Vec::new();
    while let Some(block) = body.next().await.unwrap() {
        mime.extend_from_slice(&block);
    }
    mime
}

#[tokio::test]
async fn what_was_written_is_what_leaves_to_the_byte() {
    let mut stand = Stand::new().await;
    let mut written = draft("Séance du conseil n° 7");
    written.cc = vec!["copie@exemple.example".to_owned()];
    written.headers = vec![
        ("In-Reply-To".to_owned(), "<avant@mairie.example>".to_owned()),
        ("X-EzGED-Id".to_owned(), "4471".to_owned()),
    ];
    let message = accept(written);
    let (receipt, sent) = stand.accepted(&message).await;
    let How::Mime(mime) = &sent.how else {
        panic!("it came as JSON")
    };
    assert_eq!(
        String::from_utf8_lossy(mime),
        String::from_utf8_lossy(&addressed(&message).await)
    );
    assert_eq!(
        (sent.from.as_str(), sent.subject.as_str()),
        (SENDER, "Séance du conseil n° 7")
    );
    assert_eq!(sent.message_id, message.id());
    assert_eq!(receipt.text, "202 Accepted");
    assert!(sent.kept);
    assert_eq!(stand.gates(), 1);
}

#[tokio::test]
async fn a_mail_of_1_kb_and_one_of_2_9_mb_are_one_request_each_on_one_connection() {
    let mut stand = Stand::new().await;
    let small = with_file(1_000);
    stand.send(&small).await.unwrap();
    // Its MIME has 2.9 MB.
    let large = with_file(2_110_000);
    assert!((2_850_000..2_950_000).contains(&large.size()), "{}", large.size());
    stand.send(&large).await.unwrap();
    let sent = stand.graph.sent();
    assert_files(&sent[0], &[1_000]);
    assert_files(&sent[1], &[2_110_000]);
    let counts = stand.graph.counts();
    assert_eq!(counts.requests, ["POST /v1.0/me/sendMail", "POST /v1.0/me/sendMail"]);
    assert_eq!((counts.connections, counts.upload_connections), (1, 0));
}

#[tokio::test]
async fn neither_mime_nor_token_pass_through_the_guest() {
    let mut stand = Stand::new().await;
    stand.send(&with_file(2_000_000)).await.unwrap();
    let stats = stand.session.stats();
    assert!(stats.bytes_out > 2_600_000, "{stats:?}");
    assert!(stats.guest_bytes < 10_000, "{stats:?}");
    assert!(stats.memory < 2 << 20, "{stats:?}");
}

#[tokio::test]
async fn recipients_that_no_header_shows_receive_and_are_shown_to_nobody() {
    let mut stand = Stand::new().await;
    let mut written = draft("À personne");
    written.to = Vec::new();
    written.bcc = vec!["cache@exemple.example".to_owned()];
    let (_, sent) = stand.accepted(&accept(written)).await;
    assert_eq!((sent.to.len(), sent.cc.len()), (0, 0));
    assert_eq!(sent.bcc, ["cache@exemple.example"]);
}

#[tokio::test]
async fn of_the_headers_recipients_only_those_of_the_envelope_receive() {
    for keep_copy in [true, false] {
        let directory = Directory::of(USER, TOKEN);
        let mut stand = Stand::of(directory, |office| office.set("save_to_sent_items", keep_copy)).await;
        let mut written = draft("À deux");
        written.to = vec!["un@exemple.example".to_owned(), "deux@exemple.example".to_owned()];
        written.cc = vec!["trois@exemple.example".to_owned()];
        let message = accept(written).with_recipients(vec![
            "deux@exemple.example".to_owned(),
            "ailleurs@exemple.example".to_owned(),
        ]);
        let (_, sent) = stand.accepted(&message).await;
        assert_eq!(sent.to, ["deux@exemple.example"], "keep_copy {keep_copy}");
        assert!(sent.cc.is_empty());
        assert_eq!(sent.bcc, ["ailleurs@exemple.example"]);
    }
}

#[tokio::test]
async fn without_a_copy_nothing_is_left_in_the_sent_items() {
    let directory = Directory::of(USER, TOKEN);
    let mut stand = Stand::of(directory, |office| office.set("save_to_sent_items", false)).await;
    let (_, sent) = stand.accepted(&with_file(50_000)).await;
    assert!(matches!(sent.how, How::Json(_)) && !sent.kept);
    assert_files(&sent, &[50_000]);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!((stand.graph.kept(), stand.graph.drafts()), (0, 0));
}
