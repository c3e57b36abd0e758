//! What an honest proxy carries.

use relais_manifest::Scheme;
use relais_outgoing::{ClientFault, Outgoing, Roots, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fake::{Fake, Play};
use crate::stage::{AGREED, FAR, Identity, LIMIT, breaking, client, post, settings, text, through, to, web};

#[tokio::test]
async fn a_connection_goes_to_a_name_that_only_the_proxy_resolves() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let play = Play::Tunnel(AGREED.to_owned(), server.local_addr().unwrap());
    let proxy = Fake::start(play).await;
    let outgoing = through(&proxy.url(), Some("relais:Hunter2"));
    let mut dialled = outgoing.dial(&to(Scheme::Tcp, FAR, 587), LIMIT).await.unwrap();
    assert_eq!(dialled.proxy, Some(proxy.url()));
    let (mut far, _) = server.accept().await.unwrap();
    dialled.stream.write_all(b"EHLO a\r\n").await.unwrap();
    let mut heard = [0; 8];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"EHLO a\r\n");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        proxy.heard(),
        format!(
            "CONNECT mail.partner.example:587 HTTP/1.1\r\nHost: mail.partner.example:587\r\nUser-Agent: Relais/{version}\r\n\
             Proxy-Authorization: Basic cmVsYWlzOkh1bnRlcjI=\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn a_greeting_in_the_packet_of_the_proxys_yes_is_not_lost() {
    for agreed in [
        AGREED,
        "HTTP/1.0 200 OK\nVia: a\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ] {
        let greeting = "220 mail.partner.example\r\n\r\n";
        let proxy = Fake::start(Play::SayAndClose(format!("{agreed}{greeting}"))).await;
        let dialled = through(&proxy.url(), None).dial(&to(Scheme::Tcp, FAR, 25), LIMIT).await;
        let mut heard = String::new();
        dialled.unwrap().stream.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, greeting, "{agreed:?}");
    }
}

#[tokio::test]
async fn http_in_clear_goes_through_a_tunnel_as_well() {
    let server = web(None).await;
    let proxy = Fake::start(Play::Tunnel(AGREED.to_owned(), server)).await;
    let http = client(
        &through(&proxy.url(), Some("relais:Pr0xy")),
        to(Scheme::Http, FAR, 8080),
    );
    let seen = text(
        http.execute(post(&format!("http://{FAR}:8080/send?a=b")))
            .await
            .unwrap(),
    )
    .await;
    // As a server reads it, not as a proxy does; and without what is the proxy's.
    assert!(seen.starts_with("POST /send?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(!seen.to_ascii_lowercase().contains("proxy-"), "{seen}");
    assert!(
        proxy.heard().starts_with("CONNECT mail.partner.example:8080 "),
        "{}",
        proxy.heard()
    );
}

#[tokio::test]
async fn the_certificate_is_the_destinations_whoever_carries_the_bytes() {
    for (name, good) in [(FAR, true), ("proxy.partner.example", false)] {
        let identity = Identity::of(name);
        let server = web(Some(&identity)).await;
        let proxy = Fake::start(Play::Tunnel(AGREED.to_owned(), server)).await;
        let settings = Settings {
            roots: Roots::with_pem(identity.pem.as_bytes()).unwrap(),
            ..settings(&proxy.url(), None)
        };
        let http = client(&Outgoing::new(settings), to(Scheme::Https, FAR, 443));
        let answered = http.execute(post(&format!("https://{FAR}/send"))).await;
        match answered {
            Ok(answer) => assert!(good && text(answer).await.contains("authorization: Bearer Hunter2")),
            Err(error) => assert!(!good && matches!(error.fault, ClientFault::Tls(_)), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn an_authority_that_nobody_named_is_not_trusted() {
    let identity = Identity::of(FAR);
    let server = web(Some(&identity)).await;
    let proxy = Fake::start(Play::Tunnel(AGREED.to_owned(), server)).await;
    let http = client(&through(&proxy.url(), None), to(Scheme::Https, FAR, 443));
    let error = http.execute(post(&format!("https://{FAR}/send"))).await.unwrap_err();
    assert!(matches!(error.fault, ClientFault::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn tls_that_breaks_once_the_request_has_left_is_no_word_on_the_certificate() {
    let identity = Identity::of(FAR);
    let proxy = Fake::start(Play::Tunnel(AGREED.to_owned(), breaking(&identity).await)).await;
    let settings = Settings {
        roots: Roots::with_pem(identity.pem.as_bytes()).unwrap(),
        ..settings(&proxy.url(), None)
    };
    let http = client(&Outgoing::new(settings), to(Scheme::Https, FAR, 443));
    let error = http.execute(post(&format!("https://{FAR}/send"))).await.unwrap_err();
    assert!(
        error.connected && matches!(error.fault, ClientFault::Failed(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn connections_are_kept_and_no_other_destination_is_reached_by_them() {
    let server = web(None).await;
    let proxy = Fake::start(Play::Tunnel(AGREED.to_owned(), server)).await;
    let http = client(&through(&proxy.url(), None), to(Scheme::Http, FAR, 80));
    text(http.execute(post(&format!("http://{FAR}/a"))).await.unwrap()).await;
    for url in [
        "http://other.example/",
        "http://mail.partner.example:81/",
        "https://mail.partner.example:80/",
    ] {
        let error = http.execute(post(url)).await.unwrap_err();
        assert!(matches!(error.fault, ClientFault::Refused(_)), "{url}: {error:?}");
    }
    assert_eq!(proxy.heard().matches("CONNECT ").count(), 1);
}
