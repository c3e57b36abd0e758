//! `relais drop`: what lies in the drop folders, and what the daemon could not accept of it.
//!
//! It works on the folders themselves: whoever may read them administers this machine, and they are there without a daemon.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use jiff::Timestamp;
use relais_manifest::Lang;
use serde::Serialize;
use serde_json::json;

use super::{no_command, time, word, words};
use crate::dropbox::{self, ENDING, ENVELOPE_BYTES, WHY, Why};
use crate::exit::Status;
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{self, drop as say};

/// Mails of a list at most, of each kind.
const LINES: usize = 10_000;
/// Bytes of a reason that are read.
const WHY_BYTES: u64 = 64 << 10;

/// A mail that lies in one of the folders.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    state: &'static str,
    workspace: String,
    at: String,
    uid: u32,
    size: u64,
    reason: Option<String>,
}

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", inner)) => list(site.lang, &spool(inner)),
        Some(("export", inner)) => export(site.lang, &spool(inner), inner),
        Some(("retry", inner)) => each(site.lang, &spool(inner), inner, "retried", put_back),
        Some(("remove", inner)) => each(site.lang, &spool(inner), inner, "removed", remove),
        _ => Err(no_command()),
    }
}

fn spool(matches: &ArgMatches) -> PathBuf {
    let given = matches.get_one::<PathBuf>("spool").cloned();
    given.unwrap_or_else(dropbox::usual_spool)
}

fn list(lang: Lang, spool: &Path) -> Result<Answer, Fault> {
    let mut lines = Vec::new();
    for (folder, state) in [
        (dropbox::folders(spool), "waiting"),
        (dropbox::rejected(spool), "rejected"),
    ] {
        let found = of_all(&folder, state).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => no_spool(lang, spool),
            _ => unread(lang, &folder, &error),
        })?;
        lines.extend(found);
    }
    lines.sort_by(|one, other| one.at.cmp(&other.at));
    let row = |line: &Line| {
        let state = if line.state == "waiting" {
            say::WAITING
        } else {
            say::REJECTED
        };
        [
            line.id.clone(),
            state.get(lang).to_owned(),
            line.workspace.clone(),
            time(&line.at),
            line.uid.to_string(),
            line.size.to_string(),
            line.reason.clone().unwrap_or_default(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if lines.is_empty() {
        sheet.line(say::NONE.get(lang));
    } else {
        let rows: Vec<_> = lines.iter().map(row).collect();
        sheet.table(say::COLUMNS.map(|column| column.get(lang)), &rows);
    }
    Ok(Answer::done(sheet, json!({ "mails": lines })))
}

/// The mails in the folders of all workspaces.
fn of_all(folder: &Path, state: &'static str) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for workspace in fs::read_dir(folder)? {
        let workspace = workspace?;
        if !workspace.file_type()?.is_dir() {
            continue;
        }
        for entry in fs::read_dir(workspace.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = name.strip_suffix(ENDING).filter(|id| !id.starts_with('.'));
            let (Some(id), Ok(about)) = (id, entry.metadata()) else {
                continue;
            };
            if !about.is_file() || lines.len() >= LINES {
                continue;
            }
            let why = why(&entry.path());
            lines.push(Line {
                id: id.to_owned(),
                state,
                workspace: workspace.file_name().to_string_lossy().into_owned(),
                at: why.as_ref().map_or_else(|| changed(&about), |why| why.at.clone()),
                uid: about.uid(),
                size: about.len(),
                reason: why.map(|why| why.reason),
            });
        }
    }
    Ok(lines)
}

fn changed(about: &Metadata) -> String {
    Timestamp::from_second(about.mtime()).unwrap_or_default().to_string()
}

/// The reason beside a rejected mail.
fn why(path: &Path) -> Option<Why> {
    let file = read_only(&beside(path)).ok()?;
    let mut bytes = Vec::new();
    file.take(WHY_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn beside(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    PathBuf::from(format!("{}{WHY}", text.strip_suffix(ENDING).unwrap_or(&text)))
}

/// Opens a file, and never what a link leads to or a pipe.
fn read_only(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Where a rejected mail lies.
fn find(lang: Lang, spool: &Path, id: &str) -> Result<PathBuf, Fault> {
    let unknown = || Fault::field(lang, "id", "drop-unknown", say::unknown(lang, id));
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(unknown());
    }
    let folder = dropbox::rejected(spool);
    let entries = fs::read_dir(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => no_spool(lang, spool),
        _ => unread(lang, &folder, &error),
    })?;
    let paths = entries
        .flatten()
        .map(|entry| entry.path().join(format!("{id}{ENDING}")));
    let mut found = paths.filter(|path| fs::symlink_metadata(path).is_ok_and(|about| about.is_file()));
    found.next().ok_or_else(unknown)
}

/// One after the other; the first that cannot be done ends it.
fn each(
    lang: Lang,
    spool: &Path,
    matches: &ArgMatches,
    word: &str,
    act: impl Fn(Lang, &Path, &str) -> Result<String, Fault>,
) -> Result<Answer, Fault> {
    let (mut sheet, mut done) = (Sheet::new(lang), Vec::new());
    for id in words(matches, "id") {
        sheet.line(&act(lang, spool, id)?);
        done.push(id.clone());
    }
    Ok(Answer::done(sheet, json!({ word: done })))
}

fn put_back(lang: Lang, spool: &Path, id: &str) -> Result<String, Fault> {
    let path = find(lang, spool, id)?;
    let workspace = path.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = dropbox::folders(spool).join(workspace);
    let place = folder.join(format!("{id}{ENDING}"));
    fs::rename(&path, place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let text = say::no_workspace(lang, &workspace.to_string_lossy());
            Fault::field(lang, "id", "workspace-unknown", text)
        }
        _ => unmoved(lang, id, &error),
    })?;
    let _ = fs::remove_file(beside(&path));
    Ok(say::put_back(lang, id))
}

fn remove(lang: Lang, spool: &Path, id: &str) -> Result<String, Fault> {
    let path = find(lang, spool, id)?;
    fs::remove_file(&path).map_err(|error| unmoved(lang, id, &error))?;
    let _ = fs::remove_file(beside(&path));
    Ok(say::removed(lang, id))
}

/// The message behind the first line.
fn export(lang: Lang, spool: &Path, matches: &ArgMatches) -> Result<Answer, Fault> {
    let path = find(lang, spool, word(matches, "id"))?;
    let fault = |error: io::Error| unread(lang, &path, &error);
    let mut reader = BufReader::new(read_only(&path).map_err(fault)?);
    // What has no first line is no mail, and goes out as it is.
    let mut line = Vec::new();
    reader
        .by_ref()
        .take(ENVELOPE_BYTES)
        .read_until(b'\n', &mut line)
        .map_err(fault)?;
    let known = line.strip_suffix(b"\n").and_then(dropbox::Envelope::read).is_some();
    let mut rest = io::Cursor::new(if known { Vec::new() } else { line }).chain(reader);
    let Some(output) = matches.get_one::<PathBuf>("output") else {
        let mut out = io::stdout().lock();
        let written = io::copy(&mut rest, &mut out).and_then(|_| out.flush());
        written.map_err(|error| Fault::new(Status::Failed, "output", error.to_string()))?;
        return Ok(Answer::silent());
    };
    let mut file = files::New::beside(lang, output, files::PRIVATE)?;
    let size = io::copy(&mut rest, file.writer());
    let size = size.map_err(|error| files::unwritten(lang, output, &error.to_string()))?;
    file.keep(lang)?;
    let shown = output.display().to_string();
    let mut sheet = Sheet::new(lang);
    sheet.line(&texts::delivery::exported(lang, &shown, size));
    Ok(Answer::done(sheet, json!({ "file": shown, "size": size })))
}

fn no_spool(lang: Lang, spool: &Path) -> Fault {
    let text = say::no_spool(lang, &spool.display().to_string());
    Fault::field(lang, "--spool", "spool-unknown", text)
}

fn unread(lang: Lang, path: &Path, error: &io::Error) -> Fault {
    let text = say::unread(lang, &path.display().to_string(), &error.to_string());
    Fault::new(Status::Failed, "spool-unreadable", text)
}

fn unmoved(lang: Lang, id: &str, error: &io::Error) -> Fault {
    Fault::new(
        Status::Failed,
        "drop-unmoved",
        say::unmoved(lang, id, &error.to_string()),
    )
}
