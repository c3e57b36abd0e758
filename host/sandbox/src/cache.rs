//! Compiled code, kept so that start-up compiles nothing that it has seen.
//!
//! A compiled file is machine code that the host maps and runs: whoever can write it owns the host. So the folder is the
//! host's alone (0700), a file is written whole under another name before it gets its own, and its name holds the digest of
//! the component and the engine that it was compiled for.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::SandboxError;

/// The folder of compiled code.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn open(folder: &Path) -> Result<Self, SandboxError> {
        let fault = |e| SandboxError::Cache(folder.to_owned(), e);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(fault)?;
        // A folder that was there before: only its owner can take the others' rights away.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(fault)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn path(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{sha256}-{:016x}.cwasm", hasher.finish()))
    }

    /// The compiled component, if this engine compiled it before. A file that cannot be used counts as none.
    pub(crate) fn get(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let path = self.path(engine, sha256);
        if !path.exists() {
            return None;
        }
        // SAFETY: the file is what `put` wrote: code that this engine made, in a folder that only the host's user can
        // write. The engine itself checks version and settings before it maps anything.
        #[allow(unsafe_code)]
        let mapped = unsafe { Component::deserialize_file(engine, &path) };
        match mapped {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(target: "relais::sandbox", file = %path.display(), "compiled code is not usable, compiling anew: {error:#}");
                None
            }
        }
    }

    /// Keeps compiled code. Failing to is no fault of the connector: it is compiled again next time.
    pub(crate) fn put(&self, engine: &Engine, sha256: &str, component: &Component) {
        if let Err(error) = self.write(engine, sha256, component) {
            tracing::warn!(target: "relais::sandbox", folder = %self.folder.display(), "compiled code cannot be kept: {error:#}");
        }
    }

    fn write(&self, engine: &Engine, sha256: &str, component: &Component) -> wasmtime::Result<()> {
        let path = self.path(engine, sha256);
        // Two threads, or two processes, may compile the same component at once: each writes a file of its own.
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let write = WRITES.fetch_add(1, Ordering::Relaxed);
        let partial = path.with_extension(format!("{}-{write}.part", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(&component.serialize()?)?;
        file.sync_all()?;
        fs::rename(&partial, &path)?;
        Ok(())
    }
}
