//! A server that answers what no OAuth server would.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_accounts::{Application, Client, Dialect, FilledProvider, Flow};
use relais_e2e::oauth::{MAIL_SEND, USER_READ};
use relais_manifest::{Endpoint, Scheme, Text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does once it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// Writes this, and closes.
    Says(String),
    /// Writes this, then the same piece over and over.
    Endless(String, String),
    /// Writes this, then a byte every while.
    Drips(String),
    /// Nothing, and keeps the connection.
    Silent,
    /// Answers JSON with the request's own form in `error_description`.
    Echoes,
}

/// A running server. It ends when it is dropped.
pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), log.clone()));
            }
        });
        Self {
            address,
            requests,
            serving,
        }
    }

    /// A JSON answer.
    pub(crate) async fn json(body: &str) -> Self {
        Self::start(Script::Says(answer("200 OK", "Content-Type: application/json", body))).await
    }

    /// The requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn provider(&self, dialect: Dialect) -> FilledProvider {
        let endpoint = |path: &str| Endpoint {
            url: format!("{}{path}", self.origin()),
            scheme: Scheme::Http,
            host: self.address.ip().to_string(),
            port: self.address.port(),
            typed: true,
        };
        FilledProvider {
            id: "scripted".to_owned(),
            name: Text::new("Essai", "Trial"),
            dialect,
            authorization: Some(endpoint("/authorize")),
            token: endpoint("/token"),
            device: Some(endpoint("/device")),
            revocation: Some(endpoint("/revoke")),
            flows: Flow::ALL.to_vec(),
            scopes: ["offline_access", MAIL_SEND, USER_READ].map(str::to_owned).into(),
            optional_scopes: Vec::new(),
            application_scopes: Vec::new(),
            authorize_parameters: Default::default(),
            certificate_pem: None,
            registration: None,
        }
    }

    /// A client that waits a second at most.
    pub(crate) fn client(&self, application: Application) -> Client {
        let client =
            relais_e2e::oauth::client(&self.provider(Dialect::Standard), application, Flow::DeviceCode).unwrap();
        client.with_patience(Duration::from_secs(1))
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An answer with its length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let separator = if headers.is_empty() { "" } else { "\r\n" };
    format!(
        "HTTP/1.1 {status}\r\n{headers}{separator}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn serve(mut stream: TcpStream, script: Script, log: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read(&mut stream).await else { return };
    let body = request
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default();
    log.lock().unwrap().push(request);
    // A client that is gone is what these scripts are for.
    let _ = play(&mut stream, script, &body).await;
}

async fn play(stream: &mut TcpStream, script: Script, body: &str) -> std::io::Result<()> {
    match script {
        Script::Says(text) => stream.write_all(text.as_bytes()).await?,
        Script::Endless(head, piece) => {
            stream.write_all(head.as_bytes()).await?;
            // A limit of its own, so that a client that reads on does not fill the machine.
            for _ in 0..100_000 {
                stream.write_all(piece.as_bytes()).await?;
            }
        }
        Script::Drips(head) => {
            stream.write_all(head.as_bytes()).await?;
            for _ in 0..1000 {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Script::Silent => tokio::time::sleep(Duration::from_secs(60)).await,
        Script::Echoes => {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let text: Vec<String> = form
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let json = serde_json::json!({ "error": "invalid_request", "error_description": text.join(" ") });
            let text = answer("400 Bad Request", "Content-Type: application/json", &json.to_string());
            stream.write_all(text.as_bytes()).await?;
        }
    }
    stream.shutdown().await
}

/// A request with its body, at most 64 KiB.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while bytes.len() < 64 * 1024 {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
    None
}
