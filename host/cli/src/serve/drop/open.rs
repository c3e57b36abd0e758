//! The one opening of each file of a drop folder: its first line, and its message from there on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::dropbox::{ENDING, ENVELOPE_BYTES, Envelope};

/// Bytes of a message at most, which the API judges exactly.
const MESSAGE_BYTES: u64 = 256 << 20;

/// A file whose first line was read.
#[derive(Debug)]
pub struct Opened {
    pub envelope: Envelope,
    /// At the beginning of the message.
    pub message: File,
    /// Bytes of the message, as they were when it was opened.
    pub length: u64,
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
    let start = line.len() as u64;
    let mut message = reader.into_inner();
    message.seek(SeekFrom::Start(start)).map_err(NotOpened::Io)?;
    Ok(Opened {
        envelope,
        message,
        length: about.len().saturating_sub(start),
        uid: about.uid(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::fs;
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
        assert_eq!(opened.length, message.len() as u64);
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
}
