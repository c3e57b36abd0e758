//! The tar of a backup as it is read: whatever is in it, nothing but the files of a backup comes out of it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::backup::{self, CONNECTORS, DATABASE, DIGESTS, Digests, FORMAT, MANIFEST, Manifest, SPOOL};
use crate::error::{BackupError, Error};
use crate::outbox::DeliveryId;
use crate::pack::Hashed;
use crate::store::StoreError;

/// Bytes of a manifest, and of the digests, at most.
const MANIFEST_BYTES: u64 = 64 << 10;
const DIGESTS_BYTES: u64 = 256 << 20;

/// Unpacks a backup and compares it with what it says of itself.
pub fn unpack(from: &mut dyn Read, folder: &Path) -> Result<Manifest, Error> {
    let mut archive = tar::Archive::new(from);
    let mut entries = archive.entries().map_err(unreadable)?;
    let first = entries.next().ok_or_else(|| not_one("it is empty"))?;
    let mut first = first.map_err(unreadable)?;
    if name_of(&first)? != MANIFEST {
        return Err(not_one("it does not begin with its manifest"));
    }
    let (manifest, digest): (serde_json::Value, String) = json(&mut first, MANIFEST_BYTES)?;
    let manifest = read_manifest(manifest)?;
    let mut unpacked = Digests::from([(MANIFEST.to_owned(), digest)]);
    for entry in entries {
        let mut entry = entry.map_err(unreadable)?;
        let name = name_of(&entry)?;
        if name == DIGESTS {
            let (told, _): (Digests, String) = json(&mut entry, DIGESTS_BYTES)?;
            compare(&told, &unpacked)?;
            return Ok(manifest);
        }
        if unpacked.contains_key(&name) {
            return Err(not_one(&format!("`{name}` is in it twice")));
        }
        let digest = write(&mut entry, &name, folder)?;
        unpacked.insert(name, digest);
    }
    Err(BackupError::Truncated.into())
}

/// The version first: a later manifest may have any other shape.
fn read_manifest(value: serde_json::Value) -> Result<Manifest, Error> {
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    let format = format.and_then(|format| u32::try_from(format).ok());
    match format {
        Some(version) if version > FORMAT => Err(BackupError::Newer { version, known: FORMAT }.into()),
        _ => serde_json::from_value(value).map_err(|error| not_one(&error.to_string())),
    }
}

fn compare(told: &Digests, unpacked: &Digests) -> Result<(), Error> {
    if !unpacked.contains_key(DATABASE) {
        return Err(not_one("it holds no database"));
    }
    let names: BTreeSet<&String> = told.keys().chain(unpacked.keys()).collect();
    let differs = names.into_iter().find(|name| told.get(*name) != unpacked.get(*name));
    match differs {
        None => Ok(()),
        Some(name) => Err(BackupError::Altered { name: name.clone() }.into()),
    }
}

/// The name of an entry, if it is one that a backup has: no other leads anywhere.
fn name_of(entry: &tar::Entry<'_, &mut dyn Read>) -> Result<String, Error> {
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    if entry.header().entry_type() != tar::EntryType::Regular {
        return Err(not_one(&format!("`{name}` is no file")));
    }
    let known = match name.split_once('/') {
        None => [MANIFEST, DIGESTS, DATABASE].contains(&name.as_str()),
        Some((CONNECTORS, file)) => file.strip_suffix(".wasm").is_some_and(is_digest),
        Some((SPOOL, _)) => {
            let id = name.rsplit('/').next().and_then(|id| id.parse::<DeliveryId>().ok());
            id.is_some_and(|id| backup::body_name(id) == name)
        }
        Some(_) => false,
    };
    if known {
        Ok(name)
    } else {
        Err(not_one(&format!("it holds `{name}`")))
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn json<T: DeserializeOwned>(entry: &mut tar::Entry<'_, &mut dyn Read>, most: u64) -> Result<(T, String), Error> {
    if entry.size() > most {
        return Err(not_one("what it says of itself is too long"));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(unreadable)?;
    let value = serde_json::from_slice(&bytes).map_err(|error| not_one(&error.to_string()))?;
    Ok((value, crate::store::sha256(&bytes)))
}

fn write(entry: &mut tar::Entry<'_, &mut dyn Read>, name: &str, folder: &Path) -> Result<String, Error> {
    let path = folder.join(name);
    let fault = |error| StoreError::io(&path, error);
    if let Some(parent) = path.parent() {
        backup::make_folder(parent)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(fault)?;
    let length = entry.size();
    let mut reader = Hashed::new(entry);
    let mut block = vec![0; 256 << 10];
    let mut done = 0;
    loop {
        // Told apart, since a full disk is not the backup's fault.
        let count = reader.read(&mut block).map_err(unreadable)?;
        if count == 0 {
            break;
        }
        file.write_all(block.get(..count).unwrap_or_default()).map_err(fault)?;
        done += count as u64;
    }
    if done != length {
        return Err(BackupError::Truncated.into());
    }
    file.sync_all().map_err(fault)?;
    Ok(reader.digest())
}

fn unreadable(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::Truncated.into(),
        // What the tar's own code says of bytes that are no tar.
        io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => not_one(&source.to_string()),
        _ => BackupError::Read { source }.into(),
    }
}

fn not_one(detail: &str) -> Error {
    BackupError::NotABackup {
        detail: detail.chars().take(200).collect(),
    }
    .into()
}
