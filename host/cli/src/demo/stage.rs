//! The acts of the demonstration, each of which says what it does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_catcher::{Account, Catcher, Mail, Options, Tls};
use relais_manifest::Lang;
use relais_message::Message;
use relais_router::{Content, InstanceName, KeySource, MAIL, New, Paths, Resolved, Route, Router, Who, WorkspaceName};
use relais_sandbox::{Config, Event, Secret};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::letter;
use super::report::Report;
use super::watch::{Watch, line};
use super::{Fault, say};

const USER: &str = "secretariat@exemple.fr";
/// How long the mail may take to arrive, on this very machine.
const ARRIVAL: Duration = Duration::from_secs(10);

pub struct Stage {
    lang: Lang,
    aloud: bool,
    folder: TempDir,
    catcher: Catcher,
    password: String,
    router: Router,
    watch: Watch,
    workspace: WorkspaceName,
}

impl Stage {
    pub async fn set(lang: Lang, aloud: bool) -> Result<Self, Fault> {
        let password = random_password()?;
        let catcher = Catcher::start(Options {
            tls: Tls::StartTls,
            auth: Some(Account {
                username: USER.to_owned(),
                password: password.clone(),
            }),
            ..Options::default()
        })
        .await?;
        let folder = tempfile::Builder::new().prefix("relais-demo").tempdir()?;
        let watch = Watch::default();
        let config = Config {
            observer: Arc::new(watch.clone()),
            ..Config::default()
        };
        let paths = Paths {
            data: folder.path().join("data"),
            key: KeySource::File(folder.path().join("key")),
        };
        let router = Router::open(paths, config).await?;
        let stage = Self {
            lang,
            aloud,
            folder,
            catcher,
            password,
            router,
            watch,
            workspace: WorkspaceName::default(),
        };
        let port = stage.catcher.port();
        stage.title(
            "Un serveur SMTP d'essai, sur cette machine",
            "A small SMTP server, on this machine",
        );
        stage.say(
            &format!("localhost:{port}, exige StartTLS et une authentification, certificat fait à l'instant"),
            &format!("localhost:{port}, demands STARTTLS and a login, certificate made on the spot"),
        );
        Ok(stage)
    }

    /// Installs the SMTP connector: checked, compiled, kept.
    pub async fn install(&mut self, report: &mut Report) -> Result<(), Fault> {
        self.title(
            "Le connecteur SMTP, un composant WebAssembly",
            "The SMTP connector, a WebAssembly component",
        );
        let inspection = relais_sandbox::inspect(relais_bundle::SMTP)?;
        let begun = Instant::now();
        let record = self
            .router
            .install(
                &Who::this_process(),
                Some(&self.workspace),
                relais_bundle::SMTP.to_vec(),
            )
            .await?;
        report.compile_ms = millis(begun.elapsed());
        let size = relais_bundle::SMTP.len() / 1024;
        self.say(
            &format!(
                "{} {}, {size} Kio, vérifié et compilé en {:.0} ms",
                record.id, record.version, report.compile_ms
            ),
            &format!(
                "{} {}, {size} KiB, checked and compiled in {:.0} ms",
                record.id, record.version, report.compile_ms
            ),
        );
        let services = inspection.services.join(", ");
        self.say(&format!("il sait : {services}"), &format!("it can: {services}"));
        let capabilities = inspection.capabilities.join(", ");
        self.say(
            &format!("il peut demander à l'hôte : {capabilities}"),
            &format!("it can ask the host for: {capabilities}"),
        );
        report.exports = inspection.exports;
        report.imports = inspection.imports;
        Ok(())
    }

    /// One instance of it, as an administrator sets it up.
    pub fn configure(&mut self, report: &mut Report) -> Result<(), Fault> {
        self.title(
            "Une instance, réglée par l'administrateur",
            "An instance, set by the administrator",
        );
        let name: InstanceName = "demo".parse()?;
        let mut values = self.address();
        values.insert("username".to_owned(), json!(USER));
        values.insert("sender".to_owned(), json!(USER));
        values.insert(
            "certificate".to_owned(),
            json!(self.catcher.ca_pem().unwrap_or_default()),
        );
        let new = New {
            connector: "relais/smtp".to_owned(),
            values,
            secrets: BTreeMap::from([("password".to_owned(), Secret::new(self.password.clone()))]),
            ..New::default()
        };
        let view = self
            .router
            .create_instance(&Who::this_process(), &self.workspace, &name, new)?;
        self.router
            .set_default(&Who::this_process(), &self.workspace, MAIL.name, &name)?;
        report.grants = view.egress.iter().map(ToString::to_string).collect();
        let reach = report.grants.join(", ");
        self.say(
            &format!("elle peut joindre : {reach}, et rien d'autre"),
            &format!("it may reach: {reach}, and nothing else"),
        );
        for credential in &view.credentials {
            report
                .grants
                .push(format!("credential {} ({})", credential.name, credential.kind));
        }
        self.say(
            "le mot de passe est scellé dans le coffre de l'hôte ; le connecteur n'en connaît que le nom",
            "the password is sealed in the host's vault; the connector knows its name alone",
        );
        Ok(())
    }

    /// The letter, checked for the instance that would send it.
    async fn check(&self, pdf: &[u8]) -> Result<(Arc<Resolved>, Message), Fault> {
        let content = Content::Draft(letter::draft(pdf.to_vec()));
        Ok(self.router.check(&self.workspace, content, &Route::Default).await?)
    }

    /// One mail through a fresh sandbox, and two more through the same session.
    pub async fn send(&mut self, report: &mut Report) -> Result<(), Fault> {
        self.title(
            "Un mail, avec un objet accentué et un PDF",
            "A mail, with an accented subject and a PDF",
        );
        let pdf = letter::pdf("Ordre du jour");
        let (resolved, message) = self.check(&pdf).await?;
        let mut session = self.router.open_session(&self.workspace, &resolved.instance).await?;
        report.instantiate_us = session.instantiated_in().as_secs_f64() * 1e6;
        self.say(
            &format!("bac à sable créé en {:.0} µs", report.instantiate_us),
            &format!("sandbox made in {:.0} µs", report.instantiate_us),
        );
        let begun = Instant::now();
        let receipt = session.send(&message).await?;
        report.send_ms = millis(begun.elapsed());
        for event in self.watch.take() {
            report.password_seen |= format!("{event:?}").contains(&self.password);
            self.say_event(&event);
        }
        report.message_id = message.id().to_owned();
        report.server_said = receipt.text.clone();
        self.say(
            &format!("le serveur : {}", receipt.text),
            &format!("the server: {}", receipt.text),
        );
        let mails = self.catcher.wait_for(1, ARRIVAL).await?;
        let mail = mails.first().ok_or("the mail was sent and did not arrive")?;
        self.received(mail, &message, &pdf, report).await?;

        let begun = Instant::now();
        for _ in 0..2 {
            let (_, next) = self.check(&pdf).await?;
            session.send(&next).await?;
        }
        report.warm_send_ms = millis(begun.elapsed()) / 2.0;
        session.close().await;
        self.watch.take();
        self.say(
            &format!(
                "en {:.1} ms ; le suivant, par la même connexion, en {:.1} ms",
                report.send_ms, report.warm_send_ms
            ),
            &format!(
                "in {:.1} ms; the next one, over the same connection, in {:.1} ms",
                report.send_ms, report.warm_send_ms
            ),
        );
        report.password_seen |= stored(&self.folder.path().join("data"), self.password.as_bytes())?;
        Ok(())
    }

    /// Compares what arrived with what was written, byte by byte.
    async fn received(
        &self,
        mail: &Mail,
        message: &relais_message::Message,
        pdf: &[u8],
        report: &mut Report,
    ) -> Result<(), Fault> {
        let mut written = Vec::new();
        let mut body = message.mime(relais_message::Addressing::Written, relais_message::Framing::Raw);
        while let Some(block) = body.next().await? {
            written.extend_from_slice(&block);
        }
        let same_envelope = mail.sender.as_deref() == Some(USER) && mail.recipients == message.envelope().recipients;
        report.delivered = same_envelope && mail.data == written && mail.authenticated.as_deref() == Some(USER);
        self.title("Ce que le serveur a reçu", "What the server received");
        let tls = mail.tls.as_deref().unwrap_or("-");
        let who = mail.authenticated.as_deref().unwrap_or("-");
        self.say(
            &format!("par {tls}, authentifié comme {who}"),
            &format!("over {tls}, logged in as {who}"),
        );
        let to = mail.recipients.join(", ");
        self.say(&format!("pour {to}"), &format!("for {to}"));
        self.say(
            &format!("objet : {}", letter::SUBJECT),
            &format!("subject: {}", letter::SUBJECT),
        );
        let (size, attached) = (mail.data.len(), pdf.len());
        self.say(
            &format!("{size} octets, dont « {} » ({attached} octets)", letter::FILE_NAME),
            &format!("{size} bytes, with “{}” ({attached} bytes)", letter::FILE_NAME),
        );
        let (fr, en) = if report.delivered {
            ("oui", "yes")
        } else {
            ("NON", "NO")
        };
        self.say(
            &format!("identique à ce qui a été écrit : {fr}"),
            &format!("identical to what was written: {en}"),
        );
        Ok(())
    }

    /// A second connector, granted the same address, tries others.
    pub async fn probe(&mut self, report: &mut Report) -> Result<(), Fault> {
        self.title("Un autre connecteur, curieux", "Another connector, a curious one");
        self.router
            .install(
                &Who::this_process(),
                Some(&self.workspace),
                relais_bundle::PROBE.to_vec(),
            )
            .await?;
        let name: InstanceName = "curious".parse()?;
        let new = New {
            connector: "relais/probe".to_owned(),
            values: self.address(),
            secrets: BTreeMap::new(),
            ..New::default()
        };
        self.router
            .create_instance(&Who::this_process(), &self.workspace, &name, new)?;
        self.router.verify_instance(&self.workspace, &name).await?;
        for event in self.watch.take() {
            match &event {
                Event::Refused { asked, rule, .. } => report.refused.push((asked.clone(), rule.text(self.lang))),
                Event::Connected { destination, .. } => report.escaped.push(destination.clone()),
                _ => continue,
            }
            self.say_event(&event);
        }
        Ok(())
    }

    pub async fn leave(self) {
        self.catcher.stop().await;
    }

    fn address(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("host".to_owned(), json!("localhost")),
            ("port".to_owned(), json!(self.catcher.port())),
        ])
    }

    fn title(&self, fr: &str, en: &str) {
        if self.aloud {
            say(&format!("\n{}", if self.lang == Lang::Fr { fr } else { en }));
        }
    }

    fn say(&self, fr: &str, en: &str) {
        if self.aloud {
            say(&format!("  {}", if self.lang == Lang::Fr { fr } else { en }));
        }
    }

    fn say_event(&self, event: &Event) {
        let text = line(event, self.lang);
        self.say(&format!("→ {text}"), &format!("→ {text}"));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn random_password() -> Result<String, Fault> {
    let mut random = [0u8; 12];
    getrandom::fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether any file below a folder holds these bytes.
fn stored(folder: &Path, needle: &[u8]) -> Result<bool, Fault> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            stored(&path, needle)?
        } else {
            std::fs::read(&path)?
                .windows(needle.len())
                .any(|window| window == needle)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
