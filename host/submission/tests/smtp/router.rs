//! The intake of a running Relais: what it bounds for each token.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relais_router::{NewToken, Paths, Role, Router, TokenName, Who, WorkspaceName};
use relais_sandbox::Config;
use relais_submission::{MAX_SESSIONS, Options, RouterIntake, Submission};
use tempfile::TempDir;

use crate::client::Client;
use crate::fake::LARGEST;

/// A router, and the login of a token of its.
async fn router() -> (Arc<Router>, String, TempDir) {
    let root = tempfile::tempdir().unwrap();
    let sandbox = Config {
        sessions: 1,
        ..Config::default()
    };
    let router = Router::open(Paths::default_for(root.path().join("data")), sandbox).await;
    let router = router.unwrap();
    let new = NewToken {
        name: TokenName::new("ezged").unwrap(),
        role: Role::Send,
        service_instance: None,
        expires_at: None,
    };
    let by = Who::this_process();
    let (_, secret) = router.create_token(&by, &WorkspaceName::default(), new).unwrap();
    let login = STANDARD.encode(format!("\0ezged\0{}", secret.reveal()));
    (Arc::new(router), format!("AUTH PLAIN {login}"), root)
}

#[tokio::test]
async fn a_token_has_so_many_sessions_at_once() {
    let (router, login, _root) = router().await;
    let intake = Arc::new(RouterIntake::new(router));
    let submission = Submission::bind(Options::loopback(0, LARGEST), intake).await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..MAX_SESSIONS {
        let mut client = Client::greeted(&submission).await;
        client.ask(&login, "235").await;
        clients.push(client);
    }
    let mut late = Client::greeted(&submission).await;
    late.ask(&login, "454 4.7.0").await;
    clients.pop().unwrap().ask("QUIT", "221").await;
    // Its session ends when the connection does.
    let mut again = Client::greeted(&submission).await;
    for _ in 0..20 {
        again.send(format!("{login}\r\n")).await;
        if again.expect("").await.starts_with("235") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        again = Client::greeted(&submission).await;
    }
    panic!("the place is not free again");
}

#[tokio::test]
async fn who_hands_in_too_many_mails_is_told_to_wait() {
    let (router, login, _root) = router().await;
    let intake = RouterIntake::new(router).paced(|who| !matches!(who, Who::Token { name, .. } if name == "ezged"));
    let submission = Submission::bind(Options::loopback(0, LARGEST), Arc::new(intake)).await;
    let submission = submission.unwrap();
    let mut client = Client::greeted(&submission).await;
    client.ask(&login, "235").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<a@b.example>", "250").await;
    client.ask("DATA", "451 4.7.1").await;
    client.ask("MAIL FROM:<>", "250").await;
}
