//! The listeners, over real sockets.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relais_router::Role;
use relais_server::{Listening, Options, Serves, app};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::{TlsConnector, rustls};
use tokio_util::sync::CancellationToken;

use super::support::{Stage, mail};

struct Served {
    address: SocketAddr,
    figures: SocketAddr,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

async fn serve(stage: &Stage, folder: &Path) -> Served {
    let stopping = CancellationToken::new();
    let mut listening = Listening::new();
    let address = listening.tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let figures = listening.figures(([127, 0, 0, 1], 0).into()).await.unwrap();
    listening.admin_socket(&folder.join("relais.sock")).unwrap();
    listening
        .submit_socket(&folder.join("submit.sock"), None, Serves::all())
        .unwrap();
    let options = Options {
        stopping: stopping.clone(),
        ..Options::default()
    };
    let app = app(stage.router.clone(), options);
    let running = tokio::spawn(listening.serve(app, stopping.clone(), Duration::from_secs(5)));
    Served {
        address,
        figures,
        stopping,
        running,
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}Connection: close\r\n\r\n")
}

#[tokio::test]
async fn the_system_lets_in_by_sockets_and_only_a_token_does_over_tcp() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&stage, folder.path()).await;
    let tcp = || TcpStream::connect(served.address);
    let unix = |name: &str| UnixStream::connect(folder.path().join(name));
    let list = get("/api/v1/workspaces", "");
    assert!(ask(tcp().await.unwrap(), &list).await.starts_with("HTTP/1.1 401"));
    assert!(
        ask(unix("relais.sock").await.unwrap(), &list)
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        ask(unix("submit.sock").await.unwrap(), &list)
            .await
            .starts_with("HTTP/1.1 403")
    );
    let token = stage.token("default", Role::Admin);
    let services = get(
        "/api/v1/default/services",
        &format!("Authorization: Bearer {token}\r\n"),
    );
    for _ in 0..2 {
        assert!(ask(tcp().await.unwrap(), &services).await.starts_with("HTTP/1.1 200"));
    }
    served.stopping.cancel();
    served.running.await.unwrap();
    assert!(!folder.path().join("relais.sock").exists());
}

#[tokio::test]
async fn the_listener_for_figures_has_nothing_else() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&stage, folder.path()).await;
    let token = stage.token("default", Role::Admin);
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for (path, status) in [
        ("/metrics", 200),
        ("/health", 200),
        ("/ready", 200),
        ("/docs/", 404),
        ("/openapi.json", 404),
        ("/api/v1/default/services", 404),
        ("/api/v1/default/mails", 404),
    ] {
        for more in ["", &bearer] {
            let stream = TcpStream::connect(served.figures).await.unwrap();
            let answer = ask(stream, &get(path, more)).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        }
    }
    let answer = ask(TcpStream::connect(served.address).await.unwrap(), &get("/metrics", "")).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn under_tls_a_token_lets_in_and_a_client_in_clear_is_answered_nothing() {
    let stage = Stage::new().await;
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![issued.cert.der().clone()],
            PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let mut listening = Listening::new();
    let address = listening
        .tls(([127, 0, 0, 1], 0).into(), Arc::new(server))
        .await
        .unwrap();
    let stopping = CancellationToken::new();
    let app = app(stage.router.clone(), Options::default());
    let running = tokio::spawn(listening.serve(app, stopping.clone(), Duration::from_secs(5)));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(issued.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    let token = stage.token("default", Role::Admin);
    let services = get(
        "/api/v1/default/services",
        &format!("Authorization: Bearer {token}\r\n"),
    );
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(name, stream).await.unwrap();
    assert!(ask(stream, &services).await.starts_with("HTTP/1.1 200"));
    let clear = ask(TcpStream::connect(address).await.unwrap(), &services).await;
    assert!(!clear.starts_with("HTTP"), "{clear}");

    // One that begins no handshake does not hold up the end.
    let _idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stopping.cancel();
    tokio::time::timeout(Duration::from_secs(4), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn who_closes_the_half_that_asks_still_gets_the_answer() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&stage, folder.path()).await;
    let token = stage.token("default", Role::Send);
    let body = mail().to_string();
    let request = format!(
        "POST /api/v1/default/mails HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

#[tokio::test]
async fn requests_that_are_no_http_are_answered_or_hung_up_on() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&stage, folder.path()).await;
    let many = "X-A: b\r\n".repeat(200);
    let long = "x".repeat(200_000);
    for request in [
        "EHLO localhost\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        get("/health", &many),
        get("/health", &format!("X-A: {long}\r\n")),
        "POST /api/v1/default/mails HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /api/v1/default/mails HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n".to_owned(),
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request:.40}: {answer}");
    }
}

#[tokio::test]
async fn when_it_stops_it_ends_what_waits_and_lets_nobody_in() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&stage, folder.path()).await;
    let token = stage.token("default", Role::Admin);
    let bearer = format!("Authorization: Bearer {token}\r\n");
    // Nothing sends here: it would be waited for until the end.
    let body = mail().to_string();
    let waiting = format!(
        "POST /api/v1/default/mails?wait=120 HTTP/1.1\r\nHost: localhost\r\n{bearer}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let waits = tokio::spawn(ask(
        TcpStream::connect(served.address).await.unwrap(),
        Box::leak(waiting.into_boxed_str()),
    ));
    let events = get("/api/v1/default/deliveries/events", &bearer);
    let hears = tokio::spawn(ask(
        TcpStream::connect(served.address).await.unwrap(),
        Box::leak(events.into_boxed_str()),
    ));
    let idle = TcpStream::connect(served.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.stopping.cancel();
    tokio::time::timeout(Duration::from_secs(4), served.running)
        .await
        .unwrap()
        .unwrap();
    assert!(waits.await.unwrap().starts_with("HTTP/1.1 202"));
    assert!(hears.await.unwrap().starts_with("HTTP/1.1 200"));
    drop(idle);
    assert!(TcpStream::connect(served.address).await.is_err());
}
