//! What each caller sends, and what has to arrive.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use relais_e2e::daemon::Daemon;
use relais_e2e::{Decoded, Postfix, Reader, pdf};

pub const SENDER: &str = "ged@mairie.example";
pub const RECIPIENT: &str = "zoe@exemple.example";
pub const SUBJECT: &str = "Délibération n° 2026-114 : « l'été à l'école »";
pub const FILE: &str = "Délibération été.pdf";
pub const TEXT: &str = "Bonjour Zoé,\n\nCi-joint la délibération signée à l'hôtel de ville.\n";
/// 20 MB, as a scanned file has.
const BYTES: usize = 20 << 20;

/// Relais before Postfix, and a file to send.
pub struct Stand {
    pub postfix: Postfix,
    pub relais: Daemon,
    pub content: Vec<u8>,
    reader: Reader,
}

impl Stand {
    /// `None`, and a line that says so, where a program is missing.
    pub fn start(programs: &[&str], options: &[&str]) -> Option<Self> {
        for program in programs {
            if !relais_e2e::installed(program) {
                relais_e2e::skipped(&format!("{program} is not installed"));
                return None;
            }
        }
        let postfix = Postfix::start()?;
        let reader = Reader::start()?;
        let mut relais = Daemon::prepare(postfix.port()).with(options);
        // Other users have to reach the spool, which is not in the data folder.
        fs::set_permissions(relais.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let content = pdf(BYTES);
        fs::write(relais.path(FILE), &content).unwrap();
        relais.serve();
        Some(Self {
            postfix,
            relais,
            content,
            reader,
        })
    }

    pub fn file(&self) -> PathBuf {
        self.relais.path(FILE)
    }

    /// Runs a caller, which has to end well.
    pub fn calls(&self, command: &mut Command) -> String {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{command:?}: {said}{complaint}\n{}",
            self.relais.log()
        );
        said
    }

    /// The one mail that Postfix received, whose decoded parts have to be what was sent.
    pub fn arrived_whole(&mut self) -> Decoded {
        let taken = self.postfix.take(1);
        let arrived = self.reader.read(&taken[0]);
        assert_eq!(arrived.defects, [""; 0]);
        assert_eq!(arrived.header("Subject"), Some(SUBJECT));
        let text = String::from_utf8(arrived.text().expect("a text").to_vec()).unwrap();
        assert_eq!(text.replace("\r\n", "\n").trim_end(), TEXT.trim_end());
        let [file] = arrived.attachments()[..] else {
            panic!("{} attachments", arrived.attachments().len())
        };
        assert_eq!(file.name.as_deref(), Some(FILE));
        assert!(file.content == self.content, "the attachment was changed on the way");
        assert_eq!(arrived.header("Delivered-To"), Some(RECIPIENT));
        self.relais.all_are("sent", 1);
        arrived
    }

    /// What arrives, `count` copies.
    pub fn take(&mut self, count: usize) -> Vec<Decoded> {
        let taken = self.postfix.take(count);
        self.reader.read_all(&taken)
    }
}
