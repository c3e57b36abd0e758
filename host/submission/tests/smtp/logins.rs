//! Who may hand in mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::Client;
use crate::fake::{Fake, TOKEN, listen, open};

fn plain(user: &str, secret: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{secret}")))
}

#[tokio::test]
async fn a_token_is_the_password_and_the_user_name_is_anything() {
    let (submission, fake) = listen(Fake::default()).await;
    for user in ["", "ezged", "andré"] {
        let mut client = Client::greeted(&submission).await;
        client.ask("MAIL FROM:<>", "530 5.7.0").await;
        client.ask(&plain(user, TOKEN), "235").await;
        client.begin().await;
        client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
        client.expect("250 2.0.0 Accepted as id-").await;
        client.ask("QUIT", "221").await;
        client.expect_close().await;
    }
    assert_eq!(fake.kept().len(), 3);
    assert_eq!(fake.kept()[0].principal, "token");
}

#[tokio::test]
async fn login_is_answered_with_its_two_prompts() {
    let (submission, _) = listen(Fake::default()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.ask(&STANDARD.encode("ezged"), "334 UGFzc3dvcmQ6").await;
    client.ask(&STANDARD.encode(TOKEN), "235").await;
    client.ask(&plain("a", TOKEN), "503").await;
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_a_store_that_fails_is_no_verdict() {
    let (submission, _) = listen(Fake::default()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask(&plain("a", "wrong"), "535 5.7.8").await;
    client.ask(&plain("a", "rel_unknowable"), "454 4.7.0").await;
    client.ask("AUTH CRAM-MD5", "504").await;
    client.ask("AUTH PLAIN !", "501").await;
    client.ask("MAIL FROM:<>", "530").await;
}

#[tokio::test]
async fn whoever_guesses_is_sent_away() {
    let (submission, _) = listen(Fake::default()).await;
    let mut client = Client::greeted(&submission).await;
    for guess in 0..relais_submission::MAX_ERRORS {
        client.ask(&plain("a", &format!("guess-{guess}")), "535").await;
    }
    client.expect("421 4.7.0").await;
    client.expect_close().await;
}

#[tokio::test]
async fn a_token_revoked_after_the_login_sends_nothing_more() {
    let (submission, fake) = listen(Fake::default()).await;
    let mut client = Client::greeted(&submission).await;
    client.ask(&plain("a", TOKEN), "235").await;
    *fake.revoked.lock().unwrap() = true;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<a@b.example>", "250").await;
    client.ask("DATA", "535 5.7.8").await;
    client.ask("MAIL FROM:<>", "530").await;
    assert!(fake.kept().is_empty());
}

#[tokio::test]
async fn this_machine_is_let_in_where_the_listener_is_open_to_it() {
    let (submission, fake) = listen(open()).await;
    let mut client = Client::greeted(&submission).await;
    client.begin().await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    client.ask(&plain("a", TOKEN), "235").await;
    client.begin().await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    let principals: Vec<_> = fake.kept().iter().map(|kept| kept.principal).collect();
    assert_eq!(principals, ["local", "token"]);
}
