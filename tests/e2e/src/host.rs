//! The host: one sandbox and one compiled SMTP connector for all tests of a binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use relais_manifest::{FieldError, Settings};
use relais_message::Message;
use relais_sandbox::{Account, Config, Connector, Failure, Grants, Instance, Receipt, Sandbox, Secret, Session};
use serde_json::Value;

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The sandbox of this test binary.
pub fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let config = Config {
            cache: Some(compiled_code()),
            ..Config::default()
        };
        Sandbox::new(config).expect("the sandbox starts")
    })
}

/// Beside the test binaries: what one of them compiled, the others map.
fn compiled_code() -> PathBuf {
    let binary = std::env::current_exe().expect("a test knows its own file");
    binary.with_file_name("relais-e2e-compiled")
}

/// The bundled SMTP connector.
pub async fn smtp() -> &'static Connector {
    static SMTP: tokio::sync::OnceCell<Connector> = tokio::sync::OnceCell::const_new();
    SMTP.get_or_init(|| async {
        sandbox()
            .load(relais_bundle::SMTP)
            .await
            .expect("the SMTP connector loads")
    })
    .await
}

/// An instance of the SMTP connector in the making, as an administrator fills in its form.
#[derive(Debug, Clone)]
pub struct Target {
    given: BTreeMap<String, Value>,
    secrets: BTreeMap<String, Secret>,
    accounts: BTreeMap<String, Arc<dyn Account>>,
    grants: Grants,
}

impl Target {
    /// A server; everything else as the manifest has it by default, so with StartTLS.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            given: BTreeMap::new(),
            secrets: BTreeMap::new(),
            accounts: BTreeMap::new(),
            grants: Grants::default(),
        }
        .set("host", host)
        .set("port", port)
    }

    /// A server on this machine, without TLS.
    pub fn clear(port: u16) -> Self {
        Self::new("localhost", port).set("starttls", false)
    }

    /// Sets a parameter.
    pub fn set(mut self, parameter: &str, value: impl Into<Value>) -> Self {
        self.given.insert(parameter.to_owned(), value.into());
        self
    }

    /// Sets the account to log in with.
    pub fn login(mut self, username: &str, password: &str) -> Self {
        self.secrets
            .insert("password".to_owned(), Secret::new(password.to_owned()));
        self.set("username", username)
    }

    /// Logs in with an account.
    pub fn account(mut self, account: Arc<dyn Account>) -> Self {
        self.accounts.insert("account".to_owned(), account);
        self.set("login", "account")
    }

    /// The values as the manifest reads them.
    ///
    /// # Errors
    ///
    /// Every parameter that is refused.
    pub fn settings(&self) -> Result<Settings, Vec<FieldError>> {
        let inspection = relais_sandbox::inspect(relais_bundle::SMTP).expect("the SMTP connector can be read");
        let secrets: BTreeSet<String> = self.secrets.keys().chain(self.accounts.keys()).cloned().collect();
        inspection.manifest.settings(&self.given, &secrets)
    }

    /// The instance.
    pub fn instance(self) -> Arc<Instance> {
        let settings = self.settings().expect("the parameters are good");
        let manifest = relais_sandbox::inspect(relais_bundle::SMTP)
            .expect("the SMTP connector can be read")
            .manifest;
        Arc::new(Instance {
            label: "default/test".to_owned(),
            egress: manifest
                .egress(&settings)
                .expect("the egress follows from the parameters"),
            settings,
            secrets: self.secrets,
            accounts: self.accounts,
            grants: self.grants,
        })
    }

    /// A session of the instance. The connector connects at its first message.
    pub async fn open(self) -> Session {
        let opened = smtp().await.open(self.instance());
        let opened = tokio::time::timeout(PATIENCE, opened)
            .await
            .expect("the session opens in time");
        opened.expect("the session opens")
    }
}

/// Sends within [`PATIENCE`].
///
/// # Errors
///
/// The failure as the host judged it.
pub async fn send(session: &mut Session, message: &Message) -> Result<Receipt, Failure> {
    let sent = tokio::time::timeout(PATIENCE, session.send(message));
    sent.await.expect("the connector answers in time")
}
