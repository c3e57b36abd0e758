//! What lies in a drop folder.
//!
//! The threat: a member of the group makes entries without number, of every kind. A look takes in so many at most, and the next one
//! goes on where it ended, so that every mail is seen in its time; what can be no mail is removed on the way; and of what one look
//! finds, each owner gets its share, in turns with the others.

use std::collections::HashMap;
use std::fs::{self, DirEntry, Metadata, ReadDir};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::dropbox::{LIST_BYTES, OWNER_BYTES, OWNER_FILES, QUOTA, UNFINISHED};

/// Entries of a folder that one look takes in.
const ENTRIES: usize = 10_000;
/// A file that is half written for so long is written no more.
const HALF_WRITTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that may be a mail.
#[derive(Debug, Clone)]
pub struct Found {
    pub path: PathBuf,
    /// Its owner, as it was found.
    pub uid: u32,
    inode: u64,
    size: u64,
    changed: SystemTime,
}

impl Found {
    fn of(path: PathBuf, about: &Metadata, now: SystemTime) -> Self {
        Self {
            path,
            uid: about.uid(),
            inode: about.ino(),
            size: about.len(),
            changed: about.modified().unwrap_or(now),
        }
    }

    /// For the log.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// What it is known by while it waits: another file in its place is another one.
    pub fn identity(&self) -> (u64, SystemTime) {
        (self.inode, self.changed)
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
}

/// Files and bytes of one owner.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    files: usize,
    bytes: u64,
}

impl Share {
    fn take(&mut self, size: u64) -> bool {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
        // One that is larger than the share by itself is looked at, and refused for what it is.
        self.files <= OWNER_FILES && (self.bytes <= OWNER_BYTES || self.files == 1)
    }
}

/// One look into a folder after another.
#[derive(Debug, Default)]
pub struct Looks {
    /// Where the last one ended, if that was not the end.
    reading: Option<ReadDir>,
    /// Nobody writes there any more.
    closed: bool,
}

impl Looks {
    /// Into a folder in which nobody writes any more: what is not finished never will be, and nobody counts.
    pub fn into_closed() -> Self {
        Self {
            closed: true,
            ..Self::default()
        }
    }

    /// The mails of the folder: of each owner the oldest first and no more than its share, the owners in turns. What is no mail is
    /// removed, if it can be.
    pub fn files(&mut self, folder: &Path) -> io::Result<Vec<Found>> {
        self.take_in(folder, ENTRIES)
    }

    fn take_in(&mut self, folder: &Path, entries: usize) -> io::Result<Vec<Found>> {
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => fs::read_dir(folder)?,
        };
        let (now, mut found, mut unfinished) = (SystemTime::now(), Vec::new(), HashMap::new());
        for _ in 0..entries {
            let Some(entry) = reading.next() else {
                return Ok(in_turns(found));
            };
            let entry = entry?;
            // It may have gone since.
            if let Ok(about) = entry.metadata() {
                let used = !self.closed && is_used(&entry, &about, now, &mut unfinished);
                found.extend(sort_out(&entry, &about, now, used));
            }
        }
        self.reading = Some(reading);
        Ok(in_turns(found))
    }
}

/// The entry, if it may be a mail. What is none and not `used` goes.
fn sort_out(entry: &DirEntry, about: &Metadata, now: SystemTime, used: bool) -> Option<Found> {
    let path = entry.path();
    if about.is_dir() {
        // One that holds anything stays, and is looked at and passed over each time.
        let _ = fs::remove_dir(path);
    } else if about.is_file() && !entry.file_name().to_string_lossy().starts_with('.') {
        return Some(Found::of(path, about, now));
    } else if !used {
        // Whatever cannot be removed stays until it can.
        let _ = fs::remove_file(path);
    }
    None
}

/// Whether a user of the folder needs an entry that is no mail: its list, or a mail that it writes.
fn is_used(entry: &DirEntry, about: &Metadata, now: SystemTime, unfinished: &mut HashMap<u32, Share>) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    if !about.is_file() {
        false
    } else if let Some(uid) = name.strip_prefix(QUOTA) {
        uid == about.uid().to_string() && about.len() <= LIST_BYTES
    } else if name.starts_with('.') && name.ends_with(UNFINISHED) {
        let old = about.modified().is_ok_and(|changed| older(changed, now, HALF_WRITTEN));
        !old && unfinished.entry(about.uid()).or_default().take(about.len())
    } else {
        false
    }
}

/// Each owner's files within its share, one of each in turn.
fn in_turns(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|file| file.changed);
    let mut shares: HashMap<u32, Share> = HashMap::new();
    let mut turns: Vec<(usize, Found)> = Vec::with_capacity(found.len());
    for file in found {
        let share = shares.entry(file.uid).or_default();
        if share.take(file.size) {
            turns.push((share.files, file));
        }
    }
    // Stable: within a turn the oldest is first.
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, file)| file).collect()
}

/// Whether something is older than that.
pub fn older(then: SystemTime, now: SystemTime, than: Duration) -> bool {
    now.duration_since(then).is_ok_and(|age| age > than)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::fs::File;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().map(Found::name).collect()
    }

    #[test]
    fn one_look_takes_an_owners_share_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=OWNER_FILES {
            fs::write(folder.path().join(format!("{number}.mail")), "x").unwrap();
        }
        let found = Looks::default().files(folder.path()).unwrap();
        assert_eq!(found.len(), OWNER_FILES);
        found[1].remove().unwrap();
        assert!(!found[1].path.exists());
    }

    #[test]
    fn what_can_be_no_mail_is_removed_and_what_a_user_needs_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let me = rustix::process::geteuid().as_raw();
        let list = format!("{QUOTA}{me}");
        for name in ["a.mail", "stray", ".junk", ".b.tmp", &list, ".quota.4294967294"] {
            fs::write(at(name), "x").unwrap();
        }
        symlink("/etc/hostname", at("link.mail")).unwrap();
        symlink("/etc/hostname", at(".c.tmp")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir(at("full")).unwrap();
        fs::write(at("full/x"), "x").unwrap();
        let mut found = names(&Looks::default().files(folder.path()).unwrap())
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        found.sort();
        assert_eq!(found, ["a.mail", "stray"]);
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".b.tmp", &list, "a.mail", "full", "stray"]);
        File::create(at(&list)).unwrap().set_len(LIST_BYTES + 1).unwrap();
        Looks::default().files(folder.path()).unwrap();
        assert!(!at(&list).exists());
    }

    #[test]
    fn in_a_folder_that_is_closed_nothing_is_kept_but_the_mails() {
        let folder = tempfile::tempdir().unwrap();
        let list = format!("{QUOTA}{}", rustix::process::geteuid().as_raw());
        for name in ["a.mail", ".b.tmp", &list] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = Looks::into_closed().files(folder.path()).unwrap();
        assert_eq!(names(&found), ["a.mail"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn entries_that_cannot_be_removed_hide_no_mail() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let junk = folder.path().join(format!("junk{number}"));
            fs::create_dir(&junk).unwrap();
            fs::write(junk.join("x"), "x").unwrap();
        }
        for number in 0..3 {
            fs::write(folder.path().join(format!("{number}.mail")), "x").unwrap();
        }
        let (mut looks, mut seen) = (Looks::default(), Vec::new());
        // Each look takes in a quarter of the entries.
        for _ in 0..5 {
            let found = looks.take_in(folder.path(), 11).unwrap();
            seen.extend(found.iter().map(|file| file.name().to_owned()));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen, ["0.mail", "1.mail", "2.mail"]);
    }

    #[test]
    fn what_is_half_written_has_an_end_for_each_owner() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..3 {
            let file = File::create(folder.path().join(format!(".{number}.tmp"))).unwrap();
            // No block of the disk is used.
            file.set_len(OWNER_BYTES / 2).unwrap();
        }
        Looks::default().files(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn owners_have_their_turns_however_old_they_make_their_files() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = |name: &str, uid, seconds| Found {
            path: name.into(),
            uid,
            inode: seconds,
            size: 1,
            changed: at(seconds),
        };
        let hostile = (0..3).map(|number| file(&format!("h{number}"), 1, number));
        let honest = [file("a", 2, 900), file("b", 2, 800)];
        let found = in_turns(hostile.chain(honest).collect());
        assert_eq!(names(&found), ["h0", "b", "h1", "a", "h2"]);
    }
}
