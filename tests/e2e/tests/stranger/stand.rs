//! What the tests of the stranger's connectors stand on: the component, built once; its instances; the API's server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_manifest::{Manifest, embed, given_values};
use relais_message::{Draft, DraftAttachment, Message, Source};
use relais_sandbox::{Config, Connector, Event, Grants, Instance, Observer, Sandbox, Secret, Session};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

const STRANGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../stranger");
/// The key that the server wants.
pub const KEY: &str = "k-5f1d-not-for-the-guest";
/// The tool starts Python in a sandbox and compiles for some ten seconds; a busy machine takes longer.
const BUILD: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(60);

pub fn draft(subject: &str) -> Draft {
    Draft {
        from: Some("Mairie d'Été <envoi@mairie.example>".to_owned()),
        to: vec!["Zoé <zoe@example.org>".to_owned()],
        subject: subject.to_owned(),
        text: Some("Ci-joint la pièce.".to_owned()),
        ..Draft::default()
    }
}

pub fn attachment(name: &str, content: Vec<u8>) -> DraftAttachment {
    DraftAttachment {
        name: Some(name.to_owned()),
        content_type: None,
        content_id: None,
        source: Source::Bytes(content.into()),
    }
}

pub fn accepted(draft: Draft) -> Message {
    draft.accept(&relais_message::Limits::default()).unwrap()
}

/// What the sessions of all tests did, by the label of the instance.
pub static HEARD: Heard = Heard(Mutex::new(Vec::new()));

pub struct Heard(Mutex<Vec<(String, Event)>>);

impl Heard {
    pub fn of(&self, label: &str) -> Vec<Event> {
        let heard = self.0.lock().unwrap();
        heard
            .iter()
            .filter(|(instance, _)| instance == label)
            .map(|(_, event)| event.clone())
            .collect()
    }
}

struct Ear;

impl Observer for Ear {
    fn event(&self, instance: &str, event: &Event) {
        HEARD.0.lock().unwrap().push((instance.to_owned(), event.clone()));
    }
}

fn manifest(file: &str) -> Manifest {
    Manifest::from_toml(&std::fs::read_to_string(Path::new(STRANGER).join(file)).unwrap()).unwrap()
}

/// A stranger's connector, built, packed and compiled once for all tests.
pub struct Stranger {
    build: &'static str,
    /// The source, where it is not the one that `build` takes by itself.
    source: Option<&'static str>,
    manifest: &'static str,
    made: OnceCell<Result<Connector, String>>,
}

impl Stranger {
    /// The files by their names in `tests/stranger`.
    pub const fn new(build: &'static str, source: Option<&'static str>, manifest: &'static str) -> Self {
        let made = OnceCell::const_new();
        Self {
            build,
            source,
            manifest,
            made,
        }
    }

    /// None where the tool that builds it is not there, which is said.
    pub async fn connector(&self) -> Option<Connector> {
        match self.made.get_or_init(|| self.make()).await {
            Ok(connector) => Some(connector.clone()),
            Err(missing) => {
                relais_e2e::skipped(&format!("{} builds nothing: {missing}", self.build));
                None
            }
        }
    }

    async fn make(&self) -> Result<Connector, String> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("stranger.wasm");
        let mut build = Command::new(Path::new(STRANGER).join(self.build));
        build
            .arg(&file)
            .args(self.source.map(|source| Path::new(STRANGER).join(source)));
        let built = timeout(BUILD, build.kill_on_drop(true).output()).await;
        let built = built.expect("the build takes too long").unwrap();
        let said = String::from_utf8_lossy(&built.stderr);
        match built.status.code() {
            Some(0) => {}
            Some(3) => return Err(said.trim().to_owned()),
            _ => panic!("{} failed ({}): {said}", self.build, built.status),
        }
        let packed = embed::pack(&std::fs::read(&file).unwrap(), &manifest(self.manifest)).unwrap();
        let config = Config {
            limits: relais_sandbox::Limits {
                silence: SOON,
                ..relais_sandbox::Limits::default()
            },
            observer: Arc::new(Ear),
            keep_dumps: true,
            ..Config::default()
        };
        Ok(Sandbox::new(config).unwrap().load(&packed).await.unwrap())
    }
}

pub async fn open(connector: &Connector, instance: Arc<Instance>) -> Session {
    connector.open(instance).await.unwrap()
}

/// An instance of the JSON connectors, whose parameters are the same.
pub fn instance(label: &str, key: &str, url: &str, certificate: Option<&str>, grants: Grants) -> Arc<Instance> {
    let mut given = BTreeMap::from([("endpoint", url)]);
    given.extend(certificate.map(|pem| ("certificate", pem)));
    made(&manifest("connector.toml"), label, key, &given, grants)
}

/// An instance as the host makes it: settings checked by the manifest, egress that follows from them.
pub fn made(
    manifest: &Manifest,
    label: &str,
    key: &str,
    given: &BTreeMap<&str, &str>,
    grants: Grants,
) -> Arc<Instance> {
    let given = given.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned()));
    let secrets = BTreeSet::from(["api_key".to_owned()]);
    let settings = manifest.settings(&given_values(&given.collect()), &secrets).unwrap();
    Arc::new(Instance {
        label: label.to_owned(),
        egress: manifest.egress(&settings).unwrap(),
        settings,
        secrets: BTreeMap::from([("api_key".to_owned(), Secret::new(key.to_owned()))]),
        accounts: BTreeMap::new(),
        grants,
    })
}

/// A certificate for 127.0.0.1 signed by itself, and its key, in PEM.
pub fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// `tests/stranger/server.py`, ended when dropped.
pub struct Server {
    pub url: String,
    certificate: Option<String>,
    lines: UnboundedReceiver<String>,
    _process: Child,
    _folder: TempDir,
}

impl Server {
    pub async fn tls(arguments: &[&str]) -> Self {
        Self::start(arguments, Some(certificate())).await
    }

    pub async fn start(arguments: &[&str], certificate: Option<(String, String)>) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let mut command = Command::new("python3");
        command.arg(Path::new(STRANGER).join("server.py")).args(arguments);
        command.arg("--api-key-file").arg(file("key", KEY));
        if let Some((pem, key)) = &certificate {
            command
                .arg("--tls")
                .arg(file("certificate.pem", pem))
                .arg(file("key.pem", key));
        }
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        // Read at once: the server writes a request down before it answers, and would wait for ever at a full pipe.
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, lines) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                let _ = sender.send(line);
            }
        });
        let mut server = Self {
            url: String::new(),
            certificate: certificate.map(|(pem, _)| pem),
            lines,
            _process: process,
            _folder: folder,
        };
        server.url = server.next().await["listening"].as_str().unwrap().to_owned();
        server
    }

    /// The next line that the server writes.
    pub async fn next(&mut self) -> Value {
        let line = timeout(SOON, self.lines.recv()).await.expect("the server is silent");
        serde_json::from_str(&line.expect("the server ended")).unwrap()
    }

    pub fn instance(&self, label: &str, key: &str) -> Arc<Instance> {
        self.instance_at(label, key, &self.url, Grants::default())
    }

    pub fn instance_at(&self, label: &str, key: &str, url: &str, grants: Grants) -> Arc<Instance> {
        instance(label, key, url, self.certificate.as_deref(), grants)
    }
}
