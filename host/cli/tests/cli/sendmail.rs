//! `relais sendmail`, as PHP and scripts call it: over the socket, by the drop folder, and what each mistake exits with.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use relais_catcher::Faults;
use serde_json::{Value, json};

use crate::post::Post;
use crate::support::{Place, stderr, stdout, until};

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

    /// What `relais drop list` shows.
    fn list(&self) -> Vec<Value> {
        let listed = self.place.json(&["drop", "list", "--spool", &self.folder]);
        listed["mails"].as_array().unwrap().clone()
    }

    /// The mails in `drop/default`, which wait, or in `rejected/default`.
    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let folder = PathBuf::from(&self.folder).join(folder);
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
    let waiting = spool.files("drop/default");
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
        until(|| spool.files("drop/default").is_empty() && spool.files("rejected/default").len() == 1),
        "{}",
        post.place.log()
    );
    let listed = spool.list();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["state"], &listed[0]["reason"]),
        (&json!("nonsense"), &json!("rejected"), &json!("envelope"))
    );
    let audited = post.place.json(&["audit", "list"]);
    assert_eq!(
        (&audited["entries"][0]["action"], &audited["entries"][0]["object"]),
        (&json!("drop-reject"), &json!("nonsense.mail")),
        "{audited}"
    );
    // Logs hold no address.
    assert!(!post.place.log().contains("b@example.org"), "{}", post.place.log());
}

#[test]
fn a_rejected_mail_is_listed_exported_tried_again_and_erased() {
    let place = Place::with_instance();
    let spool = Spool::of(&place);
    assert_eq!(place.serve(&spool.options()).terminate(), Some(0));
    // A message that no server takes, by a caller that does not check it as `relais sendmail` does.
    let key = "0".repeat(32);
    let line = format!("{{\"version\":1,\"key\":\"{key}\",\"recipients\":[\"a@example.org\"]}}\n");
    let dropped = PathBuf::from(&spool.folder).join(format!("drop/default/{key}.mail"));
    fs::write(&dropped, format!("{line}Subject: \0\n\nx\n")).unwrap();
    assert_eq!((&spool.list()[0]["state"], spool.list().len()), (&json!("waiting"), 1));
    let daemon = place.serve(&spool.options());
    assert!(until(|| spool.files("rejected/default").len() == 1), "{}", place.log());
    let listed = spool.list();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["state"]),
        (&json!(key), &json!("rejected"))
    );
    assert!(
        listed[0]["reason"].as_str().unwrap().starts_with("message-invalid"),
        "{}",
        listed[0]
    );
    assert_eq!(daemon.terminate(), Some(0));
    let on = |word: &str, more: &[&str]| place.run(&[&["drop", word, "--spool", &spool.folder], more].concat());
    assert_eq!(stdout(&on("export", &[&key])), "Subject: \0\n\nx\n");
    for strange in ["../../data", "none", "."] {
        let run = on("remove", &[strange]);
        assert_eq!(run.status.code(), Some(2), "{strange}: {}", stderr(&run));
    }
    assert_eq!(on("retry", &[&key]).status.code(), Some(0));
    assert!(dropped.exists() && spool.files("rejected/default").is_empty());
    let _daemon = place.serve(&spool.options());
    assert!(until(|| spool.files("rejected/default").len() == 1), "{}", place.log());
    assert_eq!(on("remove", &[&key]).status.code(), Some(0));
    assert!(spool.list().is_empty());
    let elsewhere = place.refused(&["drop", "list", "--spool", &place.path("nowhere")]);
    assert_eq!(
        (elsewhere.0, &elsewhere.1["error"]["code"]),
        (2, &json!("spool-unknown"))
    );
}

#[test]
fn the_mail_of_a_removed_workspace_is_set_aside_and_no_more_is_taken() {
    let place = Place::with_instance();
    let spool = Spool::of(&place);
    place.json(&["workspace", "create", "gone"]);
    let daemon = place.serve(&spool.options());
    let drop = PathBuf::from(&spool.folder).join("drop/gone");
    assert!(until(|| drop.exists()), "{}", place.log());
    assert_eq!(daemon.terminate(), Some(0));
    let run = spool.send(&["--workspace", "gone", "-f", "b@example.org", "a@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    place.json(&["workspace", "remove", "gone"]);
    let _daemon = place.serve(&spool.options());
    assert!(until(|| !drop.exists()), "{}", place.log());
    assert_eq!(spool.list()[0]["reason"], "workspace-removed");
    let run = spool.send(&["--workspace", "gone", "a@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(64), "{}", stderr(&run));
}

#[test]
fn a_workspace_with_a_group_of_its_own_is_sent_to_by_its_own_socket() {
    let post = Post::with(Faults::default());
    let spool = Spool::of(&post.place);
    let group = format!("default={}", spool.group);
    post.place.json(&["workspace", "create", "other"]);
    let _daemon = post.place.serve(&["--spool", &spool.folder, "--spool-group", &group]);
    assert!(PathBuf::from(&spool.folder).join("submit.default.sock").exists());
    let run = spool.send(&["-v", "-f", "<>", "b@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stderr(&run).contains("Accepted"), "{}", stderr(&run));
    assert!(until(|| post.catcher.count() == 1), "{}", post.place.log());
    // The common socket does not know it: nothing but its own group lets in.
    let socket = PathBuf::from(&spool.folder).join("submit.default.sock");
    fs::rename(&socket, socket.with_extension("away")).unwrap();
    let run = spool.send(&["-v", "-f", "<>", "b@example.org"], MAIL);
    assert_eq!(run.status.code(), Some(64), "{}", stderr(&run));
}

#[test]
fn a_large_dropped_mail_is_taken_as_a_small_one_is() {
    let post = Post::with(Faults::default());
    let spool = Spool::of(&post.place);
    assert_eq!(post.place.serve(&spool.options()).terminate(), Some(0));
    let large = format!("{MAIL}{}", "x".repeat(3 << 20));
    for input in [MAIL, &large] {
        let run = spool.send(&["-i", "-f", "<>", "b@example.org"], input);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    }
    let _daemon = post.place.serve(&spool.options());
    assert!(until(|| post.catcher.count() == 2), "{}", post.place.log());
    assert!(until(|| spool.files("drop/default").is_empty()), "{}", post.place.log());
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
    assert!(spool.files("drop/default").is_empty());
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
