//! Content: dots, lone line ends, chunks, several mails in one write, and what is not accepted.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relais_submission::Options;

use crate::client::Client;
use crate::fake::{Fake, LARGEST, TOKEN, listen, listen_with, open};

#[tokio::test]
async fn dots_are_taken_out_and_lone_line_ends_stay() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.begin().await;
    client.send("..a\r\n\r\n...\r\nb\n.\r\nc\r.\r\nd\n.\n\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(fake.kept()[0].content, b".a\r\n\r\n..\r\nb\n.\r\nc\r.\r\nd\n.\n\r\n");
}

#[tokio::test]
async fn a_pipelined_batch_is_answered_in_order() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    let envelope = "MAIL FROM:<> SIZE=3 BODY=8BITMIME\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
    client.send(envelope).await;
    for start in ["250 2.1.0", "250 2.1.5", "250 2.1.5", "354"] {
        client.expect(start).await;
    }
    // The content, and the next mail's envelope behind it.
    client.send(format!("1\r\n.\r\n{envelope}")).await;
    for start in ["250 2.0.0", "250 2.1.0", "250 2.1.5", "250 2.1.5", "354"] {
        client.expect(start).await;
    }
    client.send("2\r\n.\r\nQUIT\r\n").await;
    client.expect("250 2.0.0 Accepted as id-2").await;
    client.expect("221").await;
    let kept = fake.kept();
    assert_eq!(
        (kept[0].content.as_slice(), kept[1].content.as_slice()),
        (&b"1\r\n"[..], &b"2\r\n"[..])
    );
    assert_eq!((&kept[0].sender, kept[0].recipients.len()), (&None, 2));
}

#[tokio::test]
async fn content_before_the_go_ahead_is_no_command() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client
        .send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nhello\r\n.\r\n")
        .await;
    client.expect("250").await;
    client.expect("250").await;
    client.expect("503 5.5.0").await;
    client.expect_close().await;
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn chunks_make_one_mail_and_keep_their_dots() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client
        .send(
            "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 5\r\n.\r\n.\rBDAT 7 LAST\r\n\n..\r\nx\nNOOP\r\n",
        )
        .await;
    for start in [
        "250 2.1.0",
        "250 2.1.5",
        "250 2.0.0 5",
        "250 2.0.0 Accepted",
        "250 2.0.0 Ok",
    ] {
        client.expect(start).await;
    }
    assert_eq!(fake.kept()[0].content, b".\r\n.\r\n..\r\nx\n");
}

#[tokio::test]
async fn the_octets_of_a_refused_chunk_are_no_commands() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.send("BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n").await;
    client.expect("503 5.5.1").await;
    client.expect("250 2.0.0 Ok").await;
    client.send("MAIL FROM:<>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n").await;
    for start in ["250", "554 5.5.1", "250 2.0.0 Ok"] {
        client.expect(start).await;
    }
    client.ask("BDAT six", "501").await;
    client.expect_close().await;
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn a_mail_in_chunks_takes_nothing_but_chunks_until_it_is_reset() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client
        .send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT 1\r\na")
        .await;
    for _ in 0..3 {
        client.expect("250").await;
    }
    client.ask("RCPT TO:<b@b.example>", "503").await;
    client.ask("MAIL FROM:<>", "503").await;
    client.ask("RSET", "250").await;
    assert_eq!(*fake.open.lock().unwrap(), 0);
    client.begin().await;
    client.send("b\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(fake.kept()[0].content, b"b\r\n");
}

#[tokio::test]
async fn a_size_over_the_limit_is_refused_when_declared_when_sent_and_in_chunks() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client
        .ask(&format!("MAIL FROM:<> SIZE={}", LARGEST + 1), "552 5.3.4")
        .await;
    client.begin().await;
    client.send("x".repeat(LARGEST as usize + 1) + "\r\n.\r\n").await;
    client.expect("552 5.3.4").await;
    assert_eq!(*fake.open.lock().unwrap(), 0);
    client.send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n").await;
    let chunk = "x".repeat(60_000);
    client
        .send(format!("BDAT 60000\r\n{chunk}BDAT 60000 LAST\r\n{chunk}"))
        .await;
    for start in ["250", "250", "250", "552 5.3.4"] {
        client.expect(start).await;
    }
    client.begin().await;
    client.send("x".repeat(LARGEST as usize - 2) + "\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(fake.kept().len(), 1);
}

#[tokio::test]
async fn content_without_end_is_not_read_for_ever() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.begin().await;
    client.send("x".repeat(2 * LARGEST as usize + 70_000)).await;
    client.expect("552 5.3.4").await;
    client.expect_close().await;
    let mut client = Client::greeted(&submission).await;
    client
        .send(format!(
            "MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT {}\r\n",
            u64::MAX
        ))
        .await;
    client.expect("250").await;
    client.expect("250").await;
    client.expect("552 5.3.4").await;
    client.expect_close().await;
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn what_the_intake_refuses_is_told_after_the_content_and_the_session_goes_on() {
    let fake = Fake {
        full_at: Some(50_000),
        ..open()
    };
    let (submission, fake) = listen(fake).await;
    let mut client = Client::greeted(&submission).await;
    client.begin().await;
    client.send("x".repeat(90_000) + "\r\n.\r\n").await;
    client.expect("451 4.3.0 The disk is full").await;
    client.begin().await;
    client.send("Bad\r\n.\r\n").await;
    client.expect("554 5.6.0 line 1").await;
    client.begin().await;
    client.send("Subject: good\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!((fake.kept().len(), *fake.open.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_end_leaves_nothing() {
    let (submission, fake) = listen(open()).await;
    for sent in ["Subject: a\r\n\r\nb\r\n", "Subject: a\r\n\r\nb\r\n."] {
        let mut client = Client::greeted(&submission).await;
        client.begin().await;
        client.send(sent).await;
        drop(client);
    }
    while *fake.open.lock().unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn a_slow_client_is_waited_for() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.begin().await;
    for octet in "Subject: a\r\n\r\n..b\r\n.\r\n".bytes() {
        client.send([octet]).await;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    client.expect("250").await;
    assert_eq!(fake.kept()[0].content, b"Subject: a\r\n\r\n.b\r\n");
}

#[tokio::test]
async fn a_mail_under_way_ends_when_the_listener_stops_and_others_are_told() {
    let fake = Fake {
        slow: Duration::from_millis(200),
        ..open()
    };
    let (submission, fake) = listen_with(fake, Options::loopback(0, LARGEST)).await;
    let mut waiting = Client::greeted(&submission).await;
    let mut sending = Client::greeted(&submission).await;
    sending.begin().await;
    sending.send("Subject: a\r\n").await;
    let stopped = tokio::spawn(submission.stop(Duration::from_secs(20)));
    waiting.expect("421 4.3.2").await;
    waiting.expect_close().await;
    sending.send("\r\nb\r\n.\r\n").await;
    sending.expect("250 2.0.0").await;
    sending.expect("421 4.3.2").await;
    sending.expect_close().await;
    drop((waiting, sending));
    stopped.await.unwrap();
    assert_eq!(fake.kept().len(), 1);
}

#[tokio::test]
async fn a_mail_is_handed_in_with_its_trace_which_names_the_client_and_nobody() {
    let (submission, fake) = listen(Fake::default()).await;
    let mut client = Client::greeted(&submission).await;
    let login = STANDARD.encode(format!("\0marie\0{TOKEN}"));
    client.ask(&format!("AUTH PLAIN {login}"), "235").await;
    client.begin().await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    client.ask("EHLO (evil)", "250").await;
    client.ask("MAIL FROM:<> SMTPUTF8", "250").await;
    client.ask("RCPT TO:<a@b.example>", "250").await;
    client.send("BDAT 1 LAST\r\nx").await;
    client.expect("250").await;
    let kept = fake.kept();
    let trace = &kept[0].trace;
    assert!(
        trace.starts_with("Received: from client.example ([127.0.0.1])\r\n\tby localhost with ESMTPA;\r\n\t"),
        "{trace}"
    );
    assert!(
        trace.ends_with(" +0000\r\n") && !trace.contains("marie") && !trace.contains("ville"),
        "{trace}"
    );
    assert_eq!(kept[0].content, b"Subject: a\r\n\r\nb\r\n");
    let trace = &kept[1].trace;
    assert!(
        trace.starts_with("Received: from [127.0.0.1] ([127.0.0.1])\r\n\tby localhost with UTF8SMTPA;"),
        "{trace}"
    );
}
