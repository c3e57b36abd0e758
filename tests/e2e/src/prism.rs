//! Prism: compares every request and every answer with an OpenAPI description, and refuses what does not fit it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Running, find, until};
use crate::{PATIENCE, skipped};

/// Microsoft's own description of Graph, where it is at hand: beside the repository.
const DESCRIPTION: &str = "../../../shared/graph/graph-mail-slice.yaml";

/// What the description leaves out, by the place behind which it belongs: it knows a type and not those that are derived of it
/// (`resources/fileattachment` of Graph's documentation), and was cut by somebody who did not ask for extended properties
/// (`resources/singlevaluelegacyextendedproperty`).
const LEFT_OUT: [(&str, &str); 2] = [
    (
        "      - title: attachment\n        type: object\n        properties:\n",
        "          '@odata.type': { type: string }
          contentBytes: { type: string, format: byte }
          contentId: { type: string }
",
    ),
    (
        "      - title: message\n        type: object\n        properties:\n",
        "          singleValueExtendedProperties:
            type: array
            items:
              type: object
              required: [id, value]
              properties: { id: { type: string }, value: { type: string } }
              additionalProperties: false
",
    ),
];

/// A running Prism, before a service. It ends when it is dropped.
#[derive(Debug)]
pub struct Prism {
    port: u16,
    process: Running,
    folder: TempDir,
}

impl Prism {
    /// Before the Graph at this address. `None`, and a line that says so, where Prism is not installed. The description is
    /// not part of the repository: without it the test is left out on every machine.
    pub fn before_graph(graph: &str) -> Option<Self> {
        let description = Path::new(env!("CARGO_MANIFEST_DIR")).join(DESCRIPTION);
        let Ok(description) = std::fs::read_to_string(&description) else {
            eprintln!("left out: Microsoft's description of Graph is not beside the repository");
            return None;
        };
        let Some(program) = find("prism") else {
            skipped("prism is not installed (npm: @stoplight/prism-cli)");
            return None;
        };
        // Its paths begin behind the version, which is part of the address; Prism matches whole paths.
        let description = description.replace("\n  /", "\n  /v1.0/");
        // The documentation (`api-reference/v1.0/api/user-sendmail`) spells them so.
        let description = description
            .replace(" SaveToSentItems:", " saveToSentItems:")
            .replace(" Message:", " message:");
        let description = LEFT_OUT.iter().fold(description, |text, (place, more)| {
            assert!(text.contains(place), "the description has changed");
            text.replacen(place, &format!("{place}{more}"), 1)
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("graph.yaml");
        std::fs::write(&file, description).expect("a file can be written");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let log = File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(program)
            .args(["proxy", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args([file.as_os_str(), graph.as_ref()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log once more"))
            .stderr(log)
            .spawn();
        let mut prism = Self {
            port,
            process: Running(child.expect("prism runs")),
            folder,
        };
        let listens = until(PATIENCE, || {
            let ended = prism.process.0.try_wait().ok().flatten();
            assert!(ended.is_none(), "prism ended: {}", prism.log());
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        assert!(listens.is_some(), "prism does not listen: {}", prism.log());
        Some(prism)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it says of each exchange.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
