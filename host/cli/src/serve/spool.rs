//! The folder of `relais sendmail`: its socket and its drop folders, with the rights that let a group in and nobody look.
//!
//! The threat: whoever may write into the spool folder itself can put a folder or a socket of its own in the daemon's place, and
//! read every mail. So the folders in which the daemon makes others are its own and nobody else may write there; a folder is given
//! to the group last, when nothing more is made in it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relais_manifest::Lang;
use relais_router::WorkspaceName;
use relais_server::Serves;

use crate::dropbox::{self, FOLDER_MODE};
use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::serve as say;

/// Everybody may go through, and nobody but the daemon may list.
const THROUGH: u32 = 0o711;
/// The daemon's alone.
const PRIVATE: u32 = 0o700;
/// Those who are not its owner may write.
const OTHERS_WRITE: u32 = 0o022;

/// Who may send: the members of which group, in which workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// In every workspace that has no group of its own.
    pub all: Option<u32>,
    /// In one workspace each, and nobody else.
    pub own: BTreeMap<WorkspaceName, u32>,
}

impl Groups {
    fn of(&self, ws: &WorkspaceName) -> Option<u32> {
        self.own.get(ws).copied().or(self.all)
    }
}

/// A socket for senders.
#[derive(Debug)]
pub struct Door {
    pub path: PathBuf,
    pub group: Option<u32>,
    pub serves: Serves,
}

/// A prepared spool folder.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
    groups: Arc<Groups>,
}

impl Spool {
    /// Makes what is not there. Rights of a folder that an administrator made stay as they are, and one into which others may
    /// write is refused.
    pub fn prepare(lang: Lang, folder: &Path, groups: Groups) -> Result<Self, Fault> {
        let spool = Self {
            folder: folder.to_owned(),
            groups: Arc::new(groups),
        };
        let shown = folder.display().to_string();
        let fault = |text| Fault::new(Status::Failed, "spool-unusable", text);
        // An administrator may have put a link to another disk here.
        let made = match fs::metadata(folder) {
            Ok(about) if about.is_dir() && about.mode() & OTHERS_WRITE != 0 => {
                return Err(fault(say::spool_open(lang, &shown)));
            }
            Ok(about) if about.is_dir() => Ok(()),
            _ => made(folder, THROUGH),
        };
        made.and_then(|()| made_in(&dropbox::folders(folder), THROUGH))
            .and_then(|()| made_in(&dropbox::rejected(folder), PRIVATE))
            .map_err(|error| fault(say::spool(lang, &shown, &error.to_string())))?;
        Ok(spool)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where `relais sendmail` connects.
    pub fn doors(&self) -> Vec<Door> {
        let own = self.groups.own.iter().map(|(ws, group)| Door {
            path: dropbox::socket_of(&self.folder, ws),
            group: Some(*group),
            serves: Serves::Only(ws.clone()),
        });
        let others = self.groups.own.keys().cloned().collect();
        let common = Door {
            path: dropbox::socket(&self.folder),
            group: self.groups.all,
            serves: Serves::AllBut(others),
        };
        own.chain([common]).collect()
    }

    /// The folder of a workspace, made where it is missing, with the rights that it is to have.
    pub fn workspace(&self, ws: &WorkspaceName) -> io::Result<PathBuf> {
        let folder = dropbox::folder(&self.folder, ws);
        made_in(&folder, PRIVATE)?;
        open_to_group(&folder, self.groups.of(ws))?;
        Ok(folder)
    }

    /// Where files go that could not be accepted for a workspace. Nobody but the daemon may do anything there.
    pub fn rejected(&self, ws: &WorkspaceName) -> io::Result<PathBuf> {
        let folder = dropbox::rejected(&self.folder).join(ws.as_str());
        made_in(&folder, PRIVATE)?;
        Ok(folder)
    }

    /// The drop folders of workspaces that are none of these, closed: whoever sends there is told so from now on.
    pub fn close_others(&self, known: &[WorkspaceName]) -> io::Result<Vec<(WorkspaceName, PathBuf)>> {
        let mut closed = Vec::new();
        for entry in fs::read_dir(dropbox::folders(&self.folder))? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(ws) = name.to_str().and_then(|name| WorkspaceName::new(name).ok()) else {
                continue;
            };
            if known.contains(&ws) {
                continue;
            }
            let about = entry.metadata()?;
            if about.is_dir() {
                if about.mode() & 0o7777 != PRIVATE {
                    fs::set_permissions(entry.path(), Permissions::from_mode(PRIVATE))?;
                }
                closed.push((ws, entry.path()));
            }
        }
        Ok(closed)
    }
}

/// Lets the group add files to a folder; without one, nobody else.
fn open_to_group(path: &Path, group: Option<u32>) -> io::Result<()> {
    let mode = if group.is_some() { FOLDER_MODE } else { PRIVATE };
    let about = fs::symlink_metadata(path)?;
    if group.is_some_and(|group| group != about.gid()) {
        chown(path, None, group)?;
    } else if about.mode() & 0o7777 == mode {
        return Ok(());
    }
    // After the change of the group, which takes special bits away.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Makes one folder with these rights, whatever the umask; one that is there is left alone.
fn made(folder: &Path, mode: u32) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The same within the daemon's own folder: what is there must be a folder of this user, and no link.
fn made_in(folder: &Path, mode: u32) -> io::Result<()> {
    made(folder, mode)?;
    let about = fs::symlink_metadata(folder)?;
    if about.is_dir() && about.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let what = format!("{} is not a folder of this user", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    /// Open to the group of this process.
    fn open() -> Groups {
        Groups {
            all: Some(rustix::process::getegid().as_raw()),
            ..Groups::default()
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn members_of_the_group_may_add_files_to_a_drop_folder_and_list_none() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::prepare(Lang::En, &folder.path().join("s"), open()).unwrap();
        let ws = WorkspaceName::default();
        let drop = spool.workspace(&ws).unwrap();
        assert_eq!(mode(&drop), 0o1730);
        assert_eq!(mode(drop.parent().unwrap()), 0o711);
        // Again, on the next start.
        spool.workspace(&ws).unwrap();
        assert_eq!(mode(&drop), 0o1730);
    }

    #[test]
    fn rejected_files_go_where_no_member_may_write_whatever_lies_in_the_drop_folder() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::prepare(Lang::En, &folder.path().join("s"), open()).unwrap();
        let ws = WorkspaceName::default();
        let drop = spool.workspace(&ws).unwrap();
        symlink("/tmp", drop.join("rejected")).unwrap();
        let rejected = spool.rejected(&ws).unwrap();
        assert!(!rejected.starts_with(&drop));
        assert_eq!((mode(&rejected), mode(rejected.parent().unwrap())), (0o700, 0o700));
        // A link in its place is not followed.
        fs::remove_dir(&rejected).unwrap();
        symlink(folder.path(), &rejected).unwrap();
        assert_eq!(spool.rejected(&ws).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn without_a_group_nobody_else_may_use_it() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::prepare(Lang::En, folder.path(), Groups::default()).unwrap();
        let drop = spool.workspace(&WorkspaceName::default()).unwrap();
        assert_eq!(mode(&drop), 0o700);
    }

    #[test]
    fn a_spool_folder_into_which_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for rights in [0o770, 0o1777] {
            fs::set_permissions(folder.path(), Permissions::from_mode(rights)).unwrap();
            let refused = Spool::prepare(Lang::En, folder.path(), Groups::default()).unwrap_err();
            assert_eq!(refused.code, "spool-unusable");
        }
    }

    #[test]
    fn the_folder_of_a_removed_workspace_takes_no_more_mail() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::prepare(Lang::En, &folder.path().join("s"), open()).unwrap();
        let [ours, gone] = ["ours", "gone"].map(|name| WorkspaceName::new(name).unwrap());
        let (kept, drop) = (spool.workspace(&ours).unwrap(), spool.workspace(&gone).unwrap());
        let closed = spool.close_others(std::slice::from_ref(&ours)).unwrap();
        assert_eq!(closed, [(gone.clone(), drop.clone())]);
        assert_eq!((mode(&drop), mode(&kept)), (0o700, 0o1730));
        // It is made again under that name.
        spool.workspace(&gone).unwrap();
        assert_eq!(mode(&drop), 0o1730);
    }

    #[test]
    fn a_workspace_with_a_group_of_its_own_has_a_socket_and_a_folder_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let [own, other] = ["own", "other"].map(|name| WorkspaceName::new(name).unwrap());
        let mine = rustix::process::getegid().as_raw();
        let groups = Groups {
            all: None,
            own: [(own.clone(), mine)].into(),
        };
        let spool = Spool::prepare(Lang::En, &folder.path().join("s"), groups).unwrap();
        assert_eq!(mode(&spool.workspace(&own).unwrap()), 0o1730);
        assert_eq!(mode(&spool.workspace(&other).unwrap()), 0o700);
        let doors = spool.doors();
        let shown: Vec<_> = doors
            .iter()
            .map(|door| {
                (
                    door.path.file_name().unwrap().to_str().unwrap(),
                    door.group,
                    &door.serves,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("submit.own.sock", Some(mine), &Serves::Only(own.clone())),
                ("submit.sock", None, &Serves::AllBut([own].into())),
            ]
        );
    }
}
