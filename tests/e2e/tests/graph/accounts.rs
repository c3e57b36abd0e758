//! Accounts, mailboxes and rights.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_e2e::graph::{Directory, FakeGraph};
use relais_e2e::office::{Office, TOKEN, USER};
use relais_e2e::{DealtAccount, without_token};
use relais_sandbox::{AccountFault, Config, Kind, Sandbox, Session};

use crate::stand::{Stand, noise, with_file};

const SHARED: &str = "accueil@mairie.example";

fn found<'a>(findings: &'a [(String, String)], name: &str) -> &'a str {
    let found = findings.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

fn with_shared() -> Directory {
    let mut directory = Directory::of(USER, TOKEN);
    directory.mailboxes.push(SHARED.to_owned());
    directory
}

/// A mail that names no sender of its own is the mailbox's.
fn from_shared() -> relais_message::Message {
    let mut draft = relais_e2e::draft("De l'accueil");
    draft.from = Some(SHARED.to_owned());
    relais_e2e::accept(draft)
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_by_the_host_and_the_mail_leaves_once() {
    let mut directory = Directory::of(USER, TOKEN);
    directory.tokens = vec!["the-second".to_owned()];
    let account = DealtAccount::described(&[TOKEN, "the-second"], &[("flow", "device-code"), ("username", USER)]);
    for bytes in [1_000, 4_000_000] {
        let mut stand = Stand::of(directory.clone(), |office| office.account(account.clone())).await;
        stand.accepted(&with_file(bytes)).await;
    }
    assert_eq!(account.refusals(), [TOKEN]);
}

#[tokio::test]
async fn an_account_whose_every_token_is_refused_is_the_administrators() {
    let mut directory = Directory::of(USER, TOKEN);
    directory.tokens.clear();
    let account = DealtAccount::described(&["one", "two", "three"], &[("flow", "device-code"), ("username", USER)]);
    let mut stand = Stand::of(directory, |office| office.account(account.clone())).await;
    let failure = stand.send(&with_file(1_000)).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Authentication, Some("401 InvalidAuthenticationToken"))
    );
    assert_eq!(account.refusals(), ["one", "two"], "once more, and not for ever");
}

#[tokio::test]
async fn a_mail_whose_token_was_refused_and_is_not_replaced_stays_here() {
    for bytes in [1_000, 4_000_000] {
        let mut directory = Directory::of(USER, TOKEN);
        directory.tokens.clear();
        let account = DealtAccount::described(&["one"], &[("flow", "device-code"), ("username", USER)]);
        let mut stand = Stand::of(directory, |office| office.account(account.clone())).await;
        let failure = stand.send(&with_file(bytes)).await.unwrap_err();
        let lost = AccountFault::Reconnect("associate the account again".to_owned());
        assert_eq!(
            (failure.kind, failure.account.as_deref()),
            (Kind::Authentication, Some(&lost)),
            "{failure}"
        );
        assert_eq!(account.refusals(), ["one"]);
    }
}

#[tokio::test]
async fn an_account_without_a_token_is_the_hosts_own_finding_and_nothing_is_sent() {
    for (fault, kind) in without_token() {
        for bytes in [1_000, 4_000_000] {
            let account = DealtAccount::failing(fault.clone());
            let mut stand = Stand::of(Directory::of(USER, TOKEN), |office| office.account(account.clone())).await;
            let failure = stand.send(&with_file(bytes)).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.account.as_deref()),
                (kind, Some(&fault)),
                "{failure}"
            );
            assert_ne!(failure.detail("claimed"), Some("unknown-outcome"), "{failure}");
            assert_eq!(account.asked(), 1, "a mail that did not leave is not looked for");
            assert!(stand.graph.counts().requests.is_empty());
        }
    }
}

#[tokio::test]
async fn a_shared_mailbox_sends_from_its_own_place_where_the_account_has_the_rights() {
    let mut directory = with_shared();
    directory.full_access = vec![SHARED.to_owned()];
    directory.send_as = vec![SHARED.to_owned()];
    let mut stand = Stand::of(directory, |office| office.set("mailbox", SHARED)).await;
    let (_, sent) = stand.accepted(&from_shared()).await;
    assert_eq!((sent.mailbox.as_str(), sent.from.as_str()), (SHARED, SHARED));
    assert_eq!(
        stand.graph.counts().requests,
        [format!("POST /v1.0/users/{SHARED}/sendMail")]
    );
}

#[tokio::test]
async fn a_shared_mailbox_without_the_right_is_a_configuration_that_says_what_to_grant() {
    let mut access = with_shared();
    access.full_access = vec![SHARED.to_owned()];
    for (directory, code, grant) in [
        (access, "403 ErrorSendAsDenied", "“Send as”"),
        (with_shared(), "403 ErrorAccessDenied", "“Full access”"),
        (Directory::of(USER, TOKEN), "404 ErrorInvalidUser", "`mailbox`"),
    ] {
        let mut stand = Stand::of(directory, |office| office.set("mailbox", SHARED)).await;
        let failure = stand.send(&from_shared()).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.code.as_deref()),
            (Kind::Configuration, Some(code))
        );
        assert!(failure.text.contains(grant), "{failure}");
        assert!(stand.graph.sent().is_empty());
    }
}

#[tokio::test]
async fn an_application_without_a_user_sends_from_the_mailbox_that_is_set_and_from_none_otherwise() {
    let mut directory = with_shared();
    directory.user = None;
    let account = DealtAccount::described(
        &[TOKEN],
        &[("flow", "client-credentials"), ("roles", "Mail.Send Mail.ReadWrite")],
    );
    let office = |office: Office| office.account(account.clone());
    let mut stand = Stand::of(directory.clone(), |o| office(o).set("mailbox", SHARED)).await;
    stand.accepted(&from_shared()).await;
    assert_eq!(
        stand.graph.counts().requests,
        [format!("POST /v1.0/users/{SHARED}/sendMail")]
    );

    let mut stand = Stand::of(directory, office).await;
    let failure = stand.send(&from_shared()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Configuration);
    assert!(failure.text.contains("`mailbox`"), "{failure}");
    assert!(stand.graph.counts().requests.is_empty());
}

async fn verified(session: &mut Session) -> Result<Vec<(String, String)>, relais_sandbox::Failure> {
    let verified = session.verify();
    tokio::time::timeout(relais_e2e::PATIENCE, verified)
        .await
        .expect("in time")
}

#[tokio::test]
async fn verify_says_which_account_which_mailbox_and_which_rights_and_sends_nothing() {
    let mut stand = Stand::new().await;
    let findings = verified(&mut stand.session).await.unwrap();
    assert_eq!(found(&findings, "account"), USER);
    assert_eq!(found(&findings, "mailbox"), USER);
    assert_eq!(found(&findings, "permissions-missing"), "none");
    assert!(found(&findings, "reached").starts_with("yes"));
    assert!(stand.graph.sent().is_empty());

    let account = DealtAccount::described(
        &[TOKEN],
        &[("flow", "device-code"), ("username", USER), ("scopes", "Mail.Send")],
    );
    let mut directory = Directory::of(USER, TOKEN);
    directory.may_read = false;
    let mut stand = Stand::of(directory, |office| office.account(account)).await;
    let findings = verified(&mut stand.session).await.unwrap();
    assert_eq!(found(&findings, "permissions-missing"), "Mail.ReadWrite");
    // Small mails do without.
    stand.accepted(&with_file(1_000)).await;
    let failure = stand.send(&with_file(4_000_000)).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail("claimed")), (Kind::Configuration, None));
}

#[tokio::test]
async fn neither_the_token_nor_the_mail_is_in_the_guests_memory_and_no_upload_is_told_of() {
    let config = Config {
        keep_dumps: true,
        ..Config::default()
    };
    let connector = Sandbox::new(config)
        .unwrap()
        .load(relais_bundle::OFFICE365)
        .await
        .unwrap();
    let graph = FakeGraph::start(Directory::of(USER, TOKEN)).await.unwrap();
    let instance = Office::at(&graph).instance().await;
    let mut session = connector.open(instance).await.unwrap();
    let mut told = String::new();
    for bytes in [1_000, 4_000_000] {
        told.push_str(&format!("{:?}", session.send(&with_file(bytes)).await.unwrap()));
    }
    assert!(!told.contains(TOKEN) && !told.contains("authtoken"), "{told}");
    let memories = session.into_memories().await;
    let holds = |needle: &[u8]| {
        let mut windows = memories.iter().flat_map(|memory| memory.windows(needle.len()));
        windows.any(|bytes| bytes == needle)
    };
    assert!(holds(graph.url().as_bytes()), "the search does not find what is there");
    let file = noise(1_000);
    let encoded = [STANDARD.encode(TOKEN), STANDARD.encode(&file[..30])];
    for secret in [TOKEN.as_bytes(), &TOKEN.as_bytes()[TOKEN.len() / 2..], &file[..30]] {
        assert!(!holds(secret), "{}", String::from_utf8_lossy(secret));
    }
    for secret in encoded {
        assert!(!holds(secret.as_bytes()), "{secret}");
    }
}
