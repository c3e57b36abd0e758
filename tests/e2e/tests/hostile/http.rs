//! HTTP: a credential's handle where it may not be, and a redirect to somebody else.

use crate::credentials::holds_a_handle;
use crate::host::Host;
use crate::peer::{Peer, answer};
use crate::setup::{SECRET, Setup};

#[tokio::test]
async fn a_handle_in_its_own_header_becomes_the_secret() {
    let peer = Peer::answering(&answer("204 No Content", "")).await;
    let setup = Setup::attack("handle-key-header")
        .set("url", peer.url())
        .grant("auth-in-clear");
    let failure = Host::new().survives(setup).await;
    assert!(failure.text.contains("204"), "{failure}");
    let heard = String::from_utf8(peer.heard().await.concat()).unwrap().to_lowercase();
    assert!(heard.contains(&format!("x-api-key: {SECRET}\r\n")), "{heard}");
}

#[tokio::test]
async fn a_handle_goes_out_in_clear_only_where_that_was_granted() {
    untouched("handle-key-header", "no credential goes out in clear", false).await;
}

#[tokio::test]
async fn a_handle_in_another_header_is_refused() {
    untouched(
        "handle-undeclared-header",
        "goes into the header `X-Api-Key` only",
        true,
    )
    .await;
}

#[tokio::test]
async fn a_handle_as_a_part_of_its_header_is_refused() {
    untouched("handle-part-of-header", "must be the whole value of its header", true).await;
}

#[tokio::test]
async fn a_handle_as_the_name_of_a_header_is_refused() {
    untouched("handle-header-name", "is no method and no name of a header", true).await;
}

#[tokio::test]
async fn a_handle_as_the_method_is_refused() {
    untouched("handle-method", "is no method and no name of a header", true).await;
}

#[tokio::test]
async fn a_method_that_gives_a_header_back_is_refused() {
    untouched(
        "handle-trace",
        "this HTTP method would give the request's head away",
        true,
    )
    .await;
}

#[tokio::test]
async fn a_handle_in_a_url_is_refused() {
    untouched("handle-url", "a credential's handle may not stand in a URL", true).await;
}

#[tokio::test]
async fn a_handle_in_a_body_is_refused() {
    untouched("handle-body", "a credential's handle may not stand in a body", true).await;
}

#[tokio::test]
async fn a_handle_cut_across_the_pieces_of_a_body_is_refused() {
    untouched("handle-cut-body", "a credential's handle may not stand in a body", true).await;
}

/// The attack is refused with this rule, and its server hears nothing.
async fn untouched(mode: &str, rule: &str, in_clear: bool) {
    let peer = Peer::answering(&answer("204 No Content", "")).await;
    let setup = Setup::attack(mode).set("url", peer.url());
    let setup = if in_clear { setup.grant("auth-in-clear") } else { setup };
    let failure = Host::new().refuses(setup, rule).await;
    assert!(
        !failure.text.contains(SECRET) && !holds_a_handle(failure.text.as_bytes()),
        "{failure}"
    );
    peer.assert_untouched().await;
}

#[tokio::test]
async fn a_handle_towards_another_granted_host_is_refused() {
    let (own, other) = (
        Peer::answering(&answer("204 No Content", "")).await,
        Peer::silent().await,
    );
    let setup = Setup::attack("handle-other-host")
        .set("url", own.url())
        .set("other_url", other.url());
    Host::new()
        .refuses(
            setup.grant("auth-in-clear"),
            "the credential `key` does not go to this host",
        )
        .await;
    own.assert_untouched().await;
    other.assert_untouched().await;
}

#[tokio::test]
async fn a_line_break_in_a_header_is_refused() {
    let peer = Peer::answering(&answer("204 No Content", "")).await;
    let failure = Host::new()
        .survives(Setup::attack("crlf-header").set("url", peer.url()))
        .await;
    assert!(
        failure
            .text
            .contains("the request cannot be written: failed to parse header value"),
        "{failure}"
    );
    peer.assert_untouched().await;
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let canary = Peer::silent().await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let redirect = answer(status, &format!("Location: {}\r\n", canary.url()));
        let peer = Peer::answering(&redirect).await;
        let failure = Host::new().survives(Setup::attack("get").set("url", peer.url())).await;
        assert!(failure.text.contains(&status[..3]), "{failure}");
        assert_eq!(peer.heard().await.len(), 1);
    }
    canary.assert_untouched().await;
}

#[tokio::test]
async fn a_typed_url_whose_name_resolves_to_this_machine_is_refused() {
    let canary = Peer::silent().await;
    let host = Host::where_names_lie(&[("api.mairie.example", "127.0.0.1")]);
    let url = format!("http://api.mairie.example:{}/", canary.port);
    host.refuses(
        Setup::attack("get").set("url", url),
        "loopback is reached only as `localhost`",
    )
    .await;
    canary.assert_untouched().await;
}
