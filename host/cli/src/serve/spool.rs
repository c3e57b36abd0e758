//! The folder of `relais sendmail`: its socket and its drop folders, with the rights that let a group in and nobody look.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use relais_manifest::Lang;
use relais_router::WorkspaceName;

use crate::dropbox::{self, FOLDER_MODE, REJECTED};
use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::serve as say;

/// Everybody may go through, and nobody but the daemon may list.
const THROUGH: u32 = 0o711;

/// A prepared spool folder.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    group: Option<u32>,
}

impl Spool {
    /// Makes what is not there. Rights of a folder that an administrator made stay as they are.
    pub fn prepare(lang: Lang, folder: &Path, group: Option<u32>) -> Result<Self, Fault> {
        let spool = Self {
            folder: folder.to_owned(),
            group,
        };
        let made = made(folder, THROUGH).and_then(|()| made(&folder.join("drop"), THROUGH));
        made.map_err(|error| {
            let text = say::spool(lang, &folder.display().to_string(), &error.to_string());
            Fault::new(Status::Failed, "spool-unusable", text)
        })?;
        Ok(spool)
    }

    /// Where `relais sendmail` connects.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(dropbox::SOCKET)
    }

    /// The folder of a workspace, made where it is missing, with the rights that it is to have.
    pub fn workspace(&self, ws: &WorkspaceName) -> io::Result<PathBuf> {
        let folder = dropbox::folder(&self.folder, ws);
        made(&folder, 0o700)?;
        self.open_to_group(&folder, if self.group.is_some() { FOLDER_MODE } else { 0o700 })?;
        made(&folder.join(REJECTED), 0o700)?;
        Ok(folder)
    }

    /// Gives a file or folder to the group, with these rights.
    pub fn open_to_group(&self, path: &Path, mode: u32) -> io::Result<()> {
        if self.group.is_some() {
            chown(path, None, self.group)?;
        }
        // After the change of the group, which takes special bits away.
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    /// The group whose members may send.
    pub fn group(&self) -> Option<u32> {
        self.group
    }
}

/// Makes one folder with these rights, whatever the umask; one that is there is left alone.
fn made(folder: &Path, mode: u32) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_of_the_group_may_add_files_to_a_drop_folder_and_list_none() {
        let folder = tempfile::tempdir().unwrap();
        let mine = rustix::process::getegid().as_raw();
        let spool = Spool::prepare(Lang::En, &folder.path().join("s"), Some(mine)).unwrap();
        let drop = spool.workspace(&WorkspaceName::default()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&drop), 0o1730);
        assert_eq!(mode(&drop.join(REJECTED)), 0o700);
        assert_eq!(mode(drop.parent().unwrap()), 0o711);
        // Again, on the next start.
        spool.workspace(&WorkspaceName::default()).unwrap();
        assert_eq!(mode(&drop), 0o1730);
    }

    #[test]
    fn without_a_group_nobody_else_may_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::prepare(Lang::En, folder.path(), None).unwrap();
        let drop = spool.workspace(&WorkspaceName::default()).unwrap();
        assert_eq!(fs::metadata(drop).unwrap().permissions().mode() & 0o7777, 0o700);
    }
}
