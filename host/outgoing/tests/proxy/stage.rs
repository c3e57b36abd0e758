//! What the tests share: destinations, names, and a server behind the proxy.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_manifest::{Egress, Scheme};
use relais_outgoing::{Body, Client, Destination, Outgoing, Proxy, Resolve, Secret, Settings};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A name that nobody but a proxy resolves.
pub const FAR: &str = "mail.partner.example";
pub const LIMIT: Duration = Duration::from_secs(10);
pub const AGREED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// Resolves addresses to themselves, names that it was told to loopback, and nothing else. It remembers what it was asked.
#[derive(Debug, Default)]
pub struct Names {
    pub known: Vec<&'static str>,
    pub asked: Mutex<Vec<String>>,
}

impl Resolve for Names {
    fn resolve(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let found = match host.parse() {
            Ok(ip) => Ok(vec![ip]),
            Err(_) if self.known.contains(&host.as_str()) => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            Err(_) => Err(io::Error::other("no such name")),
        };
        self.asked.lock().unwrap().push(host);
        Box::pin(async move { found })
    }
}

/// A destination that an administrator typed.
pub fn to(scheme: Scheme, host: &str, port: u16) -> Destination {
    let egress = Egress {
        scheme,
        host: host.to_owned(),
        port,
        typed: true,
        tls_name: None,
        certificate_pem: None,
        connect_timeout: None,
    };
    Destination { egress, private: false }
}

/// A way out through that proxy, which is told these credentials.
pub fn through(url: &str, credentials: Option<&str>) -> Outgoing {
    Outgoing::new(settings(url, credentials))
}

pub fn settings(url: &str, credentials: Option<&str>) -> Settings {
    let mut proxy = Proxy::parse(url).unwrap();
    if let Some(credentials) = credentials {
        proxy = proxy.with_credentials(&Secret::new(credentials.to_owned())).unwrap();
    }
    Settings {
        resolver: Arc::new(Names::default()),
        proxy: Some(proxy),
        ..Settings::default()
    }
}

/// An HTTP client of that way out.
pub fn client(outgoing: &Outgoing, destination: Destination) -> Client {
    outgoing.client(destination, LIMIT, Arc::new(|_, _| {})).unwrap()
}

pub fn post(url: &str) -> http::Request<Body> {
    let request = http::Request::post(url).header("authorization", "Bearer Hunter2");
    request.body(Body::from("Hunter2 in a body")).unwrap()
}

/// A certificate for `name`: itself in PEM, and a server that shows it.
pub struct Identity {
    pub pem: String,
    acceptor: TlsAcceptor,
}

impl Identity {
    pub fn of(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        Self {
            pem: made.cert.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}

/// A server that speaks TLS until a request's head has come, and nothing that TLS knows afterwards.
pub async fn breaking(identity: &Identity) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = identity.acceptor.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let (mut line, _) = stream.into_inner();
            line.write_all(&[0xff; 64]).await.unwrap();
            let _ = line.read(&mut [0; 1024]).await;
        }
    });
    address
}

/// A server that answers every request with the lines of its head, in clear or over TLS.
pub async fn web(identity: Option<&Identity>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = identity.map(|identity| identity.acceptor.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                match acceptor {
                    None => answer(stream).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            answer(stream).await;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(octet) = stream.read_u8().await else { return };
        head.push(octet);
    }
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", head.len());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.write_all(&head).await;
    let _ = stream.read(&mut [0; 1024]).await;
}

/// The whole body of an answer, as text.
pub async fn text(answer: http::Response<Body>) -> String {
    use http_body_util::BodyExt as _;
    let whole = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(whole.to_vec()).unwrap()
}
