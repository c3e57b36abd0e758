//! Puts a message into the drop folder: whole and on the disk, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, Mode, OFlags, flock};
use rustix::io::Errno;

use super::input::Input;
use crate::dropbox::{ENDING, Envelope, LIST_BYTES, OWNER_BYTES, OWNER_FILES, QUOTA, UNFINISHED};

/// Why nothing was put there.
#[derive(Debug)]
pub enum NotDropped {
    /// There is no such folder: no Relais, or no such workspace.
    NoFolder,
    /// This user may not write there.
    Denied,
    /// This user's mails there have reached [`OWNER_FILES`] or [`OWNER_BYTES`].
    Full,
    /// The file could not be made.
    Create(io::Error),
    /// It could not be written to its end.
    Write(io::Error),
}

/// Puts the message into `folder`. When this returns, the disk has it.
pub fn put(folder: &Path, envelope: &Envelope, input: &Input) -> Result<(), NotDropped> {
    let about = fs::metadata(folder).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => NotDropped::Denied,
        _ => NotDropped::NoFolder,
    })?;
    let mut line = serde_json::to_vec(envelope).map_err(|error| NotDropped::Write(error.into()))?;
    line.push(b'\n');
    let size = line.len() as u64 + input.len();
    // Held until the file is there, so that two calls of one user do not both take the last place.
    let _list = List::of(folder)
        .map(|list| list.take(folder, &envelope.key, size))
        .transpose()?;
    let (temporary, name) = (
        folder.join(format!(".{}{UNFINISHED}", envelope.key)),
        folder.join(format!("{}{ENDING}", envelope.key)),
    );
    let file = create(&temporary, &about)?;
    let written = write(file, &line, input).and_then(|file| {
        fs::rename(&temporary, &name)?;
        // The folder's own fsync needs the right to read it, which its users do not have; syncfs(2) needs any file on it.
        rustix::fs::syncfs(&file).map_err(io::Error::from)
    });
    written.map_err(|error| {
        // Whichever of the two there is; a caller that is told of a failure sends again.
        let _ = fs::remove_file(&temporary);
        let _ = fs::remove_file(&name);
        NotDropped::Write(error)
    })
}

/// A new file that its owner writes and the folder's group, of which the daemon is one, reads.
fn create(path: &Path, folder: &fs::Metadata) -> Result<File, NotDropped> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = made.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => NotDropped::Denied,
        _ => NotDropped::Create(error),
    })?;
    let given = rustix::fs::fchown(&file, None, Some(Gid::from_raw(folder.gid())))
        .and_then(|()| rustix::fs::fchmod(&file, Mode::from_raw_mode(0o640)));
    let daemon_reads_it = || folder.uid() == 0 || folder.uid() == rustix::process::geteuid().as_raw();
    match given {
        Ok(()) => Ok(file),
        Err(_) if daemon_reads_it() => Ok(file),
        Err(_) => {
            let _ = fs::remove_file(path);
            Err(NotDropped::Denied)
        }
    }
}

fn write(file: File, line: &[u8], input: &Input) -> io::Result<File> {
    let mut writer = BufWriter::with_capacity(64 << 10, file);
    writer.write_all(line)?;
    io::copy(&mut input.reader(), &mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file)
}

/// What this user has put into the folder: a line `KEY SIZE` each. Users may not list the folder, so each keeps its own list; a
/// user that does not is held back by the daemon.
struct List(File);

impl List {
    /// Nothing where the list cannot be had: a mail is worth more than its count.
    fn of(folder: &Path) -> Option<Self> {
        let me = rustix::process::geteuid().as_raw();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let path = folder.join(format!("{QUOTA}{me}"));
        let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).ok()?);
        let about = file.metadata().ok()?;
        if about.uid() != me || !about.is_file() || about.nlink() != 1 {
            return None;
        }
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Some(Self(file)),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Adds a file, if there is room for it, and forgets those that the daemon took.
    fn take(mut self, folder: &Path, key: &str, size: u64) -> Result<Self, NotDropped> {
        let mut text = String::new();
        // A list that cannot be read begins anew.
        let _ = (&self.0).take(LIST_BYTES).read_to_string(&mut text);
        let mut waiting: Vec<(String, u64)> = text.lines().filter_map(|line| entry(folder, line)).collect();
        let bytes = waiting.iter().fold(size, |sum, (_, size)| sum.saturating_add(*size));
        if waiting.len() >= OWNER_FILES || bytes > OWNER_BYTES {
            return Err(NotDropped::Full);
        }
        waiting.push((key.to_owned(), size));
        let list: String = waiting.iter().map(|(key, size)| format!("{key} {size}\n")).collect();
        let kept = self
            .0
            .set_len(0)
            .and_then(|()| self.0.rewind())
            .and_then(|()| self.0.write_all(list.as_bytes()));
        kept.map_err(NotDropped::Write)?;
        Ok(self)
    }
}

/// A line of the list whose file still waits.
fn entry(folder: &Path, line: &str) -> Option<(String, u64)> {
    let (key, size) = line.split_once(' ')?;
    let known = key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let waits: PathBuf = folder.join(format!("{key}{ENDING}"));
    (known && fs::symlink_metadata(waits).is_ok()).then_some((key.to_owned(), size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn input(text: &str) -> Input {
        Input::read(text.as_bytes(), true).unwrap()
    }

    fn envelope(number: usize) -> Envelope {
        Envelope::new(format!("{number:032x}"))
    }

    #[test]
    fn a_dropped_file_is_the_envelope_on_a_line_and_the_message_as_it_came() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &envelope(1), &input("Subject: x\n\nÉ\n")).unwrap();
        let bytes = fs::read(folder.path().join(format!("{:032x}.mail", 1))).unwrap();
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let (line, message) = bytes.split_at(end);
        assert_eq!(Envelope::read(line).unwrap(), envelope(1));
        assert_eq!(message, "\nSubject: x\n\nÉ\n".as_bytes());
    }

    #[test]
    fn a_user_may_have_a_thousand_files_there_and_one_more_when_one_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let list: String = (0..OWNER_FILES).map(|number| format!("{number:032x} 1\n")).collect();
        for number in 0..OWNER_FILES {
            fs::write(folder.path().join(format!("{number:032x}.mail")), "x").unwrap();
        }
        let me = rustix::process::geteuid().as_raw();
        fs::write(folder.path().join(format!(".quota.{me}")), list).unwrap();
        let refused = put(folder.path(), &envelope(OWNER_FILES), &input("x"));
        assert!(matches!(refused, Err(NotDropped::Full)));
        fs::remove_file(folder.path().join(format!("{:032x}.mail", 7))).unwrap();
        put(folder.path(), &envelope(OWNER_FILES), &input("x")).unwrap();
        assert!(matches!(
            put(folder.path(), &envelope(OWNER_FILES + 1), &input("x")),
            Err(NotDropped::Full)
        ));
    }

    #[test]
    fn a_users_files_there_have_an_end_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let me = rustix::process::geteuid().as_raw();
        fs::write(folder.path().join(format!("{:032x}.mail", 1)), "x").unwrap();
        let list = format!("{:032x} {OWNER_BYTES}\n", 1);
        fs::write(folder.path().join(format!(".quota.{me}")), list).unwrap();
        assert!(matches!(
            put(folder.path(), &envelope(2), &input("x")),
            Err(NotDropped::Full)
        ));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let refused = put(&folder.path().join("none"), &envelope(1), &input("x"));
        assert!(matches!(refused, Err(NotDropped::NoFolder)));
    }
}
