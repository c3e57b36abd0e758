//! Mails that no request holds: drafts and uploads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_e2e::graph::{Directory, Fault, Goes, How};
use relais_e2e::office::{TOKEN, USER};
use relais_e2e::{accept, attachment, draft};
use relais_message::{Limits, MimeDraft, Source};
use relais_sandbox::Kind;

use crate::stand::{Stand, assert_files, noise, with_file, with_files};

#[tokio::test]
async fn a_mail_of_3_1_mb_is_a_draft_with_its_file_inside() {
    let mut stand = Stand::new().await;
    // Its MIME has 3.1 MB, its file 2.3.
    let message = with_file(2_260_000);
    assert!((3_050_000..3_150_000).contains(&message.size()), "{}", message.size());
    let (_, sent) = stand.accepted(&message).await;
    assert_files(&sent, &[2_260_000]);
    let counts = stand.graph.counts();
    assert_eq!((counts.of("POST", "/messages"), counts.of("POST", "/send")), (1, 1));
    assert_eq!((counts.of("POST", "/attachments"), counts.connections), (0, 1));
    assert_eq!(stand.gates(), 1);
}

#[tokio::test]
async fn files_of_2_9_and_of_3_1_mb_are_attached_each_in_its_way() {
    let mut stand = Stand::new().await;
    let sizes = [2_900_000, 3_100_000, 3_200_000];
    let (_, sent) = stand.accepted(&with_files(&sizes)).await;
    assert_files(&sent, &sizes);
    let counts = stand.graph.counts();
    // One inside the draft; 3.1 MB are too little for an upload here, and one goes up.
    assert_eq!(counts.of("POST", "/createUploadSession"), 2);
    assert_eq!((counts.of("POST", "/attachments"), counts.of("PUT", "upload")), (1, 1));
}

#[tokio::test]
async fn a_mail_of_34_mb_goes_up_in_ranges_and_the_guests_memory_stays_flat() {
    let mut stand = Stand::new().await;
    let bytes = 34_000_000;
    stand.send(&with_file(1_000)).await.unwrap();
    let before = stand.session.stats();
    stand.send(&with_file(bytes)).await.unwrap();
    let after = stand.session.stats();
    assert_files(&stand.graph.sent()[1], &[bytes]);
    let counts = stand.graph.counts();
    assert_eq!(counts.of("PUT", "upload"), 9);
    assert_eq!((counts.connections, counts.upload_connections), (1, 1));
    assert_eq!(counts.tokens_at_uploads, 0);
    assert!(after.bytes_out - before.bytes_out > 34_000_000);
    assert!(after.guest_bytes - before.guest_bytes < 20_000, "{before:?} {after:?}");
    assert!(after.memory - before.memory < 1 << 20, "{before:?} {after:?}");
    assert_eq!(stand.gates(), 2, "one for each mail");
}

#[tokio::test]
async fn a_large_mail_that_came_as_mime_goes_up_decoded() {
    let mut stand = Stand::new().await;
    let mut mime = b"From: ged@mairie.example\r\nTo: un@exemple.example\r\nSubject: MIME\r\nMIME-Version: 1.0\r\n\
        In-Reply-To: <avant@mairie.example>\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
        Content-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    let content = STANDARD.encode(noise(5_000_000));
    for line in content.as_bytes().chunks(76) {
        mime.extend_from_slice(line);
        mime.extend_from_slice(b"\r\n");
    }
    mime.extend_from_slice(b"--b--\r\n");
    let written = MimeDraft {
        source: Source::Bytes(mime.into()),
        sender: None,
        recipients: vec!["un@exemple.example".to_owned()],
        recipients_from_header: false,
        default_from: None,
        trace: None,
    };
    let message = written.accept(&Limits::default()).unwrap();
    let (_, sent) = stand.accepted(&message).await;
    assert_files(&sent, &[5_000_000]);
    let How::Json(json) = sent.how else {
        panic!("it came as MIME")
    };
    let property = &json["singleValueExtendedProperties"][0];
    assert_eq!(
        (property["id"].as_str(), property["value"].as_str()),
        (Some("String 0x1042"), Some("<avant@mairie.example>"))
    );
}

#[tokio::test]
async fn a_cut_upload_is_taken_up_where_it_was() {
    let mut stand = Stand::new().await;
    for bytes in [1_000_000, 3_500_000] {
        stand.graph.fault(Fault::at("PUT", "upload", Goes::CutAfter(bytes)));
    }
    let (_, sent) = stand.accepted(&with_file(12_000_000)).await;
    assert_files(&sent, &[12_000_000]);
    let counts = stand.graph.counts();
    assert_eq!(
        (counts.of("GET", "upload"), counts.of("POST", "/createUploadSession")),
        (2, 1)
    );
    assert_eq!(stand.gates(), 1);
}

#[tokio::test]
async fn an_upload_that_fails_for_good_leaves_no_draft_and_an_outcome_that_is_known() {
    let mut stand = Stand::new().await;
    stand.graph.fault(Fault::at(
        "PUT",
        "upload",
        Goes::Instead {
            status: 429,
            code: "ApplicationThrottled",
            retry_after: Some(300),
        },
    ));
    let failure = stand.send(&with_file(12_000_000)).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::Throttled, None));
    assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(300));
    assert_eq!(
        (stand.graph.sent().len(), stand.graph.drafts(), stand.gates()),
        (0, 0, 0)
    );
    // The session goes on.
    stand.send(&with_file(1_000)).await.unwrap();
    assert_eq!(stand.graph.sent().len(), 1);
}

#[tokio::test]
async fn a_mail_that_the_mailbox_does_not_hold_is_too_large_and_leaves_no_draft() {
    let mut stand = Stand::new().await;
    let failure = stand.send(&with_files(&[20_000_000, 20_000_000])).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::TooLarge, Some("400 ErrorMessageSizeExceeded"))
    );
    assert_eq!((stand.graph.sent().len(), stand.graph.drafts()), (0, 0));
}

#[tokio::test]
async fn a_text_that_no_request_holds_is_too_large() {
    let mut stand = Stand::new().await;
    let mut written = draft("Un roman");
    written.text = Some("é".repeat(3_000_000));
    let failure = stand.send(&accept(written)).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::TooLarge, None));
    assert!(stand.graph.counts().requests.is_empty());
}

#[tokio::test]
async fn a_large_mail_without_a_copy_leaves_none() {
    let directory = Directory::of(USER, TOKEN);
    let mut stand = Stand::of(directory, |office| office.set("save_to_sent_items", false)).await;
    let (_, sent) = stand.accepted(&with_file(4_000_000)).await;
    assert!(!sent.kept);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!((stand.graph.kept(), stand.graph.drafts()), (0, 0));
}

#[tokio::test]
async fn fifty_files_are_one_mail() {
    let mut stand = Stand::new().await;
    let sizes = [100_000; 50];
    let (_, sent) = stand.accepted(&with_files(&sizes)).await;
    assert_files(&sent, &sizes);
    let mut written = draft("Une image dans le texte");
    written.html = Some("<p>Voyez <img src=\"cid:logo@mairie\"></p>".to_owned());
    let mut logo = attachment("logo.png", noise(4_000_000));
    logo.content_id = Some("logo@mairie".to_owned());
    written.attachments = vec![logo];
    stand.send(&accept(written)).await.unwrap();
    let How::Json(json) = &stand.graph.sent()[1].how else {
        panic!()
    };
    assert_eq!(json["body"]["contentType"], "html");
}
