//! The bounds that hold against any client.

use relais_catcher::{MAX_LINE, MAX_MAIL, MAX_RECIPIENTS, MAX_SESSIONS, Options};

use crate::client::{Client, start};

#[tokio::test]
async fn a_line_over_the_limit_ends_the_session() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client
        .say(&format!("NOOP {}", "x".repeat(MAX_LINE - 7)))
        .await
        .expect("250")
        .await;
    client
        .say(&format!("NOOP {}", "x".repeat(MAX_LINE - 6)))
        .await
        .expect("500 5.5.2")
        .await;
    client.expect_close().await;
}

#[tokio::test]
async fn a_size_over_the_limit_is_refused_when_declared_and_when_sent() {
    let catcher = start(Options {
        size_limit: Some(100),
        ..Options::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<> SIZE=101").await.expect("552 5.3.4").await;
    client.say("MAIL FROM:<> SIZE=100").await.expect("250").await;
    client.say("RSET").await.expect("250").await;
    // With the CRLF before the final dot: 100 octets, then 101. Added dots do not count.
    assert!(client.mail(format!("..{}", "x".repeat(97))).await.starts_with("250"));
    assert!(client.mail("x".repeat(99)).await.starts_with("552 5.3.4"));
    assert!(client.mail("after").await.starts_with("250"));
    assert_eq!(catcher.count(), 2);
}

#[tokio::test]
async fn no_option_lifts_the_absolute_limit_of_a_mail() {
    let catcher = start(Options {
        size_limit: Some(u64::MAX),
        ..Options::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(offered.contains(&format!("SIZE {MAX_MAIL}\r\n")), "{offered}");
    client
        .say(&format!("MAIL FROM:<> SIZE={}", MAX_MAIL + 1))
        .await
        .expect("552")
        .await;
}

#[tokio::test]
async fn one_recipient_too_many_is_refused_and_the_mail_goes_on() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<>").await.expect("250").await;
    let batch: String = (0..=MAX_RECIPIENTS)
        .map(|n| format!("RCPT TO:<r{n}@b.example>\r\n"))
        .collect();
    client.send(batch).await;
    for _ in 0..MAX_RECIPIENTS {
        client.expect("250").await;
    }
    client.expect("452 4.5.3").await;
    client.say("DATA").await.expect("354").await;
    client.send("content\r\n.\r\n").await.expect("250").await;
    assert_eq!(catcher.mails()[0].recipients.len(), MAX_RECIPIENTS);
}

#[tokio::test]
async fn one_session_too_many_is_sent_away_until_another_ends() {
    let catcher = start(Options::default()).await;
    let mut clients = Vec::new();
    for _ in 0..MAX_SESSIONS {
        clients.push(Client::greeted(&catcher).await);
    }
    let mut late = Client::connect(&catcher).await;
    late.expect("421 4.3.2").await;
    late.expect_close().await;
    assert_eq!(catcher.sessions(), MAX_SESSIONS as u64);

    let mut leaving = clients.pop().unwrap();
    leaving.say("QUIT").await.expect("221").await;
    drop(leaving);
    // The place is free a moment after the client has gone.
    loop {
        let mut next = Client::connect(&catcher).await;
        if next.reply().await.starts_with("220") {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_vanishes_in_its_mail_leaves_nothing_behind() {
    let catcher = start(Options::default()).await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<>").await.expect("250").await;
    client.say("RCPT TO:<a@b.example>").await.expect("250").await;
    client.say("DATA").await.expect("354").await;
    client.send("half of it\r\n").await;
    drop(client);
    let reply = Client::greeted(&catcher).await.mail("whole").await;
    assert!(reply.starts_with("250"));
    assert_eq!(catcher.mails().len(), 1);
    assert_eq!(catcher.mails()[0].data, b"whole\r\n");
}
