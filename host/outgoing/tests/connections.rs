//! What goes on on the connections of an HTTP client, while somebody waits for an answer and while nobody does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::convert::Infallible;
use std::future::{Future as _, poll_fn};
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use relais_manifest::{Egress, Scheme};
use relais_outgoing::{Body, Client, Destination, Outgoing};
use rustls::SupportedProtocolVersion;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(30);

/// How the server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Http1,
    /// Over TLS, which is how it is agreed on.
    Http2,
}

/// TLS for a server, and its certificate.
fn encrypted(versions: &[&'static SupportedProtocolVersion], protocol: &str) -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

fn client(scheme: Scheme, port: u16, certificate_pem: Option<String>) -> Client {
    let egress = Egress {
        scheme,
        host: "localhost".to_owned(),
        port,
        typed: true,
        tls_name: None,
        certificate_pem,
        connect_timeout: None,
    };
    let destination = Destination { egress, private: false };
    let client = Outgoing::default().client(destination, LIMIT, Arc::new(|_, _| {}));
    client.unwrap()
}

/// A server that does what the path of a request says.
struct Server {
    url: String,
    client: Client,
    opened: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Server {
    async fn start(way: Way) -> Self {
        let (acceptor, certificate) = encrypted(rustls::DEFAULT_VERSIONS, "h2");
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (opened, closed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counts = (opened.clone(), closed.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (opened, closed) = counts.clone();
                let acceptor = acceptor.clone();
                opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = match way {
                        Way::Http1 => {
                            let http = hyper::server::conn::http1::Builder::new();
                            http.serve_connection(TokioIo::new(stream), service_fn(answer)).await
                        }
                        Way::Http2 => {
                            let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
                            let mut http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                            http.initial_stream_window_size(65_535);
                            http.serve_connection(stream, service_fn(answer)).await
                        }
                    };
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        let scheme = match way {
            Way::Http1 => Scheme::Http,
            Way::Http2 => Scheme::Https,
        };
        let client = client(scheme, port, (way == Way::Http2).then_some(certificate));
        Self {
            url: format!("{scheme}://localhost:{port}"),
            client,
            opened,
            closed,
        }
    }

    async fn ask(&self, path: &str) -> http::Response<Body> {
        self.ask_with(path, Body::from("Bonjour")).await
    }

    async fn ask_with(&self, path: &str, body: Body) -> http::Response<Body> {
        let request = http::Request::post(format!("{}{path}", self.url)).body(body).unwrap();
        let answered = timeout(LIMIT, self.client.execute(request)).await;
        answered.expect("an answer in time").expect("an answer")
    }
}

async fn answer(request: http::Request<Incoming>) -> Result<http::Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let echo = async move { request.into_body().collect().await.map(|body| body.to_bytes()) };
    Ok(match path.as_str() {
        // The head at once, and the body once the whole request has come.
        "/early" => http::Response::new(Body::wrap_stream(stream::once(echo))),
        "/last" => {
            let _ = echo.await;
            let last = http::Response::builder().header("connection", "close");
            last.body(Body::empty()).unwrap()
        }
        "/in-pieces" => {
            let _ = echo.await;
            let pieces = stream::unfold(0, |count| async move {
                sleep(SHORT).await;
                (count < 5).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"piece ")), count + 1))
            });
            http::Response::new(Body::wrap_stream(pieces))
        }
        // At once, and nothing more of the request is ever read.
        "/unread" => {
            tokio::spawn(async move {
                let _echo = echo;
                std::future::pending::<()>().await;
            });
            http::Response::new(Body::empty())
        }
        "/never" => std::future::pending().await,
        path => {
            let body = echo.await.unwrap();
            let pause: u64 = path.trim_start_matches('/').parse().unwrap_or(0);
            sleep(Duration::from_millis(pause)).await;
            http::Response::new(Body::from(body))
        }
    })
}

async fn text(answer: http::Response<Body>) -> String {
    let whole = timeout(LIMIT, answer.into_body().collect()).await;
    let whole = whole.expect("a body in time").expect("a body").to_bytes();
    String::from_utf8(whole.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_side_by_side_are_all_answered() {
    for way in [Way::Http1, Way::Http2] {
        let server = Arc::new(Server::start(way).await);
        let mut tasks = Vec::new();
        for task in 0..16 {
            let server = server.clone();
            tasks.push(tokio::spawn(async move {
                for count in 0..50 {
                    let said = format!("{task}, {count}");
                    let path = format!("/{}", (task + count) % 3);
                    let answer = server.ask_with(&path, Body::from(said.clone())).await;
                    assert_eq!(text(answer).await, said, "{way:?}");
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn requests_one_after_the_other_share_one_connection() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        for path in ["/", "/early", "/in-pieces", "/1", "/"] {
            text(server.ask(path).await).await;
        }
        assert_eq!(server.opened.load(Ordering::SeqCst), 1, "{way:?}");
    }
}

#[tokio::test]
async fn one_task_may_wait_for_several_answers() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        let (slow, quick, given_up) = tokio::join!(
            async { text(server.ask("/60").await).await },
            async { text(server.ask("/1").await).await },
            timeout(SHORT, server.ask("/never")),
        );
        assert_eq!((slow.as_str(), quick.as_str()), ("Bonjour", "Bonjour"), "{way:?}");
        assert!(given_up.is_err());
        assert_eq!(text(server.ask("/").await).await, "Bonjour", "{way:?}");
    }
}

#[tokio::test]
async fn whoever_waits_is_not_woken_for_nothing() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        for path in ["/", "/last", "/60", "/in-pieces"] {
            let mut answer = pin!(server.ask(path));
            let mut polls = 0;
            let answer = poll_fn(|task| {
                polls += 1;
                answer.as_mut().poll(task)
            });
            drop(answer.await);
            assert!(polls < 30, "{way:?} {path}: polled {polls} times");
        }
    }
}

#[tokio::test]
async fn the_end_of_an_idle_connection_is_noticed_while_nobody_waits() {
    let server = Server::start(Way::Http1).await;
    for count in 1..=3 {
        assert!(text(server.ask("/last").await).await.is_empty());
        sleep(SHORT).await;
        assert_eq!(server.opened.load(Ordering::SeqCst), count);
        assert_eq!(server.closed.load(Ordering::SeqCst), count);
    }
}

#[tokio::test]
async fn a_body_comes_while_nobody_waits_for_an_answer() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        let answer = server.ask("/in-pieces").await;
        assert_eq!(text(answer).await, "piece ".repeat(5), "{way:?}");
    }
}

#[tokio::test]
async fn a_request_goes_on_behind_the_head_of_its_answer() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        let pieces = stream::unfold(0, |count| async move {
            sleep(Duration::from_millis(3)).await;
            (count < 40).then(|| (Ok::<_, Infallible>(Bytes::from(vec![b'x'; 10_000])), count + 1))
        });
        let answer = server.ask_with("/early", Body::wrap_stream(pieces)).await;
        assert_eq!(text(answer).await.len(), 400_000, "{way:?}");
    }
}

#[tokio::test]
async fn the_last_of_a_clients_clones_takes_its_connections_along() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        let clone = server.client.clone();
        assert_eq!(text(server.ask("/").await).await, "Bonjour");
        let closed = server.closed.clone();
        drop(server);
        sleep(SHORT).await;
        assert_eq!(closed.load(Ordering::SeqCst), 0, "{way:?}");
        drop(clone);
        let gone = async {
            while closed.load(Ordering::SeqCst) == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, gone).await.expect("the server sees the end");
    }
}

/// Bytes that say when nobody holds them any more.
struct Held(Vec<u8>, Arc<AtomicBool>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_block_is_held_until_it_is_written_and_ends_with_its_client_whatever_the_server_takes() {
    for way in [Way::Http1, Way::Http2] {
        let server = Server::start(way).await;
        let written = Arc::<AtomicBool>::default();
        let block = Bytes::from_owner(Held(vec![b'x'; 50_000], written.clone()));
        let body = Body::wrap_stream(stream::once(async { Ok::<_, Infallible>(block) }));
        text(server.ask_with("/", body).await).await;
        assert!(written.load(Ordering::SeqCst), "{way:?}");

        // More than the system and the server's window take.
        let gone = Arc::<AtomicBool>::default();
        let block = Bytes::from_owner(Held(vec![b'x'; 32 << 20], gone.clone()));
        let body = Body::wrap_stream(stream::once(async { Ok::<_, Infallible>(block) }));
        assert!(text(server.ask_with("/unread", body).await).await.is_empty());
        sleep(SHORT).await;
        assert!(!gone.load(Ordering::SeqCst), "{way:?}");
        drop(server);
        let gone = async {
            while !gone.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, gone).await.expect("it goes with the client");
    }
}

#[tokio::test]
async fn a_client_has_so_many_connections_at_once_and_no_more() {
    let server = Server::start(Way::Http1).await;
    let most = Arc::<AtomicUsize>::default();
    let requests = (0..40).map(|_| async {
        let answer = text(server.ask("/300").await).await;
        let open = server.opened.load(Ordering::SeqCst) - server.closed.load(Ordering::SeqCst);
        most.fetch_max(open, Ordering::SeqCst);
        answer
    });
    let answers = futures_util::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer == "Bonjour"));
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 32, "{most}");
}

#[tokio::test]
async fn a_connection_that_ends_before_it_takes_a_request_was_none() {
    for protocol in ["h2", "http/1.1"] {
        // Up to 1.2 the server has the last word of a handshake: its end comes with it.
        let (acceptor, certificate) = encrypted(&[&rustls::version::TLS12], protocol);
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await.unwrap().shutdown().await;
            }
        });
        for _ in 0..5 {
            // A new one each time: a handshake that is resumed ends with the client's word.
            let client = client(Scheme::Https, port, Some(certificate.clone()));
            let request = http::Request::post(format!("https://localhost:{port}/"));
            let answered = client.execute(request.body(Body::from("Bonjour")).unwrap());
            let error = timeout(LIMIT, answered).await.unwrap().unwrap_err();
            assert!(!error.connected, "{protocol}: {error:?}");
        }
    }
}
