//! Builds the standard connectors for `wasm32-wasip2`, packs each with its manifest, and leaves them in `OUT_DIR`.
//!
//! A guest must come out the same whoever builds it: flags and wrappers of the outer build are not passed on, the profile
//! is stated here, and no path of the machine stays in the file.

mod guest;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use relais_manifest::{Manifest, embed};

/// The standard connectors: the package, its folder in `plugins/`, and the file that `src/lib.rs` includes.
const CONNECTORS: [(&str, &str, &str); 3] = [
    ("relais-smtp", "smtp", "smtp.wasm"),
    ("relais-office365", "office365", "office365.wasm"),
    ("relais-probe", "probe", "probe.wasm"),
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("cargo::error={reason}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let plugins = folder("CARGO_MANIFEST_DIR")?.join("..");
    let root = plugins
        .join("..")
        .canonicalize()
        .map_err(|error| format!("the workspace's folder: {error}"))?;
    let out = folder("OUT_DIR")?;
    watch(&root);
    let sysroot = target::ensure()?;
    for (package, name, file) in CONNECTORS {
        let component = guest::build(package, &root, &out.join("guests"), &sysroot)?;
        let manifest = root.join("plugins").join(name).join("connector.toml");
        let packed = pack(&component, &manifest)?;
        let path = out.join(file);
        fs::write(&path, packed).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// What a guest is made of. Everything else may change without building them again.
fn watch(root: &Path) {
    let common = [
        "Cargo.lock",
        "sdk/rust/Cargo.toml",
        "sdk/rust/src",
        "wit/worlds.wit",
        "wit/deps",
    ];
    for path in common {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for (_, name, _) in CONNECTORS {
        for path in ["Cargo.toml", "connector.toml", "src"] {
            println!(
                "cargo::rerun-if-changed={}",
                root.join("plugins").join(name).join(path).display()
            );
        }
    }
    println!("cargo::rerun-if-changed=build");
}

/// The manifest goes on the finished component, as `relais connector pack` does it.
fn pack(component: &Path, manifest: &Path) -> Result<Vec<u8>, String> {
    let text = fs::read_to_string(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let parsed = Manifest::from_toml(&text).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let bytes = fs::read(component).map_err(|error| format!("{}: {error}", component.display()))?;
    embed::pack(&bytes, &parsed).map_err(|error| format!("{}: {error}", component.display()))
}

/// A folder that Cargo names to build scripts.
fn folder(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("Cargo did not set {variable}"))
}
