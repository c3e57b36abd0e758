//! Going where nobody said it may. A canary listens wherever it could get to.

use crate::host::Host;
use crate::peer::Peer;
use crate::setup::Setup;

/// What `decide` says of a name or port that no grant covers.
const NOT_GRANTED: &str = "is not granted to this instance";

#[tokio::test]
async fn the_granted_destination_is_reached() {
    let peer = Peer::silent().await;
    let host = Host::new();
    host.survives(Setup::attack("connect").granted("127.0.0.1", peer.port))
        .await;
    assert_eq!(peer.heard().await, [b"hello\r\n"]);
}

#[tokio::test]
async fn another_port_of_the_granted_host_is_refused() {
    let (granted, canary) = (Peer::silent().await, Peer::silent().await);
    let setup = Setup::attack("connect")
        .granted("127.0.0.1", granted.port)
        .aimed("127.0.0.1", canary.port);
    Host::new().refuses(setup, NOT_GRANTED).await;
    canary.assert_untouched().await;
    granted.assert_untouched().await;
}

#[tokio::test]
async fn another_host_is_refused_before_its_name_is_resolved() {
    let canary = Peer::silent().await;
    let host = Host::where_names_lie(&[("elsewhere.example", "127.0.0.1")]);
    let setup = Setup::attack("connect")
        .granted("smtp.mairie.example", canary.port)
        .aimed("elsewhere.example", canary.port);
    host.refuses(setup, NOT_GRANTED).await;
    canary.assert_untouched().await;
}

#[tokio::test]
async fn loopback_and_metadata_are_refused_in_every_spelling() {
    let canary = Peer::silent().await;
    for aim in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "[::ffff:7f00:1]",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
        "0.0.0.0",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "smtp.mairie.example%00.127.0.0.1",
    ] {
        let host = Host::where_names_lie(&[("smtp.mairie.example", "192.0.2.1")]);
        let setup = Setup::attack("connect").granted("smtp.mairie.example", canary.port);
        let failure = host.send(setup.aimed(aim, canary.port)).await.unwrap_err();
        assert!(failure.text.contains(NOT_GRANTED), "{aim}: {failure}");
        assert_eq!(host.observed.refusals().len(), 1, "{aim}");
    }
    canary.assert_untouched().await;
    Host::new().the_next_mail_leaves().await;
}

#[tokio::test]
async fn a_typed_name_that_resolves_to_this_machine_is_refused() {
    let canary = Peer::silent().await;
    for address in [
        "127.0.0.1",
        "127.8.9.10",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
    ] {
        let host = Host::where_names_lie(&[("smtp.mairie.example", address)]);
        let setup = Setup::attack("connect").granted("smtp.mairie.example", canary.port);
        host.refuses(setup, "loopback is reached only as `localhost`").await;
    }
    canary.assert_untouched().await;
}

#[tokio::test]
async fn a_typed_name_that_resolves_to_a_metadata_address_is_refused() {
    for address in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
    ] {
        let host = Host::where_names_lie(&[("smtp.mairie.example", address)]);
        let setup = Setup::attack("connect").granted("smtp.mairie.example", 80);
        host.refuses(setup, "only where the administrator typed that very address")
            .await;
        assert!(
            host.observed
                .connections()
                .iter()
                .all(|to| to.starts_with("127.0.0.1:")),
            "only the next mail's"
        );
    }
}

#[tokio::test]
async fn a_name_of_the_manifest_that_resolves_to_a_private_address_is_refused() {
    for address in [
        "10.0.0.1",
        "192.168.1.1",
        "fd12::1",
        "127.0.0.1",
        "::ffff:10.0.0.1",
        "100.64.0.1",
    ] {
        let host = Host::where_names_lie(&[("fixed.example.org", address)]);
        let setup = Setup::attack("connect")
            .fixed("tcp://fixed.example.org:2525")
            .aimed("fixed.example.org", 2525);
        host.refuses(setup, "a name fixed by the manifest reaches public addresses only")
            .await;
    }
}

#[tokio::test]
async fn a_name_of_the_manifest_reaches_a_private_address_only_where_that_was_granted() {
    let peer = Peer::silent().await;
    let fixed = format!("tcp://fixed.example.org:{}", peer.port);
    let setup = || {
        Setup::attack("connect")
            .fixed(&fixed)
            .aimed("fixed.example.org", peer.port)
    };
    let host = Host::where_names_lie(&[("fixed.example.org", "127.0.0.1")]);
    host.refuses(setup(), "unless `private:fixed.example.org` is granted")
        .await;
    host.refuses(
        setup().grant("private:other.example.org"),
        "unless `private:fixed.example.org` is granted",
    )
    .await;
    peer.assert_untouched().await;
    host.survives(setup().grant("private:fixed.example.org")).await;
    assert!(peer.heard().await.contains(&b"hello\r\n".to_vec()));
}

#[tokio::test]
async fn of_two_addresses_only_the_one_that_may_be_reached_is_dialled() {
    let canary = Peer::silent().await;
    let host = Host::where_names_lie(&[
        ("smtp.mairie.example", "127.0.0.1"),
        ("smtp.mairie.example", "10.255.255.1"),
    ]);
    let setup = Setup::attack("connect").granted("smtp.mairie.example", canary.port);
    host.send(setup).await.unwrap_err();
    canary.assert_untouched().await;
}

#[tokio::test]
async fn the_sockets_of_wasi_reach_nothing_not_even_what_is_granted() {
    let canary = Peer::silent().await;
    let host = Host::new();
    let failure = host
        .survives(Setup::attack("wasi-connect").granted("127.0.0.1", canary.port))
        .await;
    assert!(failure.text.contains("Err("), "{failure}");
    canary.assert_untouched().await;
}

#[tokio::test]
async fn no_file_and_no_variable_of_the_host_is_there() {
    let failure = Host::new().survives(Setup::attack("wasi-file")).await;
    assert!(!failure.text.contains("Ok("), "{failure}");
    assert!(failure.text.ends_with("[])"), "the environment is empty: {failure}");
}
