//! Nothing that Relais says or writes holds a token, a code, a verifier or a client secret: its log at the most talkative level, its
//! API, its command line, its backup and its data folder are searched for every secret that the OAuth server saw or gave.

use std::fs;
use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_e2e::daemon::Daemon;
use relais_e2e::dialogue::Dialogue;
use relais_e2e::graph::{Directory, FakeGraph};
use relais_e2e::oauth::{PASSWORD, REDIRECT, SECRET, Setup};
use serde_json::json;

use crate::site::{CONVOCATIONS, Site, USER, mail};

/// Where a browser is sent back to where Relais has no public address.
const NOWHERE: &str = "http://localhost/oauth/callback";
/// Bytes of a file that goes up in ranges.
const LARGE: usize = 4_000_000;
const INSTANCES: [&str; 3] = ["office", "browser", "application"];

/// A site and everything that it says.
struct Overheard {
    site: Site,
    said: Vec<(String, String)>,
}

impl Overheard {
    fn hear(&mut self, place: &str, text: impl Into<String>) {
        self.said.push((place.to_owned(), text.into()));
    }

    fn output(&mut self, command: &[&str], output: &Output) {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        self.hear(&command.join(" "), String::from_utf8_lossy(&text));
    }

    /// A command, for people and for programs.
    fn run(&mut self, command: &[&str]) {
        for more in [&[][..], &["--json"]] {
            let command = [command, more].concat();
            let output = self.site.relais.run(&command);
            self.output(&command, &output);
        }
    }

    fn get(&mut self, path: &str) {
        let path = format!("/api/v1/{path}");
        let answer = self.site.relais.fetch(&path, &self.site.token);
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.text);
        self.hear(&path, answer.text);
    }

    /// An association whose user does what the command asks him for.
    fn associate(&mut self, instance: &str, more: &[&str], user: impl FnOnce(&Site, &mut Dialogue)) {
        let command = [&["account", "associate", instance], more].concat();
        let mut dialogue = Dialogue::begin(&mut self.site.relais.command(&command));
        user(&self.site, &mut dialogue);
        let (well, said) = dialogue.end();
        assert!(well, "{said}\n{}", self.site.relais.log());
        self.hear(&command.join(" "), said);
    }

    fn associate_all(&mut self) {
        fs::write(self.site.relais.path("secret"), PASSWORD).unwrap();
        let secret = format!("@{}", self.site.relais.path("secret").display());
        let own = ["--client-id", SECRET, "--secret", &secret];
        self.associate("office", &[], |site, dialogue| {
            let code = dialogue.hear(|line| line.strip_prefix("    ").map(str::to_owned));
            site.oauth.approve(&code);
        });
        let by_page = [&["--flow", "authorization-code"], &own[..]].concat();
        self.associate("browser", &by_page, |site, dialogue| {
            let address = dialogue.hear(|line| line.starts_with("http").then(|| line.to_owned()));
            let back = site.oauth.browse(&address);
            // Nobody listens there where Relais has no public address.
            match back.strip_prefix(&format!("http://{}", site.relais.http())) {
                Some(path) => assert!(site.relais.get(path).unwrap().starts_with("HTTP/1.1 200"), "{back}"),
                None => dialogue.say(&back),
            }
        });
        let by_itself = [&["--flow", "client-credentials"], &own[..]].concat();
        self.associate("application", &by_itself, |_, _| {});
    }

    /// By each instance, one with a large file.
    async fn send_all(&self) {
        let mut large = mail("grand");
        large["attachments"] = json!([{ "name": "plan.pdf", "content": STANDARD.encode(vec![7; LARGE]) }]);
        let mut ids = vec![self.site.send(Some(CONVOCATIONS), "petit")];
        for instance in INSTANCES {
            for mail in [&mail("petit"), &large] {
                let mut mail = mail.clone();
                mail["instance"] = json!(instance);
                ids.push(self.site.post(&self.site.token, &mail));
            }
        }
        for id in ids {
            self.site.becomes(&id, "sent").await;
        }
    }

    fn ask_everything(&mut self) {
        for instance in INSTANCES {
            self.run(&["account", "status", instance]);
            self.run(&["instance", "show", instance]);
            self.run(&["instance", "verify", instance]);
            let account = format!("default/instances/{instance}/accounts/account");
            self.get(&format!("default/instances/{instance}"));
            self.get(&format!("default/instances/{instance}/accounts"));
            self.get(&account);
            self.get(&format!("{account}/association"));
            self.get(&format!("{account}/association/events?seconds=1"));
        }
        for path in [
            "instances",
            "applications",
            "deliveries?limit=100",
            "deliveries/events?seconds=1",
            "audit",
            "tokens",
        ] {
            self.get(&format!("default/{path}"));
        }
        let listed = self.site.shown("deliveries?limit=100");
        for line in listed["deliveries"].as_array().unwrap() {
            let id = line["id"].as_str().unwrap();
            self.get(&format!("default/deliveries/{id}"));
            self.run(&["delivery", "show", id]);
        }
        self.run(&["audit", "list", "--all"]);
        self.run(&["application", "list"]);
        self.run(&["delivery", "list"]);
    }

    /// What stands on the disk: bytes as text, so that they are searched fast.
    fn read(&mut self, path: &Path) {
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                self.read(&entry.unwrap().path());
            }
        } else if path.is_file() {
            let bytes = fs::read(path).unwrap();
            self.hear(&path.display().to_string(), String::from_utf8_lossy(&bytes));
        }
    }

    fn search(&self) {
        let secrets = self.site.oauth.secrets();
        let kinds = [
            "access_token",
            "refresh_token",
            "id_token",
            "code",
            "code_verifier",
            "device_code",
            "client_secret",
        ];
        for kind in kinds {
            assert!(secrets.iter().any(|(found, _)| found == kind), "no {kind} occurred");
        }
        for (kind, secret) in &secrets {
            // Half of it would be a leak too.
            let (first, second) = secret.split_at(secret.len() / 2);
            let encoded = STANDARD.encode(secret);
            for (place, text) in &self.said {
                for form in [first, second, encoded.trim_end_matches('=')] {
                    assert!(!text.contains(form), "{place} holds a {kind}, {form}");
                }
            }
        }
        // An upload's address is authorised by itself.
        for (place, text) in self.said.iter().filter(|(place, _)| place == "log") {
            assert!(!text.contains("authtoken="), "{place} holds an upload's address");
        }
    }

    /// The search finds what is there.
    fn holds(&self, place: &str, text: &str) {
        let found = self
            .said
            .iter()
            .any(|(name, said)| name.contains(place) && said.contains(text));
        assert!(found, "{text} is not found in {place}");
    }
}

/// The log is of that form, and the browser comes back to a public address of the daemon's or its address is pasted.
async fn nothing_tells_a_secret(form: &str, public: bool) {
    let setup = Setup {
        // A loopback redirect is good at any port (RFC 8252 section 7.3).
        redirects: [NOWHERE, REDIRECT].map(str::to_owned).into(),
        ..Setup::graph()
    };
    let with = |relais: Daemon| {
        let url = format!("http://{}", relais.http());
        let options = ["--log", form, "--public-url", &url];
        let options = &options[..if public { 4 } else { 2 }];
        relais.with(options).with_variable("RELAIS_LOG", "trace")
    };
    let Some(site) = Site::with(setup, with).await else {
        return;
    };
    let judge = site.oauth.clone();
    let without_user = FakeGraph::start(Directory {
        user: None,
        ..Directory::judged(USER, move |token| judge.accepts(token))
    });
    let without_user = without_user.await.unwrap();
    let authority = site.oauth.origin();
    site.add_office("browser", &authority, &site.graph, &[]);
    site.add_office(
        "application",
        &authority,
        &without_user,
        &["--set", &format!("mailbox={USER}")],
    );
    let mut heard = Overheard { site, said: Vec::new() };

    heard.associate_all();
    let mut watching = Dialogue::begin(&mut heard.site.relais.command(&["delivery", "watch"]));
    heard.send_all().await;
    watching.hear(|line| line.contains("handed to the server").then_some(()));
    heard.hear("delivery watch", watching.heard());
    drop(watching);
    // A 401 and the renewal behind it, and one on demand.
    heard.site.oauth.distrust();
    heard.send_all().await;
    for instance in INSTANCES {
        heard.run(&["account", "renew", instance]);
    }
    heard.ask_everything();
    // A refusal that repeats what it was asked with.
    let words = "AADSTS50173: The grant {proof} was revoked.";
    let refusal = json!({ "error": "invalid_grant", "error_description": words, "error_codes": [50173] });
    let fault = json!({ "answer": { "status": 400, "body": refusal } });
    heard.site.oauth.fault("refresh", fault, 1);
    heard.site.oauth.distrust();
    let id = heard.site.send(Some(CONVOCATIONS), "en attente");
    heard
        .site
        .until("lost", |site| site.account()["state"] == "reconnect")
        .await;
    heard.site.until("told", |site| site.alerts() == 1).await;
    heard.run(&["delivery", "show", &id]);
    heard.run(&["account", "renew", "office"]);
    heard.ask_everything();
    let backup = heard.site.relais.path("backup.tar").display().to_string();
    heard.run(&["backup", &backup]);
    heard.read(Path::new(&backup));
    for instance in INSTANCES {
        heard.run(&["account", "dissociate", instance]);
    }
    heard.ask_everything();
    heard.read(&heard.site.relais.path("data"));
    for mail in heard.site.smtp.mails() {
        heard.hear("a mail", String::from_utf8_lossy(&mail.data));
    }
    let log = heard.site.relais.log();
    heard.hear("log", log);

    heard.holds("account associate office", "/device");
    heard.holds("accounts/account", USER);
    heard.holds("backup.tar", SECRET);
    heard.holds("/data/", CONVOCATIONS);
    heard.holds("log", "TRACE");
    // What was masked, in the words of the provider.
    heard.holds("accounts/account", "The grant […] was revoked");
    heard.search();
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_log_nor_the_api_nor_the_command_line_nor_the_disk_tells_a_secret() {
    nothing_tells_a_secret("text", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_the_log_in_json_nor_a_browser_that_comes_back() {
    nothing_tells_a_secret("json", true).await;
}
