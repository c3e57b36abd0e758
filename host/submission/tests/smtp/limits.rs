//! The bounds that hold against any client.

use std::sync::Arc;

use relais_submission::{
    ListenError, MAX_CONNECTIONS, MAX_IDLE_COMMANDS, MAX_LINE, MAX_RECIPIENTS, Options, Submission,
};

use crate::client::Client;
use crate::fake::{Door, LARGEST, listen, open};

#[tokio::test]
async fn ten_thousand_recipients_are_told_to_come_in_parts() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask("MAIL FROM:<>", "250").await;
    for batch in 0..10 {
        let commands: String = (0..1000)
            .map(|n| format!("RCPT TO:<r{batch}-{n}@b.example>\r\n"))
            .collect();
        client.send(commands).await;
        for _ in 0..1000 {
            client.expect(if batch == 0 { "250" } else { "452 4.5.3" }).await;
        }
    }
    client.ask("DATA", "354").await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(fake.kept()[0].recipients.len(), MAX_RECIPIENTS);
}

#[tokio::test]
async fn a_client_that_only_errs_is_sent_away() {
    let (submission, _) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    for _ in 0..relais_submission::MAX_ERRORS {
        client.ask("EXPN all", "500").await;
    }
    client.expect("421 4.7.0").await;
    client.expect_close().await;
}

#[tokio::test]
async fn a_client_that_only_passes_the_time_is_sent_away() {
    let (submission, _) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    for _ in 1..MAX_IDLE_COMMANDS {
        client.ask("NOOP", "250").await;
    }
    client.expect("421 4.7.0").await;
    client.expect_close().await;
}

#[tokio::test]
async fn a_line_over_the_limit_ends_the_session() {
    let (submission, _) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask(&format!("NOOP {}", "x".repeat(MAX_LINE - 7)), "250").await;
    client
        .ask(&format!("NOOP {}", "x".repeat(MAX_LINE - 6)), "500 5.5.2")
        .await;
    client.expect_close().await;
}

#[tokio::test]
async fn a_bare_line_feed_ends_no_command() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask("MAIL FROM:<>\nRCPT TO:<a@b.example>", "500 5.5.2").await;
    client.ask("DATA", "503").await;
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn parameters_that_were_not_offered_are_refused() {
    let (submission, _) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask("MAIL FROM:<> RET=HDRS", "555").await;
    client.ask("MAIL FROM:<> ENVID=7", "555").await;
    client.ask("MAIL FROM:<> BODY=BINARYMIME", "501").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<a@b.example> NOTIFY=NEVER", "555").await;
    client
        .ask("RCPT TO:<a@b.example> ORCPT=rfc822;a@b.example", "555")
        .await;
    client.ask("RCPT TO:<postmaster>", "550").await;
    client.ask("RCPT TO:<andré@b.example>", "553 5.6.7").await;
    client.ask("DATA", "554").await;
    client.ask("MAIL FROM:<> SMTPUTF8", "250").await;
    client.ask("RCPT TO:<andré@b.example>", "250").await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let (submission, _) = listen(open()).await;
    let mut clients = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        let mut client = Client::connect(&submission).await;
        client.expect("220").await;
        clients.push(client);
    }
    let mut late = Client::connect(&submission).await;
    late.expect("421 4.3.2").await;
    late.expect_close().await;
    clients.pop().unwrap().ask("QUIT", "221").await;
}

#[tokio::test]
async fn a_listener_beyond_this_machine_needs_a_certificate() {
    let options = Options {
        address: "0.0.0.0:0".parse().unwrap(),
        ..Options::loopback(0, LARGEST)
    };
    let refused = Submission::bind(options, Arc::new(Door(Arc::default()))).await;
    assert!(matches!(refused, Err(ListenError::Clear(_))));
}
