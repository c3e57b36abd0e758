//! Which way a connection really takes, and that what goes direct is judged as without a proxy.

use std::sync::Arc;

use relais_manifest::Scheme;
use relais_outgoing::{Client, DialError, Exceptions, Outgoing, Proxy, Refused, Settings};
use tokio::net::TcpListener;

use crate::fake::{Fake, Play};
use crate::stage::{AGREED, FAR, LIMIT, Names, client, post, settings, text, to, web};

async fn fake() -> Fake {
    Fake::start(Play::Say(AGREED.to_owned())).await
}

#[tokio::test]
async fn what_is_private_or_excepted_goes_direct_and_is_resolved_here() {
    let proxy = fake().await;
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let names = Arc::new(Names {
        known: vec!["localhost", "smtp.mairie.example"],
        ..Names::default()
    });
    let excepted = Exceptions::parse(&[".mairie.example"]).unwrap();
    let outgoing = Outgoing::new(Settings {
        resolver: names.clone(),
        proxy: Some(Proxy::parse(&proxy.url()).unwrap().with_exceptions(excepted)),
        ..Settings::default()
    });
    for host in ["localhost", "127.0.0.1"] {
        let dialled = outgoing.dial(&to(Scheme::Tcp, host, port), LIMIT).await.unwrap();
        assert_eq!((dialled.proxy, dialled.address.port()), (None, port), "{host}");
    }
    // It leads to this machine, which a name may not.
    let refused = outgoing
        .dial(&to(Scheme::Tcp, "smtp.mairie.example", port), LIMIT)
        .await;
    assert!(
        matches!(refused, Err(DialError::Refused(Refused::Address { .. }))),
        "{refused:?}"
    );
    outgoing.dial(&to(Scheme::Tcp, FAR, port), LIMIT).await.unwrap();
    let asked = names.asked.lock().unwrap().clone();
    // The last is the proxy itself; what goes through it is not resolved here.
    assert_eq!(asked, ["localhost", "127.0.0.1", "smtp.mairie.example", "127.0.0.1"]);
    assert_eq!(proxy.heard().matches("CONNECT ").count(), 1);
}

#[tokio::test]
async fn an_address_that_may_not_be_dialled_is_refused_before_the_proxy_hears_of_it() {
    let proxy = fake().await;
    let outgoing = Outgoing::new(settings(&proxy.url(), None));
    for host in [
        "169.254.169.254",
        "168.63.129.16",
        "10.0.0.5",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
    ] {
        let mut destination = to(Scheme::Tcp, host, 80);
        destination.egress.typed = false;
        let refused = outgoing.dial(&destination, LIMIT).await;
        assert!(matches!(refused, Err(DialError::Refused(_))), "{host}: {refused:?}");
    }
    let mut never = to(Scheme::Tcp, "0.0.0.0", 80);
    never.private = true;
    assert!(matches!(outgoing.dial(&never, LIMIT).await, Err(DialError::Refused(_))));
    assert_eq!(proxy.heard(), "");
}

#[tokio::test]
async fn http_takes_the_same_way_and_tells_its_refusals() {
    let proxy = fake().await;
    let server = web(None).await;
    let outgoing = Outgoing::new(settings(&proxy.url(), None));
    let local = client(&outgoing, to(Scheme::Http, "127.0.0.1", server.port()));
    let seen = text(local.execute(post(&format!("http://{server}/"))).await.unwrap()).await;
    assert!(seen.starts_with("POST / HTTP/1.1\r\n"), "{seen}");
    assert_eq!(proxy.heard(), "");

    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tells = told.clone();
    let mut destination = to(Scheme::Http, "169.254.169.254", 80);
    destination.egress.typed = false;
    let metadata: Client = outgoing
        .client(
            destination,
            LIMIT,
            Arc::new(move |asked, refused| tells.lock().unwrap().push((asked.to_string(), refused.code()))),
        )
        .unwrap();
    assert!(metadata.execute(post("http://169.254.169.254/latest")).await.is_err());
    assert_eq!(
        *told.lock().unwrap(),
        [("http://169.254.169.254:80".to_owned(), "address")]
    );
}

#[tokio::test]
async fn without_a_proxy_everything_goes_direct() {
    let names = Arc::new(Names::default());
    let outgoing = Outgoing::with_resolver(names.clone());
    let dialled = outgoing.dial(&to(Scheme::Tcp, FAR, 25), LIMIT).await;
    assert!(matches!(dialled, Err(DialError::Unresolved(_))), "{dialled:?}");
    assert_eq!(*names.asked.lock().unwrap(), [FAR]);
}
