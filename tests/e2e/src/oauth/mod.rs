//! oidc-provider, a real OAuth 2 server, with a thin layer that speaks as Entra ID does. Its scripts are in `servers/entra`.

mod clients;
mod ledger;
mod setup;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use relais_accounts::{Application, Client, Dialect, FilledProvider, Flow};
use relais_manifest::{Endpoint, Scheme, Text};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::process::{Running, find};
use crate::{PATIENCE, skipped};

pub use clients::{client, public, rsa, secret};
pub use setup::{CERTIFICATE, DEFAULT, MAIL_SEND, PASSWORD, PUBLIC, REDIRECT, SECRET, Setup, TENANT, USER_READ};

/// A request that the server had. No secret is in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Seen {
    /// `device`, `poll`, `authorization`, `code`, `credentials`, `refresh`, `revocation` or `other`.
    pub kind: String,
    /// The path.
    pub path: String,
    /// The query's parameters.
    pub query: Value,
    /// The scopes that were asked for.
    pub scope: Option<String>,
    /// The `client_id` of the form.
    pub client: Option<String>,
    /// How the application proved to be itself: `none`, `header`, `body` or `assertion`.
    pub proof: String,
    /// The header of an assertion.
    pub assertion: Option<Value>,
    /// The names of the form's parameters, in their order of letters.
    pub parameters: Vec<String>,
}

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct OAuth {
    setup: Setup,
    port: u16,
    talk: Mutex<(ChildStdin, Receiver<Value>)>,
    _process: Running,
}

impl OAuth {
    /// Starts a server. `None`, and a line that says so, where Node or oidc-provider is not installed.
    pub fn start(setup: Setup) -> Option<Self> {
        let (Some(node), Some(modules)) = (find("node"), modules()) else {
            skipped("oidc-provider is not installed (npm: oidc-provider, by tests/all --install)");
            return None;
        };
        let redirects = match setup.redirects.is_empty() {
            true => vec![REDIRECT.to_owned()],
            false => setup.redirects.clone(),
        };
        let mut clients = vec![
            json!({ "id": PUBLIC, "proof": "none", "redirects": redirects }),
            json!({ "id": SECRET, "proof": "secret", "secret": PASSWORD, "redirects": redirects }),
        ];
        if let Some(certificate) = &setup.certificate {
            clients.push(json!({
                "id": CERTIFICATE, "proof": "certificate", "certificate": certificate, "redirects": redirects,
            }));
        }
        let identity = setup.identity.as_ref();
        let options = json!({
            "dialect": match setup.dialect { Dialect::Entra => "entra", Dialect::Standard => "standard" },
            "host": setup.host,
            "tenant": TENANT,
            "modules": modules,
            "scopes": setup.scopes,
            "clients": clients,
            "access": setup.access,
            "interval": 1,
            "rotate": setup.rotate,
            "lenient": setup.lenient,
            "key": identity.map(|identity| &identity.key_pem),
            "certificate": identity.map(|identity| &identity.certificate_pem),
        });
        let mut child = Command::new(node)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/servers/entra/server.mjs"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Node starts");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let process = Running(child);
        let (told, telling) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("the server's own format");
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let first: Value = telling.recv_timeout(PATIENCE).expect("the server listens");
        let port = first["listening"].as_u64().and_then(|port| port.try_into().ok());
        Some(Self {
            setup,
            port: port.expect("a port"),
            talk: Mutex::new((input, telling)),
            _process: process,
        })
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = self.setup.identity.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}:{}", self.setup.host, self.port)
    }

    /// The server as a manifest's provider, its host typed by an administrator.
    pub fn provider(&self) -> FilledProvider {
        self.provider_of(TENANT)
    }

    /// The same with another tenant, which Entra's way has in its addresses.
    pub fn provider_of(&self, tenant: &str) -> FilledProvider {
        let (authorize, token, device, revocation) = match self.setup.dialect {
            Dialect::Entra => (
                format!("/{tenant}/oauth2/v2.0/authorize"),
                format!("/{tenant}/oauth2/v2.0/token"),
                format!("/{tenant}/oauth2/v2.0/devicecode"),
                None,
            ),
            Dialect::Standard => (
                "/authorize".to_owned(),
                "/token".to_owned(),
                "/devicecode".to_owned(),
                Some(self.endpoint("/revoke")),
            ),
        };
        FilledProvider {
            id: "microsoft".to_owned(),
            name: Text::new("Microsoft 365", "Microsoft 365"),
            dialect: self.setup.dialect,
            authorization: Some(self.endpoint(&authorize)),
            token: self.endpoint(&token),
            device: Some(self.endpoint(&device)),
            revocation,
            flows: Flow::ALL.to_vec(),
            scopes: ["openid", "offline_access", MAIL_SEND, USER_READ]
                .map(str::to_owned)
                .into(),
            optional_scopes: Vec::new(),
            application_scopes: vec![DEFAULT.to_owned()],
            // Without it a server may leave `offline_access` out (OpenID Connect Core §11).
            authorize_parameters: [("prompt".to_owned(), "consent".to_owned())].into(),
            certificate_pem: self
                .setup
                .identity
                .as_ref()
                .map(|identity| identity.trusted_pem.clone()),
            registration: None,
        }
    }

    /// An address of the server.
    pub fn endpoint(&self, path: &str) -> Endpoint {
        Endpoint {
            url: format!("{}{path}", self.origin()),
            scheme: self.setup.identity.as_ref().map_or(Scheme::Http, |_| Scheme::Https),
            host: self.setup.host.to_owned(),
            port: self.port,
            typed: true,
        }
    }

    /// A client of the server.
    pub fn client(&self, application: Application, flow: Flow) -> Client {
        client(&self.provider(), application, flow).expect("a client")
    }

    /// The user types the code and agrees.
    pub fn approve(&self, user_code: &str) {
        self.order(json!({ "order": "approve", "user_code": user_code }));
    }

    /// The user types the code and agrees, but for these scopes.
    pub fn approve_without(&self, user_code: &str, without: &[&str]) {
        self.order(json!({ "order": "approve", "user_code": user_code, "without": without }));
    }

    /// The user says no.
    pub fn decline(&self, user_code: &str) {
        self.order(json!({ "order": "decline", "user_code": user_code }));
    }

    /// The code's time is over.
    pub fn expire(&self, user_code: &str) {
        self.order(json!({ "order": "expire", "user_code": user_code }));
    }

    /// Everything that was granted is void; Entra says it with this number.
    pub fn revoke(&self, number: u64) {
        self.order(json!({ "order": "revoke", "number": number }));
    }

    /// What the user at the sign-in page is like: `account`, `without` (scopes), `deny`, `disabled`.
    pub fn behave(&self, user: Value) {
        self.order(with(user, "behave"));
    }

    /// Changes `rotate`, `lenient`, `access` or `roles`.
    pub fn change(&self, options: Value) {
        self.order(with(options, "change"));
    }

    /// What the next requests of a kind meet: `{ delay, hold: "before" | "after", cut: "before" | "after", answer: { status, headers,
    /// body }, set: {…}, drop: […] }`; see `server.mjs`.
    pub fn fault(&self, kind: &str, fault: Value, times: u32) {
        self.order(json!({ "order": "fault", "kind": kind, "fault": fault, "times": times }));
    }

    /// The next request of a kind is refused, by Entra with this number.
    pub fn refuse(&self, kind: &str, error: &str, number: u64) {
        self.order(json!({ "order": "refuse", "kind": kind, "error": error, "number": number }));
    }

    /// No fault is left.
    pub fn calm(&self) {
        self.order(json!({ "order": "calm" }));
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        serde_json::from_value(self.order(json!({ "order": "seen" }))).expect("the server's own format")
    }

    /// How many requests of a kind came so far.
    pub fn requests(&self, kind: &str) -> usize {
        self.seen().iter().filter(|seen| seen.kind == kind).count()
    }

    /// The most requests that were answered at one time.
    pub fn most_at_once(&self) -> u64 {
        self.order(json!({ "order": "most" })).as_u64().unwrap_or_default()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.order(json!({ "order": "forget" }));
    }

    /// How many rows of a model the server holds, such as `RefreshToken`.
    pub fn count(&self, model: &str) -> u64 {
        self.order(json!({ "order": "count", "model": model }))
            .as_u64()
            .unwrap_or_default()
    }

    /// What a browser does with an address: signs in as the user behaves, and answers the address that it is sent back to.
    pub fn browse(&self, address: &str) -> String {
        let back = self.order(json!({ "order": "browse", "address": address }));
        back.as_str().expect("an address").to_owned()
    }

    fn order(&self, order: Value) -> Value {
        let mut talk = self.talk.lock().expect("nothing panics under this lock");
        writeln!(talk.0, "{order}").expect("the server is there");
        let mut answer = talk.1.recv_timeout(PATIENCE).expect("the server answers");
        assert_eq!(answer.get("error"), None, "{order}");
        answer["ok"].take()
    }
}

fn with(mut object: Value, order: &str) -> Value {
    object["order"] = order.into();
    object
}

/// The folder whose `node_modules` has oidc-provider: beside a `.bin` of the path, or where `tests/all` puts it.
fn modules() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_path = std::env::split_paths(&path).filter(|folder| folder.ends_with("node_modules/.bin"));
    let of_path = of_path.filter_map(|folder| Some(folder.parent()?.parent()?.to_owned()));
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-node");
    let has = |folder: &PathBuf| folder.join("node_modules/oidc-provider/package.json").is_file();
    let found = of_path.chain([ours]).find(has)?;
    // Node looks in a real folder's parents.
    found.canonicalize().ok()
}
