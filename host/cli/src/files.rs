//! Files that the user names: read within bounds, written whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use relais_manifest::Lang;
use tempfile::{Builder, NamedTempFile};

use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::files;

/// The whole file, of `most` bytes at most. `field` is what the user calls it.
pub fn read(lang: Lang, field: &str, path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
    let (file, _) = open(lang, field, path)?;
    bounded(lang, field, &path.display().to_string(), file, most)
}

/// The file, opened, and its bytes.
pub fn open(lang: Lang, field: &str, path: &Path) -> Result<(File, u64), Fault> {
    let shown = path.display().to_string();
    let fault = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Fault::field(lang, field, "file-missing", files::missing(lang, &shown)),
        _ => Fault::field(
            lang,
            field,
            "file-unreadable",
            files::unreadable(lang, &shown, &error.to_string()),
        ),
    };
    let file = File::open(path).map_err(fault)?;
    let about = file.metadata().map_err(fault)?;
    if about.is_dir() {
        return Err(Fault::field(
            lang,
            field,
            "file-not-regular",
            files::not_a_file(lang, &shown),
        ));
    }
    Ok((file, about.len()))
}

/// All that a reader gives, of `most` bytes at most. `shown` is what messages call it.
pub fn bounded(lang: Lang, field: &str, shown: &str, reader: impl Read, most: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = reader.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| {
        Fault::field(
            lang,
            field,
            "file-unreadable",
            files::unreadable(lang, shown, &error.to_string()),
        )
    })?;
    if bytes.len() as u64 > most {
        return Err(Fault::field(
            lang,
            field,
            "file-too-large",
            files::too_large(lang, shown, most),
        ));
    }
    Ok(bytes)
}

/// A text from bytes.
pub fn text(lang: Lang, field: &str, shown: &str, bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|_| Fault::field(lang, field, "not-utf8", files::not_utf8(lang, shown)))
}

/// Puts `bytes` in the place of the file, which keeps its rights: all of them, or the file stays as it was.
pub fn replace(lang: Lang, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let mut new = New::beside(lang, path, PUBLIC)?;
    let written = new.writer().write_all(bytes);
    written.map_err(|error| unwritten(lang, path, &error.to_string()))?;
    new.keep(lang)
}

/// A file could not be written, and is as it was.
pub fn unwritten(lang: Lang, path: &Path, error: &str) -> Fault {
    let text = files::unwritable(lang, &path.display().to_string(), error);
    Fault::new(Status::Failed, "file-unwritable", text)
}

/// Rights of a new file that holds nothing private: what the user's umask leaves of this.
pub const PUBLIC: u32 = 0o666;
/// Of one that holds mail or more.
pub const PRIVATE: u32 = 0o600;

/// A file that is written beside its place, and takes it when it is whole.
pub struct New {
    file: NamedTempFile,
    path: PathBuf,
}

impl New {
    /// For that path. A file that stands there keeps its rights.
    pub fn beside(lang: Lang, path: &Path, mode: u32) -> Result<Self, Fault> {
        // A link stays a link: what it leads to is replaced.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let folder = place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut builder = Builder::new();
        let builder = builder.prefix(".relais-").permissions(Permissions::from_mode(mode));
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| unwritten(lang, path, &error.to_string()))?;
        Ok(Self { file, path: place })
    }

    /// Where its bytes go.
    pub fn writer(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts it in its place, once the disk has it.
    pub fn keep(self, lang: Lang) -> Result<(), Fault> {
        let fault = |error: io::Error| unwritten(lang, &self.path, &error.to_string());
        if let Ok(before) = fs::metadata(&self.path) {
            self.file
                .as_file()
                .set_permissions(before.permissions())
                .map_err(fault)?;
        }
        self.file.as_file().sync_all().map_err(fault)?;
        self.file.persist(&self.path).map_err(|error| fault(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_over_the_bound_is_refused_and_one_at_the_bound_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(Lang::En, "file", &path, 5).unwrap(), b"12345");
        assert_eq!(read(Lang::En, "file", &path, 4).unwrap_err().code, "file-too-large");
        assert_eq!(
            read(Lang::En, "file", folder.path(), 4).unwrap_err().code,
            "file-not-regular"
        );
        assert_eq!(
            read(Lang::En, "file", &folder.path().join("y"), 4).unwrap_err().code,
            "file-missing"
        );
    }

    #[test]
    fn a_replaced_file_keeps_its_rights_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        replace(Lang::En, &path, b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_a_failure_and_not_bad_input() {
        let fault = replace(Lang::En, Path::new("/proc/relais/x"), b"x").unwrap_err();
        assert_eq!(fault.status, Status::Failed);
    }
}
