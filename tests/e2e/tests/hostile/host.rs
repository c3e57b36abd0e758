//! A host of a test's own: its limits, its names, its audit.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use relais_catcher::{Catcher, Options};
use relais_e2e::{Target, accept, draft};
use relais_message::Message;
use relais_outgoing::{Proxy, Settings};
use relais_sandbox::{Config, Connector, Failure, Limits, Outgoing, Receipt, Resolve, Sandbox, Session};

use crate::observed::Observed;
use crate::setup::Setup;

/// Names and what they resolve to; an address is itself, and any other name does not exist.
#[derive(Default)]
struct Names(BTreeMap<String, Vec<IpAddr>>);

impl Resolve for Names {
    fn resolve(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let found = match host.parse() {
            Ok(address) => Some(vec![address]),
            Err(_) => self.0.get(&host).cloned(),
        };
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// Sessions at once.
pub const SESSIONS: u32 = 3;

pub struct Host {
    sandbox: Sandbox,
    pub observed: Arc<Observed>,
}

/// Limits that are reached at once.
pub fn small() -> Limits {
    Limits {
        memory: 64 << 20,
        cpu: Duration::from_millis(200),
        connections: 3,
        resources: 100,
        log_lines: 20,
        connect: Duration::from_secs(2),
        ..Limits::default()
    }
}

impl Host {
    pub fn new() -> Self {
        Self::with(small(), &[])
    }

    /// A host for which names lie.
    pub fn where_names_lie(names: &[(&str, &str)]) -> Self {
        Self::with(small(), names)
    }

    /// A host that gives a guest's memory away.
    pub fn transparent() -> Self {
        Self::configured(small(), &[], true, None)
    }

    /// A host whose only way out is a proxy at this port of this machine.
    pub fn behind(port: u16) -> Self {
        let proxy = Proxy::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        Self::configured(small(), &[], false, Some(proxy))
    }

    pub fn limited(limits: Limits) -> Self {
        Self::with(limits, &[])
    }

    fn with(limits: Limits, names: &[(&str, &str)]) -> Self {
        Self::configured(limits, names, false, None)
    }

    fn configured(limits: Limits, names: &[(&str, &str)], keep_dumps: bool, proxy: Option<Proxy>) -> Self {
        let mut resolver = Names::default();
        resolver.0.insert("localhost".to_owned(), vec![[127, 0, 0, 1].into()]);
        for (name, address) in names {
            let addresses = resolver.0.entry((*name).to_owned()).or_default();
            addresses.push(address.parse().unwrap());
        }
        let observed = Arc::new(Observed::default());
        let mut config = Config {
            cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-compiled")),
            limits,
            sessions: SESSIONS,
            observer: observed.clone(),
            outgoing: Outgoing::new(Settings {
                resolver: Arc::new(resolver),
                proxy,
                ..Settings::default()
            }),
            ..Config::default()
        };
        config.keep_dumps = keep_dumps;
        Self {
            sandbox: Sandbox::new(config).unwrap(),
            observed,
        }
    }

    /// One at a time, so that one test compiles what the others map.
    async fn load(&self, component: &[u8]) -> Connector {
        static COMPILING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _alone = COMPILING.lock().await;
        self.sandbox.load(component).await.unwrap()
    }

    pub async fn open(&self, setup: Setup) -> Session {
        self.try_open(setup).await.unwrap()
    }

    /// Opens a hostile connector that need not get that far.
    ///
    /// # Errors
    ///
    /// What its start came to.
    pub async fn try_open(&self, setup: Setup) -> Result<Session, Failure> {
        let (component, instance) = setup.build();
        let connector = self.load(&component).await;
        in_time(connector.open(instance)).await
    }

    /// Opens a hostile connector and gives it a mail.
    ///
    /// # Errors
    ///
    /// What the attack came to.
    pub async fn send(&self, setup: Setup) -> Result<Receipt, Failure> {
        let mut session = self.open(setup).await;
        let sent = in_time(session.send(&mail())).await;
        in_time(session.close()).await;
        sent
    }

    /// The same for an attack that must fail, with the host alive after it.
    pub async fn survives(&self, setup: Setup) -> Failure {
        let failure = self.send(setup).await.expect_err("the attack fails");
        self.the_next_mail_leaves().await;
        failure
    }

    /// The attack ends in this limit.
    pub async fn stops(&self, setup: Setup, limit: &str) -> Failure {
        let failure = self.survives(setup).await;
        assert_eq!(failure.detail("limit"), Some(limit), "{failure:?}");
        assert!(failure.text.contains(&format!("`{limit}`")), "{failure}");
        assert!(self.observed.limits().contains(&limit.to_owned()));
        failure
    }

    /// The attack is refused with these words, which are the audit's too.
    pub async fn refuses(&self, setup: Setup, rule: &str) -> Failure {
        let failure = self.survives(setup).await;
        assert!(failure.text.contains(rule), "{failure}");
        let audited = self.observed.refusals();
        assert!(audited.iter().any(|(_, said)| said.contains(rule)), "{audited:?}");
        failure
    }

    /// A good connector of the same host.
    pub async fn open_smtp(&self, target: Target) -> Session {
        let connector = self.load(relais_bundle::SMTP).await;
        in_time(connector.open(target.instance())).await.unwrap()
    }

    /// A good connector in the same host still sends.
    pub async fn the_next_mail_leaves(&self) {
        let catcher = Catcher::start(Options::default()).await.unwrap();
        let mut session = self.open_smtp(Target::clear(catcher.port())).await;
        in_time(session.send(&mail())).await.unwrap();
        in_time(session.close()).await;
        assert_eq!(catcher.count(), 1);
    }
}

/// A mail to two.
pub fn mail() -> Message {
    let mut draft = draft("Un dossier pour vous");
    draft.to = vec!["un@exemple.example".to_owned(), "deux@exemple.example".to_owned()];
    accept(draft)
}

/// A hang fails a test, and does not stop the others.
pub async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(relais_e2e::PATIENCE, work)
        .await
        .expect("it ends in time")
}
