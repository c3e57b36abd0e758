//! A Unix socket in the file system: its rights are there before anybody can open it, and it goes when it is dropped.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as Probe;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// A socket that is listened on.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds it with these rights, and this group where one is given. A file that is there and is no socket, or a socket on which
    /// somebody listens, stays: `AddrInUse`.
    pub fn bind(path: &Path, mode: u32, group: Option<u32>) -> io::Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path)
            && (!there.file_type().is_socket() || Probe::connect(path).is_ok())
        {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // Under another name first: under its own, it could be opened before it has its rights.
        let hidden = hidden(path);
        match fs::remove_file(&hidden) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&hidden)?;
        let shown = ready(&hidden, mode, group).and_then(|()| fs::rename(&hidden, path));
        if let Err(error) = shown {
            let _ = fs::remove_file(&hidden);
            return Err(error);
        }
        Ok(Self {
            listener,
            path: path.to_path_buf(),
        })
    }

    /// The next connection, and the user at its other end (`SO_PEERCRED`, unix(7)).
    pub async fn accept(&self) -> io::Result<(UnixStream, u32)> {
        let (stream, _) = self.listener.accept().await?;
        let uid = stream.peer_cred()?.uid();
        Ok((stream, uid))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn hidden(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or(std::ffi::OsStr::from_bytes(b"socket")));
    name.push(".new");
    path.with_file_name(name)
}

fn ready(path: &Path, mode: u32, group: Option<u32>) -> io::Result<()> {
    if let Some(group) = group {
        std::os::unix::fs::chown(path, None, Some(group))?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_socket_has_its_rights_tells_the_user_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relais.sock");
        let socket = Socket::bind(&path, 0o600, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (accepted, connected) = tokio::join!(socket.accept(), UnixStream::connect(&path));
        connected.unwrap();
        assert_eq!(accepted.unwrap().1, rustix::process::getuid().as_raw());
        drop(socket);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_socket_in_use_stays_and_one_that_was_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = Socket::bind(&path, 0o600, None).unwrap();
        let error = Socket::bind(&path, 0o600, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        std::mem::forget(first);
        let left = folder.path().join("left");
        drop(std::os::unix::net::UnixListener::bind(&left).unwrap());
        Socket::bind(&left, 0o600, None).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        fs::write(&path, "mine").unwrap();
        assert!(Socket::bind(&path, 0o600, None).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
