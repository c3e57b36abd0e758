//! The tar of a backup as it is written.

use std::fs::File;
use std::io::{self, Read, Write};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::backup::{Contents, DATABASE, DIGESTS, Digests, MANIFEST, Manifest, Scratch, body_name, component_name};
use crate::error::{BackupError, Error};
use crate::store::{StoreError, hexadecimal};

/// Writes the tar and returns its length in bytes.
pub fn pack(to: &mut dyn Write, scratch: &Scratch, manifest: &Manifest, contents: &Contents) -> Result<u64, Error> {
    let mut packer = Packer {
        tar: tar::Builder::new(Counted { inner: to, bytes: 0 }),
        made_at: manifest.made_at,
        digests: Digests::new(),
    };
    packer.json(MANIFEST, manifest)?;
    packer.file(scratch, DATABASE)?;
    for digest in &contents.connectors {
        packer.file(scratch, &component_name(digest))?;
    }
    for id in &contents.bodies {
        packer.file(scratch, &body_name(*id))?;
    }
    packer.finish()
}

struct Packer<'w> {
    tar: tar::Builder<Counted<'w>>,
    made_at: Timestamp,
    digests: Digests,
}

impl Packer<'_> {
    fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(value).map_err(|error| BackupError::Write { source: error.into() })?;
        self.digests.insert(name.to_owned(), crate::store::sha256(&bytes));
        self.entry(name, bytes.len() as u64, &mut bytes.as_slice())
    }

    fn file(&mut self, scratch: &Scratch, name: &str) -> Result<(), Error> {
        let path = scratch.path(name);
        let fault = |error| StoreError::io(&path, error);
        let file = File::open(&path).map_err(fault)?;
        let length = file.metadata().map_err(fault)?.len();
        let mut reader = Hashed::new(file.take(length));
        self.entry(name, length, &mut reader)?;
        self.digests.insert(name.to_owned(), reader.digest());
        Ok(())
    }

    fn entry(&mut self, name: &str, length: u64, from: &mut dyn Read) -> Result<(), Error> {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(self.made_at.as_second()).unwrap_or(0));
        let written = self.tar.append_data(&mut header, name, from);
        Ok(written.map_err(|source| BackupError::Write { source })?)
    }

    fn finish(mut self) -> Result<u64, Error> {
        let digests = std::mem::take(&mut self.digests);
        self.json(DIGESTS, &digests)?;
        let fault = |source| BackupError::Write { source };
        let mut counted = self.tar.into_inner().map_err(fault)?;
        counted.flush().map_err(fault)?;
        Ok(counted.bytes)
    }
}

struct Counted<'w> {
    inner: &'w mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Digests what is read through it.
pub struct Hashed<R> {
    inner: R,
    sha256: Sha256,
}

impl<R> Hashed<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            sha256: Sha256::new(),
        }
    }

    /// Of all that was read, in lower-case hexadecimal.
    pub fn digest(self) -> String {
        hexadecimal(&self.sha256.finalize())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sha256.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
