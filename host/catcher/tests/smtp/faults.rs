//! Each fault, as a client meets it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Faults, Options, Tls};
use tokio::io::AsyncReadExt;

use crate::client::{Client, start};

async fn with(faults: Faults) -> Catcher {
    start(Options {
        faults,
        ..Options::default()
    })
    .await
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn refused_recipients_get_their_reply_and_the_others_the_mail() {
    let refused = [
        ("Nobody@b.example", "550 5.1.1 no such user"),
        ("full@b.example", "452 4.2.2 full"),
    ];
    let refuse_recipients: BTreeMap<_, _> = refused
        .iter()
        .map(|(address, reply)| ((*address).to_owned(), (*reply).to_owned()))
        .collect();
    let catcher = with(Faults {
        refuse_recipients,
        ..Faults::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<>").await.expect("250").await;
    client
        .say("RCPT TO:<nobody@b.example>")
        .await
        .expect("550 5.1.1 no such user\r\n")
        .await;
    client.say("DATA").await.expect("554 5.5.1").await;
    client
        .say("RCPT TO:<full@b.example>")
        .await
        .expect("452 4.2.2 full\r\n")
        .await;
    client.say("RCPT TO:<paul@b.example>").await.expect("250").await;
    client.say("DATA").await.expect("354").await;
    client.send("content\r\n.\r\n").await.expect("250").await;
    assert_eq!(catcher.mails()[0].recipients, ["paul@b.example"]);
}

#[tokio::test]
async fn a_drop_after_data_keeps_the_mail_and_says_nothing() {
    let catcher = with(Faults {
        drop_after_data: true,
        ..Faults::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.say("MAIL FROM:<>").await.expect("250").await;
    client.say("RCPT TO:<paul@b.example>").await.expect("250").await;
    client.say("DATA").await.expect("354").await;
    client.send("content\r\n.\r\n").await.expect_close().await;
    assert_eq!(catcher.mails()[0].data, b"content\r\n");
}

#[tokio::test]
async fn an_idle_close_comes_after_the_last_reply_without_a_word() {
    let catcher = with(Faults {
        close_after_messages: Some(2),
        ..Faults::default()
    })
    .await;
    for _ in 0..2 {
        let mut client = Client::greeted(&catcher).await;
        assert!(client.mail("one").await.starts_with("250"));
        assert!(client.mail("two").await.starts_with("250"));
        client.expect_close().await;
    }
    assert_eq!((catcher.count(), catcher.sessions()), (4, 2));
}

#[tokio::test]
async fn a_used_up_connection_answers_421_and_closes() {
    let catcher = with(Faults {
        reply_421_after_messages: Some(1),
        ..Faults::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    assert!(client.mail("one").await.starts_with("250"));
    client
        .send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")
        .await
        .expect("421 4.3.2")
        .await;
    client.expect_close().await;
    let mut polite = Client::greeted(&catcher).await;
    polite.mail("one").await;
    polite.say("QUIT").await.expect("221").await;
}

#[tokio::test]
async fn the_final_reply_can_be_late() {
    let delay = Duration::from_millis(150);
    let catcher = with(Faults {
        delay_final_reply: Some(delay),
        ..Faults::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    let before = Instant::now();
    assert!(client.mail("content").await.starts_with("250"));
    assert!(before.elapsed() >= delay);
}

#[tokio::test]
async fn the_final_reply_can_refuse_the_mail() {
    for (reply, closes) in [("554 5.7.1 spam", false), ("421 4.3.0 shutting down", true)] {
        let catcher = with(Faults {
            reply_after_data: some(reply),
            ..Faults::default()
        })
        .await;
        let mut client = Client::greeted(&catcher).await;
        assert_eq!(client.mail("content").await, format!("{reply}\r\n"));
        assert_eq!(catcher.count(), 0);
        if closes {
            client.expect_close().await;
        } else {
            client.say("NOOP").await.expect("250").await;
        }
    }
}

#[tokio::test]
async fn a_final_reply_of_two_hundred_keeps_the_mail() {
    let catcher = with(Faults {
        reply_after_data: some("250 queued as 42"),
        ..Faults::default()
    })
    .await;
    assert_eq!(
        Client::greeted(&catcher).await.mail("content").await,
        "250 queued as 42\r\n"
    );
    assert_eq!(catcher.count(), 1);
}

#[tokio::test]
async fn injected_plaintext_comes_in_one_packet_with_the_220() {
    let inject_after_starttls = some("250 injected\r\n");
    let faults = Faults {
        inject_after_starttls,
        ..Faults::default()
    };
    let catcher = start(Options {
        tls: Tls::StartTls,
        faults,
        ..Options::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.say("STARTTLS").await;
    let mut packet = [0; 256];
    let count = client.stream.read(&mut packet).await.unwrap();
    assert!(packet[..count].starts_with(b"220 "));
    assert!(packet[..count].ends_with(b"\r\n250 injected\r\n"));
    // A careless client goes on, and TLS works: the attack is not noticed by accident.
    let trusted = catcher.ca_pem().unwrap();
    let mut client = client.handshake(trusted, "localhost").await.unwrap();
    client.say("EHLO client.example").await.expect("250-localhost").await;
}

#[tokio::test]
async fn a_greeting_that_refuses_serves_quit_alone() {
    let catcher = with(Faults {
        greeting: some("554 5.3.2 no service"),
        ..Faults::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("554 5.3.2 no service\r\n").await;
    client.say("EHLO client.example").await.expect("503").await;
    client.say("QUIT").await.expect("221").await;
}

#[tokio::test]
async fn a_greeting_can_say_goodbye_or_have_several_lines() {
    let catcher = with(Faults {
        greeting: some("421 4.3.2 busy"),
        ..Faults::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("421 4.3.2 busy\r\n").await;
    client.expect_close().await;

    let catcher = with(Faults {
        greeting: some("220-please\r\n220 wait"),
        ..Faults::default()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    assert_eq!(client.reply().await, "220-please\r\n220 wait\r\n");
    client.say("EHLO client.example").await.expect("250").await;
}

#[tokio::test]
async fn mail_can_be_refused() {
    let catcher = with(Faults {
        mail_reply: some("451 4.7.1 greylisted"),
        ..Faults::default()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client.send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n").await;
    client.expect("451 4.7.1 greylisted\r\n").await;
    client.expect("503").await;
    client.expect("503").await;
}

#[tokio::test]
async fn a_silent_server_accepts_and_never_speaks() {
    let faults = Faults {
        silent: true,
        ..Faults::default()
    };
    for tls in [Tls::None, Tls::Implicit] {
        let catcher = start(Options {
            tls,
            faults: faults.clone(),
            ..Options::default()
        })
        .await;
        let mut client = Client::connect(&catcher).await;
        client.say("EHLO client.example").await;
        let heard = tokio::time::timeout(Duration::from_millis(100), client.stream.read_u8()).await;
        assert!(heard.is_err(), "{heard:?}");
        assert_eq!(catcher.sessions(), 1);
    }
}
