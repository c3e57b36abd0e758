//! Lists of a million strings over the same bytes: small in the guest, and as large as it likes in a host that copies.

use crate::host::{Host, in_time};
use crate::setup::Setup;

#[tokio::test]
async fn a_million_strings_over_the_same_bytes_are_not_copied_into_the_host() {
    Host::new().stops(Setup::attack("million-strings"), "host-call").await;
}

#[tokio::test]
async fn a_million_strings_over_the_same_bytes_are_no_answer_either() {
    let host = Host::new();
    let mut session = host.open(Setup::by_hand()).await;
    let failure = in_time(session.verify()).await.unwrap_err();
    assert_eq!(failure.detail("limit"), Some("host-call"), "{failure:?}");
    host.the_next_mail_leaves().await;
}
