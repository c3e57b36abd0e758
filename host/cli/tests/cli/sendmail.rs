//! `relais sendmail`, as PHP and scripts call it: over the socket, by the drop folder, and what each mistake exits with.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use relais_catcher::Faults;

use crate::post::Post;
use crate::support::{Place, stderr, until};

/// What PHP's `mail()` writes: lone LF, and an accent in the body.
const MAIL: &str = "To: a@example.org\nBcc: hidden@example.org\nSubject: =?UTF-8?Q?=C3=89t=C3=A9?=\n\
                    MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nBonjour, l'été\n";

struct Spool<'a> {
    place: &'a Place,
    folder: String,
    group: String,
}

impl<'a> Spool<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            place,
            folder: place.path("spool"),
            // A group that this process is in.
            group: fs::metadata(place.path("")).unwrap().gid().to_string(),
        }
    }

    fn options(&self) -> [&str; 4] {
        ["--spool", &self.folder, "--spool-group", &self.group]
    }

    fn send(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.place.command("C", &["sendmail", "--spool", &self.folder]);
        feed(command.args(arguments), input)
    }

    /// The files that wait in the drop folder, and those that were rejected.
    fn files(&self, below: &str) -> Vec<PathBuf> {
        let folder = PathBuf::from(&self.folder).join("drop/default").join(below);
        let entries = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|ending| ending == "mail"))
            .collect()
    }
}

fn feed(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn a_mail_of_php_leaves_over_the_socket_and_its_bcc_leaves_in_no_header() {
    let post = Post::with(Faults::default());
    let spool = Spool::of(&post.place);
    let _daemon = post.place.serve(&spool.options());
    let run = spool.send(&["-t", "-i", "-f", "bounce@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(until(|| post.catcher.count() == 1), "{}", post.place.log());
    let mail = &post.catcher.mails()[0];
    assert_eq!(mail.sender.as_deref(), Some("bounce@example.org"));
    assert_eq!(mail.recipients, ["a@example.org", "hidden@example.org"]);
    let data = String::from_utf8_lossy(&mail.data).into_owned();
    assert!(
        !data.contains("hidden@example.org") && data.contains("From: <bounce@example.org>"),
        "{data}"
    );
    assert!(!data.replace("\r\n", "").contains(['\r', '\n']), "{data:?}");
    let listed = post.place.json(&["delivery", "list"]);
    assert_eq!(listed["deliveries"][0]["origin"], "sendmail");
}

#[test]
fn what_was_dropped_without_a_daemon_is_picked_up_by_the_next_and_what_is_no_mail_is_moved_aside() {
    let post = Post::with(Faults::default());
    let spool = Spool::of(&post.place);
    assert_eq!(post.place.serve(&spool.options()).terminate(), Some(0));
    assert!(until(|| PathBuf::from(&spool.folder).join("drop/default").exists()));
    let run = spool.send(&["-i", "-f", "<>", "-v", "b@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stderr(&run).contains("Dropped"), "{}", stderr(&run));
    let waiting = spool.files("");
    assert_eq!(waiting.len(), 1);
    fs::write(waiting[0].with_file_name("nonsense.mail"), "hello\n").unwrap();
    let _daemon = post.place.serve(&spool.options());
    assert!(until(|| post.catcher.count() == 1), "{}", post.place.log());
    let mail = &post.catcher.mails()[0];
    assert_eq!(
        (mail.sender.as_deref(), &mail.recipients[..]),
        (None, &["b@example.org".to_owned()][..])
    );
    assert!(
        until(|| spool.files("").is_empty() && spool.files(".rejected").len() == 1),
        "{}",
        post.place.log()
    );
    // Logs hold no address.
    assert!(!post.place.log().contains("b@example.org"), "{}", post.place.log());
}

#[test]
fn each_mistake_has_the_exit_status_of_sendmail() {
    let place = Place::with_instance();
    let spool = Spool::of(&place);
    let addresses: Vec<String> = (0..900).map(|n| format!("{n}{}@example.org", "x".repeat(60))).collect();
    let long: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let none = spool.send(&["a@example.org"], MAIL);
    assert_eq!(none.status.code(), Some(69), "{}", stderr(&none));
    for (round, daemon) in [Some(place.serve(&spool.options())), None].into_iter().enumerate() {
        for (arguments, input, code) in [
            (&[][..], MAIL, 64),
            (&["-bp"], MAIL, 64),
            (&["-t"], "Subject: x\n\nbody\n", 65),
            (&["nobody"], MAIL, 65),
            (&["-t"], "To: a@example.org\nSubject: \u{0}\n\nx\n", 65),
            (&["a@example.org"], "", 66),
            (&["--workspace", "none", "a@example.org"], MAIL, 64),
            (&long[..], MAIL, 64),
        ] {
            let run = spool.send(arguments, input);
            assert_eq!(run.status.code(), Some(code), "{round} {arguments:?}: {}", stderr(&run));
            assert!(stderr(&run).starts_with("sendmail: "), "{}", stderr(&run));
        }
        drop(daemon);
    }
    assert!(spool.files("").is_empty());
    assert_eq!(place.json(&["delivery", "list"])["deliveries"], serde_json::json!([]));
}

#[test]
fn the_binary_is_sendmail_where_it_is_called_so() {
    let place = Place::empty();
    let link = place.path("sendmail");
    symlink(env!("CARGO_BIN_EXE_relais"), &link).unwrap();
    let run = feed(Command::new(&link).env_clear().env("LANG", "fr_FR.UTF-8"), MAIL);
    assert_eq!(run.status.code(), Some(64));
    assert!(
        stderr(&run).starts_with("sendmail: aucun destinataire"),
        "{}",
        stderr(&run)
    );
}
