//! Files that the user names: read within bounds, written whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use relais_manifest::Lang;
use tempfile::Builder;

use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::files;

/// The whole file, of `most` bytes at most. `field` is what the user calls it.
pub fn read(lang: Lang, field: &str, path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
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
    if file.metadata().map_err(fault)?.is_dir() {
        return Err(Fault::field(
            lang,
            field,
            "file-not-regular",
            files::not_a_file(lang, &shown),
        ));
    }
    bounded(lang, field, &shown, file, most)
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
    write_whole(path, bytes).map_err(|error| {
        let text = files::unwritable(lang, &path.display().to_string(), &error.to_string());
        Fault::new(Status::Failed, "file-unwritable", text)
    })
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    // What the user's umask leaves of this.
    let new = Permissions::from_mode(0o666);
    let mut file = builder.prefix(".relais-").permissions(new).tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(before) = fs::metadata(&path) {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
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
