//! What lies in a drop folder, and the one opening of each file.

use std::collections::HashMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};

use crate::dropbox::{ENDING, ENVELOPE_BYTES, Envelope, OWNER_BYTES, OWNER_FILES, REJECTED};

/// Entries of a folder that one look takes in.
const ENTRIES: usize = 100_000;
/// A file that is half written for so long is written no more.
const HALF_WRITTEN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long rejected files are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Bytes of a message at most, which the API judges exactly.
const MESSAGE_BYTES: u64 = 256 << 20;

/// A file that may be a mail.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    /// Its owner, as it was found.
    pub uid: u32,
    inode: u64,
    size: u64,
    changed: SystemTime,
}

impl Found {
    /// For the log.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Removes it, unless its owner put another in its place.
    pub fn remove(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.path) {
            Ok(about) if about.ino() == self.inode => fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Moves it out of the way.
    pub fn reject(&self) -> io::Result<()> {
        match (self.path.parent(), self.path.file_name()) {
            (Some(folder), Some(name)) => fs::rename(&self.path, folder.join(REJECTED).join(name)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// The mails of a folder, the oldest first, and of each owner no more than its share. Leftovers are removed.
pub fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let now = SystemTime::now();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(ENTRIES) {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            leftover(&entry, &name, now);
        } else if let Ok(about) = entry.metadata() {
            found.push(Found {
                path: entry.path(),
                uid: about.uid(),
                inode: about.ino(),
                size: about.len(),
                changed: about.modified().unwrap_or(now),
            });
        }
    }
    forget_rejected(&folder.join(REJECTED), now);
    found.sort_by_key(|file| file.changed);
    let mut shares: HashMap<u32, (usize, u64)> = HashMap::new();
    found.retain(|file| {
        let (files, bytes) = shares.entry(file.uid).or_default();
        (*files, *bytes) = (*files + 1, bytes.saturating_add(file.size));
        // One that is larger than the share by itself is looked at, and refused for what it is.
        *files <= OWNER_FILES && (*bytes <= OWNER_BYTES || *files == 1)
    });
    Ok(found)
}

/// Removes what was never finished, and lists of quota that are not their user's own.
fn leftover(entry: &DirEntry, name: &str, now: SystemTime) {
    let Ok(about) = entry.metadata() else { return };
    let old = about.modified().is_ok_and(|changed| older(changed, now, HALF_WRITTEN));
    let foreign = name
        .strip_prefix(".quota.")
        .is_some_and(|uid| uid != about.uid().to_string());
    if foreign || (old && name.ends_with(".tmp")) {
        // Whatever cannot be removed stays until it can.
        let _ = fs::remove_file(entry.path());
    }
}

fn forget_rejected(folder: &Path, now: SystemTime) {
    for entry in fs::read_dir(folder).into_iter().flatten().take(ENTRIES).flatten() {
        // Moving a file keeps the time of its content and sets that of its inode.
        let old = entry.metadata().is_ok_and(|about| {
            let moved = u64::try_from(about.ctime()).unwrap_or_default();
            older(SystemTime::UNIX_EPOCH + Duration::from_secs(moved), now, KEPT)
        });
        if old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn older(then: SystemTime, now: SystemTime, than: Duration) -> bool {
    now.duration_since(then).is_ok_and(|age| age > than)
}

/// A file whose first line was read.
#[derive(Debug)]
pub struct Opened {
    pub envelope: Envelope,
    /// At the beginning of the message.
    pub message: File,
    /// The owner of what is open.
    pub uid: u32,
}

/// Why a file was not opened.
#[derive(Debug)]
pub enum NotOpened {
    /// It is no mail.
    Unfit(&'static str),
    Io(io::Error),
}

/// Opens a file as a mail.
pub fn open(path: &Path) -> Result<Opened, NotOpened> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.ends_with(ENDING) {
        return Err(NotOpened::Unfit("name"));
    }
    // NONBLOCK: a named pipe must not hold the daemon.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO | rustix::io::Errno::ACCESS) => {
            return Err(NotOpened::Unfit("not-a-file"));
        }
        Err(error) => return Err(NotOpened::Io(error.into())),
    };
    let about = file.metadata().map_err(NotOpened::Io)?;
    // A second name would make somebody else's file this folder's, and its owner the sender.
    if !about.is_file() || about.nlink() != 1 {
        return Err(NotOpened::Unfit("not-a-file"));
    }
    if about.len() > MESSAGE_BYTES {
        return Err(NotOpened::Unfit("too-large"));
    }
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let read = reader.by_ref().take(ENVELOPE_BYTES).read_until(b'\n', &mut line);
    read.map_err(NotOpened::Io)?;
    let envelope = line.strip_suffix(b"\n").and_then(Envelope::read);
    let envelope = envelope.ok_or(NotOpened::Unfit("envelope"))?;
    let mut message = reader.into_inner();
    message
        .seek(SeekFrom::Start(line.len() as u64))
        .map_err(NotOpened::Io)?;
    Ok(Opened {
        envelope,
        message,
        uid: about.uid(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn unfit(path: &Path) -> &'static str {
        match open(path).unwrap_err() {
            NotOpened::Unfit(reason) => reason,
            NotOpened::Io(error) => panic!("{error}"),
        }
    }

    fn mail(key: &str) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&Envelope::new(key.to_owned())).unwrap();
        bytes.extend_from_slice(b"\nSubject: x\n\nbody");
        bytes
    }

    #[test]
    fn a_mail_is_opened_behind_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mail");
        fs::write(&path, mail("a")).unwrap();
        let mut opened = open(&path).unwrap();
        let mut message = String::new();
        opened.message.read_to_string(&mut message).unwrap();
        assert_eq!(
            (opened.envelope.key.as_str(), message.as_str()),
            ("a", "Subject: x\n\nbody")
        );
    }

    #[test]
    fn links_pipes_folders_and_files_of_another_kind_are_no_mails() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("secret"), mail("a")).unwrap();
        symlink(at("secret"), at("symlink.mail")).unwrap();
        fs::hard_link(at("secret"), at("hardlink.mail")).unwrap();
        fs::create_dir(at("folder.mail")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe.mail"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        fs::write(at("text.mail"), "hello\n").unwrap();
        fs::write(at("other.mail"), "{\"version\":2,\"key\":\"a\"}\n").unwrap();
        assert_eq!(unfit(&at("secret")), "name");
        for name in ["symlink.mail", "hardlink.mail", "folder.mail", "pipe.mail"] {
            assert_eq!(unfit(&at(name)), "not-a-file", "{name}");
        }
        for name in ["text.mail", "other.mail"] {
            assert_eq!(unfit(&at(name)), "envelope", "{name}");
        }
    }

    #[test]
    fn one_look_takes_an_owners_share_and_no_more_and_forgets_foreign_lists() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(REJECTED)).unwrap();
        for number in 0..=OWNER_FILES {
            fs::write(folder.path().join(format!("{number}.mail")), "x").unwrap();
        }
        fs::write(folder.path().join(".quota.4294967294"), "x").unwrap();
        fs::write(folder.path().join(".a.tmp"), "x").unwrap();
        let found = files(folder.path()).unwrap();
        assert_eq!(found.len(), OWNER_FILES);
        assert!(!folder.path().join(".quota.4294967294").exists());
        assert!(folder.path().join(".a.tmp").exists());
        found[0].reject().unwrap();
        found[1].remove().unwrap();
        assert!(!found[0].path.exists() && !found[1].path.exists());
        assert!(folder.path().join(REJECTED).join(found[0].name()).exists());
    }
}
