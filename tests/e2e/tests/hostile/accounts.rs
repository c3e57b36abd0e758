//! An account's credential where it may not be, a token that is refused, and an account that has none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_catcher::{Catcher, Options};
use relais_e2e::{DealtAccount, without_token};
use relais_sandbox::{AccountFault, Failure};

use crate::credentials::holds_a_handle;
use crate::host::{Host, in_time, mail};
use crate::peer::{Peer, answer};
use crate::setup::Setup;

const TOKEN: &str = "ya29.Kestrel-Vermeil-4471-never-to-be-seen";
const SECOND: &str = "ya29.the-token-after-a-refusal";

/// An attack on an account with one token.
fn attack(mode: &str, url: String) -> Setup {
    let account = DealtAccount::giving(&[TOKEN, SECOND]);
    Setup::attack(mode)
        .set("url", url)
        .account(account)
        .grant("auth-in-clear")
}

/// The same as text, whichever way a header's name is written.
fn lower(heard: &[Vec<u8>]) -> String {
    String::from_utf8(heard.concat()).unwrap().to_lowercase()
}

#[tokio::test]
async fn a_handle_in_its_own_header_becomes_the_accounts_token() {
    for mode in ["handle-key-header", "handle-fetch"] {
        let peer = Peer::answering(&answer("204 No Content", "")).await;
        let host = Host::new();
        let failure = host.survives(attack(mode, peer.url())).await;
        assert!(failure.text.contains("204"), "{mode}: {failure}");
        let heard = lower(&peer.heard().await);
        let header = format!("authorization: bearer {TOKEN}\r\n").to_lowercase();
        assert!(heard.contains(&header), "{mode}: {heard}");
        assert!(!host.observed.holds(TOKEN) && !format!("{failure:?}").contains(TOKEN));
    }
}

#[tokio::test]
async fn an_accounts_handle_anywhere_else_is_refused_and_audited_and_costs_no_token() {
    for (mode, rule) in [
        ("handle-undeclared-header", "goes into the header `Authorization` only"),
        ("handle-part-of-header", "must be the whole value of its header"),
        ("handle-header-name", "is no method and no name of a header"),
        ("handle-url", "a credential's handle may not stand in a URL"),
        ("handle-body", "a credential's handle may not stand in a body"),
        ("handle-cut-body", "a credential's handle may not stand in a body"),
        ("handle-trace", "this HTTP method would give the request's head away"),
    ] {
        let peer = Peer::answering(&answer("204 No Content", "")).await;
        let account = DealtAccount::giving(&[TOKEN]);
        let setup = attack(mode, peer.url()).account(account.clone());
        let host = Host::new();
        let failure = host.refuses(setup, rule).await;
        assert!(!holds_a_handle(failure.text.as_bytes()), "{mode}: {failure}");
        assert_eq!(host.observed.misplaced(), 1, "{mode}");
        peer.assert_untouched().await;
        assert_eq!(account.asked(), 0, "{mode}");
    }
}

#[tokio::test]
async fn an_accounts_handle_towards_another_granted_host_is_refused() {
    let (own, other) = (
        Peer::answering(&answer("204 No Content", "")).await,
        Peer::silent().await,
    );
    let setup = attack("handle-other-host", own.url()).set("other_url", other.url());
    let rule = "the credential `token` does not go to this host";
    Host::new().refuses(setup, rule).await;
    own.assert_untouched().await;
    other.assert_untouched().await;
}

#[tokio::test]
async fn a_token_does_not_follow_a_redirect() {
    let elsewhere = Peer::silent().await;
    let redirect = answer("307 Temporary Redirect", &format!("Location: {}\r\n", elsewhere.url()));
    // Where the redirect leads is not granted, and where it is, the credential is not for it.
    for (granted, rule) in [
        (false, "is not granted to this instance"),
        (true, "the credential `token` does not go to this host"),
    ] {
        let own = Peer::answering(&redirect).await;
        let mut setup = attack("handle-redirect", own.url());
        if granted {
            setup = setup.set("other_url", elsewhere.url());
        }
        let host = Host::new();
        host.refuses(setup, rule).await;
        assert_eq!(host.observed.misplaced(), 1, "{rule}");
        assert_eq!(own.heard().await.len(), 1);
    }
    elsewhere.assert_untouched().await;
}

#[tokio::test]
async fn a_401_is_passed_on_and_the_next_request_has_the_next_token() {
    let peer = Peer::answering(&answer("401 Unauthorized", "Connection: close\r\n")).await;
    let account = DealtAccount::giving(&[TOKEN, SECOND]);
    let host = Host::new();
    let setup = attack("handle-again", peer.url()).account(account.clone());
    let failure = host.survives(setup).await;
    assert_eq!(failure.text.matches("401").count(), 2, "{failure}");
    assert_eq!(failure.account, None, "the account is well; its remote is not");
    let heard = lower(&peer.heard().await);
    for token in [TOKEN, SECOND] {
        assert!(heard.contains(&format!("bearer {token}\r\n").to_lowercase()), "{heard}");
    }
    assert_eq!(account.refusals(), [TOKEN, SECOND]);
    assert_eq!(host.observed.accounts().1, ["compte", "compte"]);
}

#[tokio::test]
async fn what_is_no_401_refuses_no_token() {
    for status in ["403 Forbidden", "500 Internal Server Error", "302 Found"] {
        let peer = Peer::answering(&answer(status, "")).await;
        let account = DealtAccount::giving(&[TOKEN]);
        let setup = attack("handle-key-header", peer.url()).account(account.clone());
        Host::new().survives(setup).await;
        assert!(account.refusals().is_empty(), "{status}");
    }
}

/// What a send comes to whose account has no token.
async fn without_a_token(mode: &str, fault: AccountFault) -> Failure {
    let peer = Peer::answering(&answer("204 No Content", "")).await;
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let account = DealtAccount::failing(fault.clone());
    let host = Host::new();
    let setup = attack(mode, peer.url())
        .account(account.clone())
        .granted("127.0.0.1", catcher.port());
    let failure = host.survives(setup).await;
    peer.assert_untouched().await;
    assert_eq!(account.asked(), 1);
    assert_eq!(host.observed.accounts().0, [format!("compte: {fault}")]);
    failure
}

#[tokio::test]
async fn an_account_without_a_token_fails_the_send_whatever_the_guest_says() {
    for (fault, kind) in without_token() {
        // The guest says `rejected`, which would end the delivery.
        for mode in ["handle-key-header", "handle-fetch", "auth-in-clear"] {
            let failure = without_a_token(mode, fault.clone()).await;
            assert_eq!(failure.kind, kind, "{mode}: {failure}");
            assert_eq!(failure.text, fault.text());
            assert_eq!(failure.detail("claimed"), Some("rejected"));
            assert_eq!(failure.retry_after, fault.retry_after());
            assert_eq!(failure.account.as_deref(), Some(&fault));
        }
    }
}

#[tokio::test]
async fn the_host_logs_in_with_the_accounts_token() {
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let account = DealtAccount::giving(&[TOKEN]);
    let setup = attack("auth-in-clear", "http://127.0.0.1:9/".to_owned())
        .account(account.clone())
        .granted("127.0.0.1", catcher.port());
    let host = Host::new();
    let failure = host.survives(setup).await;
    assert!(catcher.commands().iter().any(|line| line.starts_with("AUTH XOAUTH2")));
    // This server offers no login: 502, which says nothing of the token.
    assert!(failure.text.contains("502"), "{failure}");
    assert!(account.refusals().is_empty());
    assert!(!host.observed.holds(TOKEN));
}

#[tokio::test]
async fn a_login_with_an_account_in_clear_is_refused_unless_it_was_granted() {
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let account = DealtAccount::giving(&[TOKEN]);
    let setup = Setup::attack("auth-in-clear")
        .account(account.clone())
        .granted("127.0.0.1", catcher.port());
    Host::new().refuses(setup, "no credential goes out in clear").await;
    assert!(!catcher.commands().iter().any(|line| line.contains("AUTH")));
    assert_eq!(account.asked(), 0);
}

#[tokio::test]
async fn a_guest_reads_public_facts_of_an_account_and_nothing_of_a_secret() {
    let facts = [("username", "marie@mairie.example"), ("scopes", "Mail.Send")];
    let account = DealtAccount::described(&[TOKEN], &facts);
    let setup = Setup::attack("describe").account(account.clone());
    let told = Host::new().survives(setup.set("credential", "token")).await.text;
    assert!(
        told.contains("marie@mairie.example") && told.contains("Mail.Send"),
        "{told}"
    );
    assert!(!told.contains(TOKEN));
    assert_eq!(account.asked(), 0);
    let setup = || Setup::attack("describe").account(DealtAccount::described(&[TOKEN], &facts));
    let host = Host::new();
    assert_eq!(host.survives(setup().set("credential", "key")).await.text, "Ok([])");
    let unknown = host.survives(setup().set("credential", "none")).await.text;
    assert!(unknown.contains("Unknown"), "{unknown}");
}

#[tokio::test]
async fn an_account_that_is_not_there_is_named() {
    for mode in ["handle-key-header", "describe"] {
        let setup = Setup::attack(mode).set("credential", "token");
        let failure = Host::new().survives(setup).await;
        assert!(failure.text.contains("`compte` is not set"), "{mode}: {failure}");
    }
}

#[tokio::test]
async fn no_token_is_in_the_guests_memory() {
    for mode in ["handle-key-header", "handle-fetch", "auth-in-clear"] {
        let peer = Peer::answering(&answer("401 Unauthorized", "")).await;
        let catcher = Catcher::start(Options::default()).await.unwrap();
        let setup = attack(mode, peer.url()).granted("127.0.0.1", catcher.port());
        let host = Host::transparent();
        let mut session = host.open(setup).await;
        in_time(session.send(&mail())).await.unwrap_err();
        let memories = session.into_memories().await;
        let holds = |needle: &[u8]| {
            let mut windows = memories.iter().flat_map(|memory| memory.windows(needle.len()));
            windows.any(|bytes| bytes == needle)
        };
        assert!(holds(mode.as_bytes()), "the search does not find what is there");
        let response = format!("user=marie\x01auth=Bearer {TOKEN}\x01\x01");
        for form in [
            TOKEN.to_owned(),
            STANDARD.encode(TOKEN),
            STANDARD.encode(&response),
            response,
        ] {
            for part in [form.as_str(), &form[form.len() / 2..]] {
                assert!(!holds(part.as_bytes()), "{mode}: the memory holds {part:?}");
            }
        }
    }
}
