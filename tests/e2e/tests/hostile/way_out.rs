//! A proxy of the site's own that lets nothing out: the host says so itself, whatever the connector makes of it.

use relais_sandbox::{Kind, ProxyFault};

use crate::host::Host;
use crate::peer::{Peer, answer};
use crate::setup::{SECRET, Setup};

/// A destination that takes the way through the proxy.
const FAR: &str = "far.example.org";

fn by_tcp() -> Setup {
    Setup::attack("connect").granted(FAR, 587)
}

fn by_http() -> Setup {
    Setup::attack("get").set("url", format!("http://{FAR}/mails"))
}

#[tokio::test]
async fn a_refusal_of_the_proxy_is_told_by_the_host_over_either_way() {
    for (status, kind, shut_in) in [
        ("403 Filtered", Kind::Configuration, true),
        ("407 Proxy Authentication Required", Kind::Configuration, true),
        ("502 Bad Gateway", Kind::Unreachable, false),
        ("504 Gateway Timeout", Kind::Unreachable, false),
    ] {
        let proxy = Peer::answering(&answer(status, "")).await;
        let host = Host::behind(proxy.port);
        for setup in [by_tcp(), by_http()] {
            let failure = host.send(setup).await.unwrap_err();
            assert_eq!((failure.kind, failure.is_shut_in()), (kind, shut_in), "{failure:?}");
            let number = status.split(' ').next().unwrap();
            assert_eq!(failure.code, Some(format!("proxy {number}")), "{failure:?}");
            let named = format!("http://127.0.0.1:{}", proxy.port);
            assert!(failure.text.contains(&named) && failure.text.contains(FAR), "{failure}");
            // The connector calls it a refusal for good, which would have ended the delivery.
            assert_eq!(failure.detail("claimed"), Some("rejected"), "{failure:?}");
        }
        let heard = String::from_utf8(proxy.heard().await.concat()).unwrap();
        assert!(
            heard.starts_with("CONNECT far.example.org:587 ") && !heard.contains(SECRET),
            "{heard}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_is_down_is_named_and_is_no_refusal() {
    // Nobody listens there.
    let host = Host::behind(9);
    for setup in [by_tcp(), by_http()] {
        let failure = host.send(setup).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.is_shut_in()),
            (Kind::Unreachable, false),
            "{failure:?}"
        );
        assert_eq!(failure.code.as_deref(), Some("proxy"));
        assert!(failure.text.contains("http://127.0.0.1:9"), "{failure}");
        let fault = failure.way_out.unwrap().fault;
        assert!(matches!(fault, ProxyFault::Unreachable(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn what_goes_direct_has_failures_of_its_own() {
    let proxy = Peer::answering(&answer("403 Filtered", "")).await;
    // Where nobody listens, and no proxy is asked.
    let failure = Host::behind(proxy.port)
        .send(Setup::attack("connect"))
        .await
        .unwrap_err();
    assert_eq!((failure.kind, failure.way_out), (Kind::Rejected, None));
    assert!(proxy.heard().await.is_empty());
}
