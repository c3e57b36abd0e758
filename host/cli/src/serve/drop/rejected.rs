//! What could not be accepted: set aside where only the daemon may do anything, with the reason beside it, for an administrator to
//! list (`relais drop`).
//!
//! The threat: one who fills the disk with what is refused. Each owner has a share here, as in the drop folder; beyond it its own
//! oldest go. All goes after [`KEPT`], as the content of a delivery that failed does.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::scan::{Found, older};
use crate::dropbox::{ENDING, OWNER_BYTES, OWNER_FILES, WHY, Why};

/// How long rejected files are kept.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Moves a file into `folder`, which is the daemon's alone. The name that it has there; none where there was no mail left to move.
pub fn set_aside(found: &Found, folder: &Path, reason: &str) -> io::Result<Option<String>> {
    let name = name(found, folder);
    let (path, why) = (folder.join(&name), beside(folder, &name));
    match fs::rename(&found.path, &path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    // Its owner may have put something else in its place.
    if !fs::symlink_metadata(&path)?.is_file() {
        fs::remove_file(&path)?;
        return Ok(None);
    }
    let line = serde_json::to_vec(&Why::new(Timestamp::now(), found.uid, reason))?;
    fs::write(why, line)?;
    Ok(Some(name))
}

/// Its own name, or one by its inode where it has none of a mail, or there is one of that name.
fn name(found: &Found, folder: &Path) -> String {
    let own = found.name();
    let fits = own.strip_suffix(ENDING).is_some_and(|key| {
        let known = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        known && (1..=64).contains(&key.len())
    });
    if fits && fs::symlink_metadata(folder.join(own)).is_err() {
        return own.to_owned();
    }
    let (inode, _) = found.identity();
    let at = Timestamp::now().as_nanosecond();
    format!("x{inode:x}-{at:x}{ENDING}")
}

/// Where the reason of a file stands.
fn beside(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}{WHY}", name.trim_end_matches(ENDING)))
}

/// Lets go what is too old, and of each owner what is beyond its share. The names of what went.
pub fn forget(folder: &Path) -> io::Result<Vec<String>> {
    forget_at(folder, SystemTime::now())
}

fn forget_at(folder: &Path, now: SystemTime) -> io::Result<Vec<String>> {
    let mut mails: Vec<(SystemTime, Metadata, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.to_string_lossy().ends_with(ENDING)
            && let Ok(about) = entry.metadata()
        {
            mails.push((moved(&about), about, path));
        } else if !path.with_extension("mail").exists() {
            // A reason whose mail went.
            let _ = fs::remove_file(path);
        }
    }
    // The newest first: they keep their places.
    mails.sort_by_key(|(moved, ..)| std::cmp::Reverse(*moved));
    let (mut shares, mut gone) = (HashMap::<u32, (usize, u64)>::new(), Vec::new());
    for (moved, about, path) in mails {
        let (files, bytes) = shares.entry(about.uid()).or_default();
        (*files, *bytes) = (*files + 1, bytes.saturating_add(about.len()));
        let beyond = *files > OWNER_FILES || (*bytes > OWNER_BYTES && *files > 1);
        if beyond || older(moved, now, KEPT) {
            fs::remove_file(&path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let _ = fs::remove_file(beside(folder, &name));
            gone.push(name);
        }
    }
    Ok(gone)
}

/// When it was moved here: that keeps the time of its content, and sets that of its inode.
fn moved(about: &Metadata) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(about.ctime()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::fs::File;

    use super::super::scan::Looks;
    use super::*;

    /// A drop folder with this file in it, and a folder for what is rejected.
    fn found(name: &str) -> (tempfile::TempDir, Found, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let (drop, aside) = (root.path().join("drop"), root.path().join("aside"));
        fs::create_dir(&drop).unwrap();
        fs::create_dir(&aside).unwrap();
        fs::write(drop.join(name), "x").unwrap();
        let found = Looks::default().files(&drop).unwrap().remove(0);
        (root, found, aside)
    }

    #[test]
    fn a_rejected_file_lies_aside_with_its_reason() {
        let (_root, found, aside) = found("abc.mail");
        let name = set_aside(&found, &aside, "message-invalid: mime").unwrap().unwrap();
        assert_eq!(name, "abc.mail");
        assert!(!found.path.exists() && aside.join("abc.mail").exists());
        let why: Why = serde_json::from_slice(&fs::read(aside.join("abc.why")).unwrap()).unwrap();
        assert_eq!((why.uid, why.reason.as_str()), (found.uid, "message-invalid: mime"));
        // It is gone already.
        assert_eq!(set_aside(&found, &aside, "again").unwrap(), None);
    }

    #[test]
    fn a_name_that_is_strange_or_taken_becomes_another() {
        for name in ["stray", "a b.mail", "é.mail", "taken.mail"] {
            let (_root, found, aside) = found(name);
            fs::write(aside.join("taken.mail"), "first").unwrap();
            let given = set_aside(&found, &aside, "name").unwrap().unwrap();
            assert!(given.starts_with('x') && given.ends_with(ENDING), "{given}");
            assert_eq!(fs::read_to_string(aside.join("taken.mail")).unwrap(), "first");
        }
    }

    #[test]
    fn what_is_old_goes_and_so_does_what_is_beyond_an_owners_share() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..4 {
            let file = File::create(folder.path().join(format!("{number}.mail"))).unwrap();
            file.set_len(OWNER_BYTES / 3).unwrap();
            fs::write(folder.path().join(format!("{number}.why")), "{}").unwrap();
        }
        fs::write(folder.path().join("orphan.why"), "{}").unwrap();
        assert_eq!(forget(folder.path()).unwrap().len(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6);
        let later = SystemTime::now() + KEPT + Duration::from_secs(60);
        assert_eq!(forget_at(folder.path(), later).unwrap().len(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
