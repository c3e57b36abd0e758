//! A credential's handle on a connection, where no handle is ever replaced: refused before the bytes leave.

use crate::credentials::{holds_a_handle, refused_by_smtp};
use crate::host::Host;
use crate::peer::Peer;
use crate::setup::Setup;

const RULE: &str = "a credential's handle is replaced in HTTP headers only";

#[tokio::test]
async fn a_handle_in_ehlo_is_refused() {
    assert_eq!(refused_by_smtp("handle-ehlo", RULE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_handle_in_mail_is_refused() {
    assert_eq!(refused_by_smtp("handle-mail", RULE).await, ["EHLO hostile.example"]);
}

#[tokio::test]
async fn a_handle_in_rcpt_is_refused() {
    let heard = refused_by_smtp("handle-rcpt", RULE).await;
    assert_eq!(heard, ["EHLO hostile.example", "MAIL FROM:<hostile@example.org>"]);
}

#[tokio::test]
async fn a_handle_in_data_is_refused() {
    let heard = refused_by_smtp("handle-data", RULE).await;
    assert_eq!(heard.last().map(String::as_str), Some("DATA"));
}

#[tokio::test]
async fn a_handle_cut_into_bytes_never_arrives_whole() {
    never_arrives_whole("handle-in-bytes").await;
}

#[tokio::test]
async fn what_was_refused_is_refused_again() {
    never_arrives_whole("handle-the-rest-twice").await;
}

async fn never_arrives_whole(mode: &str) {
    let peer = Peer::silent().await;
    let host = Host::new();
    host.refuses(Setup::attack(mode).granted("127.0.0.1", peer.port), RULE)
        .await;
    let heard = peer.heard().await;
    assert_eq!(heard.len(), 1);
    assert!(!holds_a_handle(&heard[0]), "{}", String::from_utf8_lossy(&heard[0]));
}
