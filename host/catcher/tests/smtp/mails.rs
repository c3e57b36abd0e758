//! Mails that go well, and commands that come at the wrong time.

use relais_catcher::{CatcherError, Keep, Options};
use std::time::Duration;

use crate::client::{Client, PATIENCE, start};

#[tokio::test]
async fn a_mail_is_kept_as_it_was_sent() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client
        .say("MAIL FROM:<marie@ville.example> SIZE=20 BODY=8BITMIME")
        .await
        .expect("250 2.1.0")
        .await;
    client
        .say("RCPT TO:<paul@ville.example>")
        .await
        .expect("250 2.1.5")
        .await;
    client
        .say("RCPT TO:<Anne@Ville.example>")
        .await
        .expect("250 2.1.5")
        .await;
    client.say("DATA").await.expect("354").await;
    client
        .send("Subject: a\r\n\r\n..dot\nb\u{e9}\r\n.\r\n")
        .await
        .expect("250 2.0.0")
        .await;

    let mails = catcher.wait_for(1, PATIENCE).await.unwrap();
    let mail = &mails[0];
    assert_eq!(mail.sender.as_deref(), Some("marie@ville.example"));
    assert_eq!(mail.recipients, ["paul@ville.example", "Anne@Ville.example"]);
    assert_eq!(mail.data, "Subject: a\r\n\r\n.dot\nb\u{e9}\r\n".as_bytes());
    assert_eq!(mail.helo, "client.example");
    assert_eq!((mail.tls.as_deref(), mail.authenticated.as_deref()), (None, None));
    assert!(!mail.pipelined);
    assert_eq!(catcher.sessions(), 1);
}

#[tokio::test]
async fn the_extensions_are_announced() {
    let catcher = start(Options {
        size_limit: Some(5000),
        ..Options::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220 localhost ESMTP").await;
    let offered = client
        .say("EHLO client.example")
        .await
        .expect("250-localhost\r\n")
        .await;
    for extension in [
        "PIPELINING\r\n",
        "SIZE 5000\r\n",
        "8BITMIME\r\n",
        "ENHANCEDSTATUSCODES\r\n",
    ] {
        assert!(offered.contains(extension), "{extension:?} in {offered:?}");
    }
    assert!(
        !offered.contains("STARTTLS") && !offered.contains("AUTH"),
        "{offered:?}"
    );
    assert_eq!(
        client.say("HELO client.example").await.reply().await,
        "250 localhost\r\n"
    );
}

#[tokio::test]
async fn a_pipelined_envelope_is_answered_in_one_packet_and_noted() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client
        .send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        .await;
    client.read().await;
    let batch = String::from_utf8(client.unread().to_vec()).unwrap();
    let codes: Vec<&str> = batch.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "250", "250", "354"]);
    for code in codes {
        client.expect(code).await;
    }
    client.send("content\r\n.\r\nMAIL FROM:<>\r\nQUIT\r\n").await;
    client.expect("250 2.0.0").await;
    client.expect("250 2.1.0").await;
    client.expect("221").await;
    client.expect_close().await;
    let mails = catcher.mails();
    assert!(mails[0].pipelined);
    assert_eq!(mails[0].sender, None);
}

#[tokio::test]
async fn many_mails_travel_on_one_connection() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    for number in 0..20 {
        let reply = client.mail(format!("mail {number}")).await;
        assert!(reply.starts_with("250"), "{reply}");
    }
    let mails = catcher.mails();
    assert_eq!((mails.len(), catcher.count(), catcher.sessions()), (20, 20, 1));
    assert_eq!(mails[19].data, b"mail 19\r\n");
}

#[tokio::test]
async fn a_large_mail_arrives_whole() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    let line = format!(".{}\r\n", "x".repeat(900));
    let content = line.repeat(5000);
    client
        .mail(content.replace("\r\n.", "\r\n..").replacen('.', "..", 1))
        .await;
    let mails = catcher.mails();
    assert!(
        mails[0].data == format!("{content}\r\n").as_bytes(),
        "{} octets",
        mails[0].data.len()
    );
}

#[tokio::test]
async fn counting_keeps_no_mail() {
    let catcher = start(Options {
        keep: Keep::Count,
        ..Options::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.mail("one").await;
    client.mail("two").await;
    assert!(catcher.wait_for(2, PATIENCE).await.unwrap().is_empty());
    assert_eq!(catcher.count(), 2);
}

#[tokio::test]
async fn waiting_in_vain_says_how_many_came() {
    let catcher = start(Options::default()).await;
    Client::greeted(&catcher).await.mail("one").await;
    let waited = Duration::from_millis(20);
    match catcher.wait_for(2, waited).await {
        Err(CatcherError::TooFew {
            wanted: 2, received: 1, ..
        }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn commands_at_the_wrong_time_are_refused() {
    let catcher = start(Options::default()).await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    client.say("MAIL FROM:<a@b.example>").await.expect("503").await;
    client.say("EHLO client.example").await.expect("250").await;
    client.say("RCPT TO:<a@b.example>").await.expect("503").await;
    client.say("DATA").await.expect("503").await;
    client.say("STARTTLS").await.expect("502").await;
    client.say("AUTH PLAIN AGEAYg==").await.expect("502").await;
    client.say("MAIL FROM:<a@b.example>").await.expect("250").await;
    client.say("MAIL FROM:<a@b.example>").await.expect("503").await;
    client.say("DATA").await.expect("554").await;
    client.say("RSET").await.expect("250").await;
    client.say("RCPT TO:<a@b.example>").await.expect("503").await;
    client.say("VRFY paul").await.expect("252").await;
    client.say("NOOP").await.expect("250").await;
    client.say("HELP").await.expect("500 5.5.1").await;
    client.say("QUIT").await.expect("221").await;
    client.expect_close().await;
    assert_eq!(catcher.count(), 0);
}

#[tokio::test]
async fn a_new_ehlo_forgets_the_mail_under_way() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<a@b.example>").await.expect("250").await;
    client.say("EHLO other.example").await.expect("250").await;
    client.say("RCPT TO:<a@b.example>").await.expect("503").await;
    client.mail("content").await;
    assert_eq!(catcher.mails()[0].helo, "other.example");
}

#[tokio::test]
async fn content_before_the_354_is_never_read_as_commands() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    let ahead = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nRSET\r\n.\r\n";
    client.send(ahead).await.expect("250").await;
    client.expect("250").await;
    client.expect("503 5.5.0").await;
    client.expect_close().await;
    assert_eq!(catcher.count(), 0);
    assert!(!catcher.commands().contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn without_pipelining_a_client_must_wait() {
    let catcher = start(Options {
        pipelining: false,
        ..Options::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(!offered.contains("PIPELINING"));
    assert!(client.mail("waits").await.starts_with("250"));
    client
        .send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
        .await
        .expect("503 5.5.0")
        .await;
    client.expect_close().await;

    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<a@b.example>").await.expect("250").await;
    client.say("RCPT TO:<a@b.example>").await.expect("250").await;
    client.say("DATA").await.expect("354").await;
    client.send("content\r\n.\r\nNOOP\r\n").await.expect("250").await;
    client.expect("503 5.5.0").await;
    client.expect_close().await;
}

#[tokio::test]
async fn commands_are_recorded_in_order() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client.mail("secret content").await;
    client.send("NO\nOP\r\n").await.expect("500 5.5.2").await;
    let recorded = catcher.commands();
    assert_eq!(
        recorded,
        [
            "EHLO client.example",
            "MAIL FROM:<marie@ville.example>",
            "RCPT TO:<paul@ville.example>",
            "DATA",
            "NO\\nOP"
        ]
    );
}

#[tokio::test]
async fn stopping_closes_the_port_and_the_sessions() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    let address = catcher.address();
    assert_eq!(address.port(), catcher.port());
    catcher.stop().await;
    client.expect_close().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn chunks_make_one_mail_where_they_are_offered() {
    let catcher = start(Options {
        chunking: true,
        smtputf8: true,
        ..Options::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(
        offered.contains("CHUNKING") && offered.contains("SMTPUTF8"),
        "{offered}"
    );
    let flight =
        "BDAT 4 LAST\r\nQUITMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<andré@b.example>\r\nBDAT 3\r\n.\r\nBDAT 2 LAST\r\nok";
    client.send(flight).await;
    for start in ["503", "250", "250", "250 2.0.0 Chunk", "250 2.0.0 Received"] {
        client.expect(start).await;
    }
    let mails = catcher.mails();
    assert_eq!(mails[0].data, b".\r\nok");
    assert!(mails[0].chunked && mails[0].smtputf8);
    assert_eq!(catcher.count(), 1);
}
