//! A town hall: a mail server of its own, its Microsoft 365, and Relais between EzGED and both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Options};
use relais_e2e::daemon::Daemon;
use relais_e2e::dialogue::Dialogue;
use relais_e2e::graph::{Directory, FakeGraph};
use relais_e2e::oauth::{OAuth, PUBLIC, Setup, TENANT};
use serde_json::{Value, json};

/// Who signs in at the OAuth server.
pub const USER: &str = "marie@mairie.example";
/// Who is told of what goes wrong.
pub const CONTACT: &str = "informatique@mairie.example";
/// The service instance that uses Office365.
pub const CONVOCATIONS: &str = "convocations";
const SOON: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);

pub struct Site {
    pub oauth: Arc<OAuth>,
    pub graph: FakeGraph,
    /// The server of the SMTP instance.
    pub smtp: Catcher,
    pub relais: Daemon,
    /// An administrator's.
    pub token: String,
}

impl Site {
    /// The default connector of the mail service is the SMTP instance `smtp`, and the service instance [`CONVOCATIONS`] uses the
    /// Office365 instance `office`, whose account is not associated yet. `None`, and a line that says so, where a program is missing.
    pub async fn start(setup: Setup) -> Option<Self> {
        Self::with(setup, |relais| relais).await
    }

    /// The same with a daemon that is set up further.
    pub async fn with(setup: Setup, more: impl FnOnce(Daemon) -> Daemon) -> Option<Self> {
        Self::of(setup, |directory| directory, more).await
    }

    /// The same with another directory of Graph's.
    pub async fn of(
        setup: Setup,
        directory: impl FnOnce(Directory) -> Directory,
        more: impl FnOnce(Daemon) -> Daemon,
    ) -> Option<Self> {
        let oauth = Arc::new(OAuth::start(setup)?);
        let judge = oauth.clone();
        let judged = Directory::judged(USER, move |token| judge.accepts(token));
        let graph = FakeGraph::start(directory(judged)).await.unwrap();
        let smtp = Catcher::start(Options::default()).await.unwrap();
        let relais = more(Daemon::prepare(smtp.port()).with(&["--first-retry", "1"]));
        let mut site = Self {
            oauth,
            graph,
            smtp,
            relais,
            token: String::new(),
        };
        site.furnish();
        site.relais.serve();
        site.token = site.relais.token("default", "admin", "admin");
        Some(site)
    }

    fn furnish(&self) {
        let relais = &self.relais;
        relais.does(&["connector", "install", "relais/office365"]);
        self.add_office("office", &self.oauth.origin(), &self.graph, &[]);
        relais.does(&["application", "set", "microsoft", "--client-id", PUBLIC]);
        relais.does(&[
            "service-instance",
            "create",
            CONVOCATIONS,
            "--title",
            "Convocations du conseil",
            "--connector-instance",
            "office",
        ]);
        relais.does(&[
            "workspace",
            "edit",
            "default",
            "--contact",
            CONTACT,
            "--notices-through",
            "smtp",
        ]);
    }

    /// An instance of Office365 towards these.
    pub fn add_office(&self, name: &str, authority: &str, graph: &FakeGraph, more: &[&str]) {
        let create = ["instance", "create", name, "--connector", "relais/office365"];
        let set = [
            "--set",
            "cloud=custom",
            "--set",
            &format!("tenant={TENANT}"),
            "--set",
            &format!("authority={authority}"),
            "--set",
            &format!("graph={}", graph.url()),
            "--set",
            &format!("upload={}", graph.upload_url()),
        ];
        let in_clear = authority.starts_with("http:") || graph.url().starts_with("http:");
        let grant: &[&str] = if in_clear { &["--grant", "auth-in-clear"] } else { &[] };
        self.relais.does(&[&create[..], &set[..], grant, more].concat());
    }

    /// `relais account associate`, and a user who enters the code that it shows. What it said.
    pub fn associate(&self) -> String {
        let mut command = self.relais.command(&["account", "associate", "office"]);
        let mut dialogue = Dialogue::begin(&mut command);
        let code = dialogue.hear(|line| line.strip_prefix("    ").map(str::to_owned));
        self.oauth.approve(&code);
        let (well, said) = dialogue.end();
        assert!(well, "{said}\n{}", self.relais.log());
        said
    }

    /// A mail over the API, by a service instance or without. Its delivery's id.
    pub fn send(&self, service_instance: Option<&str>, subject: &str) -> String {
        let mut mail = mail(subject);
        if let Some(name) = service_instance {
            mail["service_instance"] = json!(name);
        }
        self.post(&self.token, &mail)
    }

    /// A mail over the API with this token.
    pub fn post(&self, token: &str, mail: &Value) -> String {
        let answer = self.relais.post("/api/v1/default/mails", token, mail);
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// What the API says of something in the workspace.
    pub fn shown(&self, path: &str) -> Value {
        let answer = self.relais.fetch(&format!("/api/v1/default/{path}"), &self.token);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub fn delivery(&self, id: &str) -> Value {
        self.shown(&format!("deliveries/{id}"))
    }

    pub fn account(&self) -> Value {
        self.shown("instances/office/accounts/account")
    }

    /// Waits until it is so.
    pub async fn until(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !so(self) {
            assert!(
                begun.elapsed() < SOON,
                "not {what}: {}\n{}",
                self.account(),
                self.relais.log()
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub async fn becomes(&self, id: &str, state: &str) -> Value {
        self.until(&format!("{id} {state}"), |site| site.delivery(id)["state"] == state)
            .await;
        self.delivery(id)
    }

    /// The subjects that left by Graph, in order of letters.
    pub fn by_graph(&self) -> Vec<String> {
        let mut subjects: Vec<String> = self.graph.sent().into_iter().map(|sent| sent.subject).collect();
        subjects.sort();
        subjects
    }

    /// The subjects that left by SMTP, as they stand in the header, in order of letters.
    pub fn by_smtp(&self) -> Vec<String> {
        let subject = |data: &[u8]| {
            let text = String::from_utf8_lossy(data).into_owned();
            let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
            line.unwrap_or_default().to_owned()
        };
        let mut subjects: Vec<String> = self.smtp.mails().iter().map(|mail| subject(&mail.data)).collect();
        subjects.sort();
        subjects
    }

    /// How often the contact was told of a lost account.
    pub fn alerts(&self) -> usize {
        let mails = self.smtp.mails();
        let told = |mail: &&relais_catcher::Mail| {
            let text = String::from_utf8_lossy(&mail.data);
            mail.recipients == [CONTACT] && text.contains("relais account associate office")
        };
        mails.iter().filter(told).count()
    }
}

/// A mail of EzGED's.
pub fn mail(subject: &str) -> Value {
    json!({
        "from": USER, "to": ["zoe@partenaire.example"], "subject": subject, "text": "Bonjour",
    })
}
