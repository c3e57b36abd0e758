//! Logging in, before MAIL and under TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relais_catcher::{Account, Options, Tls};

use crate::client::{Client, start};

fn account() -> Option<Account> {
    Some(Account {
        username: "marie".to_owned(),
        password: "s3cret".to_owned(),
    })
}

fn in_clear() -> Options {
    Options {
        auth: account(),
        auth_in_clear: true,
        ..Options::default()
    }
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

#[tokio::test]
async fn each_way_to_log_in_works_and_the_account_is_noted() {
    let plain = base64("\0marie\0s3cret");
    let (user, password) = (base64("marie"), base64("s3cret"));
    let ways: [&[&str]; 4] = [
        &[&format!("AUTH PLAIN {plain}")],
        &["auth plain", &plain],
        &["AUTH LOGIN", &user, &password],
        &[&format!("AUTH LOGIN {user}"), &password],
    ];
    for way in ways {
        let catcher = start(in_clear()).await;
        let mut client = Client::greeted(&catcher).await;
        client.say("MAIL FROM:<a@b.example>").await.expect("530 5.7.0").await;
        let (last, first) = way.split_last().unwrap();
        for line in first {
            client.say(line).await.expect("334 ").await;
        }
        client.say(last).await.expect("235 2.7.0").await;
        client.say("AUTH PLAIN").await.expect("503").await;
        client.mail("content").await;
        assert_eq!(catcher.mails()[0].authenticated.as_deref(), Some("marie"), "{way:?}");
    }
}

#[tokio::test]
async fn the_prompts_of_login_are_the_usual_ones() {
    let catcher = start(in_clear()).await;
    let mut client = Client::greeted(&catcher).await;
    let prompt = client.say("AUTH LOGIN").await.reply().await;
    assert_eq!(prompt, format!("334 {}\r\n", base64("Username:")));
    let prompt = client.say(&base64("marie")).await.reply().await;
    assert_eq!(prompt, format!("334 {}\r\n", base64("Password:")));
    client.say("*").await.expect("501 5.7.0").await;
}

#[tokio::test]
async fn wrong_logins_are_refused_and_another_try_is_possible() {
    let catcher = start(in_clear()).await;
    let mut client = Client::greeted(&catcher).await;
    let plain = |text| format!("AUTH PLAIN {}", base64(text));
    client.say(&plain("\0marie\0wrong")).await.expect("535 5.7.8").await;
    client.say(&plain("\0paul\0s3cret")).await.expect("535 5.7.8").await;
    client.say("AUTH PLAIN =").await.expect("535 5.7.8").await;
    client.say("AUTH PLAIN not-base64!").await.expect("501 5.5.2").await;
    client.say("AUTH CRAM-MD5").await.expect("504 5.5.4").await;
    client.say("MAIL FROM:<a@b.example>").await.expect("530").await;
    client.say(&plain("\0marie\0s3cret")).await.expect("235").await;
}

#[tokio::test]
async fn a_login_is_offered_and_taken_under_tls_only() {
    let catcher = start(Options {
        tls: Tls::StartTls,
        auth: account(),
        ..Options::default()
    })
    .await;
    let plain = format!("AUTH PLAIN {}", base64("\0marie\0s3cret"));
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(!offered.contains("AUTH"), "{offered}");
    client.say(&plain).await.expect("538 5.7.11").await;
    client.say("STARTTLS").await.expect("220").await;
    let mut client = client.handshake(catcher.ca_pem().unwrap(), "localhost").await.unwrap();
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(offered.contains("AUTH PLAIN LOGIN\r\n"), "{offered}");
    client.say("MAIL FROM:<a@b.example>").await.expect("530").await;
    client.say(&plain).await.expect("235").await;
    client.mail("content").await;
    let mails = catcher.mails();
    assert_eq!(mails[0].authenticated.as_deref(), Some("marie"));
}

fn with_tokens() -> Options {
    Options {
        auth_mechanisms: vec!["XOAUTH2"],
        ..in_clear()
    }
}

fn bearer(token: &str) -> String {
    base64(&format!("user=marie\x01auth=Bearer {token}\x01\x01"))
}

#[tokio::test]
async fn xoauth2_takes_the_password_as_its_token_in_one_step_or_in_two() {
    let token = bearer("s3cret");
    let ways: [&[&str]; 2] = [&[&format!("AUTH XOAUTH2 {token}")], &["AUTH XOAUTH2", &token]];
    for way in ways {
        let catcher = start(with_tokens()).await;
        let mut client = Client::greeted(&catcher).await;
        let (last, first) = way.split_last().unwrap();
        for line in first {
            client.say(line).await.expect("334 ").await;
        }
        client.say(last).await.expect("235 2.7.0").await;
        client.mail("content").await;
        assert_eq!(catcher.mails()[0].authenticated.as_deref(), Some("marie"), "{way:?}");
        assert!(!catcher.commands().iter().any(|line| line.contains(&token)));
    }
}

#[tokio::test]
async fn xoauth2_refuses_by_a_challenge_and_then_by_a_reply() {
    let catcher = start(with_tokens()).await;
    let mut client = Client::greeted(&catcher).await;
    client
        .say(&format!("AUTH XOAUTH2 {}", bearer("stale")))
        .await
        .expect("334 ey")
        .await;
    client.say("").await.expect("535 5.7.8").await;
    client.say("AUTH XOAUTH2 dXNlcj0=").await.expect("535 5.7.8").await;
    client
        .say(&format!("AUTH XOAUTH2 {}", bearer("s3cret")))
        .await
        .expect("235")
        .await;
}

#[tokio::test]
async fn a_response_that_does_not_fit_into_the_command_comes_after_a_334() {
    let long = "a".repeat(4000);
    let catcher = start(Options {
        auth: Some(Account {
            username: "marie".to_owned(),
            password: long.clone(),
        }),
        ..with_tokens()
    })
    .await;
    let mut client = Client::greeted(&catcher).await;
    client
        .say(&format!("AUTH XOAUTH2 {}", bearer(&long)))
        .await
        .expect("500 5.5.6")
        .await;
    client.say("AUTH XOAUTH2").await.expect("334").await;
    client.say(&bearer(&long)).await.expect("235").await;
}

#[tokio::test]
async fn mechanisms_that_are_only_offered_do_not_work() {
    let catcher = start(Options {
        auth_mechanisms: vec!["CRAM-MD5"],
        ..in_clear()
    })
    .await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(offered.contains("AUTH CRAM-MD5\r\n"), "{offered}");
    client.say("AUTH CRAM-MD5").await.expect("504").await;
    client.say("AUTH PLAIN AG1hcmllAHMzY3JldA==").await.expect("504").await;
}

#[tokio::test]
async fn no_login_payload_is_recorded() {
    let catcher = start(in_clear()).await;
    let mut client = Client::greeted(&catcher).await;
    let (plain, password) = (base64("\0marie\0wrong"), base64("wrong"));
    client.say(&format!("AUTH PLAIN {plain}")).await.expect("535").await;
    client.say("AUTH PLAIN").await.expect("334").await;
    client.say(&plain).await.expect("535").await;
    client.say(&format!("AUTH  LOGIN {password}")).await.expect("501").await;
    client.say(&format!("AUTH\tLOGIN {password}")).await.expect("500").await;
    let commands = catcher.commands();
    assert_eq!(
        commands[1..],
        ["AUTH PLAIN ***", "AUTH PLAIN", "***", "AUTH LOGIN ***", "AUTH***"]
    );
}

#[tokio::test]
async fn commands_sent_along_with_a_login_are_refused() {
    let catcher = start(in_clear()).await;
    let mut client = Client::greeted(&catcher).await;
    let ahead = format!(
        "AUTH PLAIN {}\r\nMAIL FROM:<a@b.example>\r\n",
        base64("\0marie\0s3cret")
    );
    client.send(ahead).await.expect("503 5.5.0").await;
    client.expect_close().await;
}
