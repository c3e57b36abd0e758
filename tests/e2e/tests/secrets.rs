//! A connector that logs in never holds the password or the token: its whole memory is searched for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relais_catcher::{Account, Catcher, Options, Tls};
use relais_e2e::{DealtAccount, Target, accept, draft, send};
use relais_sandbox::{Config, Connector, Sandbox};

const NAME: &str = "envoi@mairie.example";
const PASSWORD: &str = "Kestrel-Vermeil-4471";
/// A parameter that the connector reads and says to the server: the search has to find it.
const HELO: &str = "temoin.mairie.example";

fn holds(memories: &[Vec<u8>], needle: &[u8]) -> bool {
    memories
        .iter()
        .any(|memory| memory.windows(needle.len()).any(|bytes| bytes == needle))
}

/// The SMTP connector in a sandbox that gives a session's memory away.
async fn transparent() -> Connector {
    let config = Config {
        keep_dumps: true,
        ..Config::default()
    };
    let sandbox = Sandbox::new(config).unwrap();
    sandbox.load(relais_bundle::SMTP).await.unwrap()
}

async fn assert_not_held(mechanism: &'static str) {
    let catcher = Catcher::start(Options {
        tls: Tls::StartTls,
        auth: Some(Account {
            username: NAME.to_owned(),
            password: PASSWORD.to_owned(),
        }),
        auth_mechanisms: vec![mechanism],
        ..Options::default()
    })
    .await
    .unwrap();
    let target = Target::new("localhost", catcher.port())
        .set("certificate", catcher.ca_pem().unwrap())
        .set("helo", HELO);
    let target = match mechanism {
        "XOAUTH2" => target.account(DealtAccount::described(&[PASSWORD], &[("username", NAME)])),
        _ => target.login(NAME, PASSWORD),
    };
    let mut session = transparent().await.open(target.instance()).await.unwrap();
    send(&mut session, &accept(draft("Confidentiel")))
        .await
        .expect("the catcher takes it");
    assert_eq!(
        catcher.mails()[0].authenticated.as_deref(),
        Some(NAME),
        "nobody logged in"
    );

    let memories = session.into_memories().await;
    assert!(
        holds(&memories, HELO.as_bytes()),
        "the search does not find what is there"
    );
    let plain = format!("\0{NAME}\0{PASSWORD}");
    let bearer = format!("user={NAME}\x01auth=Bearer {PASSWORD}\x01\x01");
    let forms = [
        PASSWORD.to_owned(),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(&plain),
        plain,
        STANDARD.encode(&bearer),
        bearer,
    ];
    for form in forms {
        // Half of it would be a leak too.
        for part in [form.as_str(), &form[form.len() / 2..]] {
            assert!(
                !holds(&memories, part.as_bytes()),
                "{mechanism}: the memory holds {part:?}"
            );
        }
    }
}

#[tokio::test]
async fn after_plain_the_password_is_not_in_the_connectors_memory() {
    assert_not_held("PLAIN").await;
}

#[tokio::test]
async fn after_login_the_password_is_not_in_the_connectors_memory() {
    assert_not_held("LOGIN").await;
}

#[tokio::test]
async fn after_xoauth2_the_token_is_not_in_the_connectors_memory() {
    assert_not_held("XOAUTH2").await;
}
