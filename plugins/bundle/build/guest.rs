//! One guest, by a Cargo of its own.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::target::TARGET;

/// The profile of every guest. They run for each mail and are compiled again by the host, so speed first; names and
/// unwinding are of no use inside.
const PROFILE: [&str; 6] = [
    "profile.release.opt-level=3",
    "profile.release.lto=true",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.strip=\"symbols\"",
    "profile.release.debug=false",
];

/// Variables of the outer build that would change a guest, or bring it to be checked instead of built.
const OUTER: [&str; 4] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];
const OUTER_PREFIXES: [&str; 3] = ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"];

/// Builds `package` into `target_folder`, which is its own, since Cargo holds the outer one while this runs. Answers the
/// component's path.
///
/// # Errors
///
/// Cargo cannot be run, or the guest does not build; what the compiler said went to the standard error.
pub fn build(package: &str, root: &Path, target_folder: &Path, sysroot: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    // A cdylib alone: beside an rlib there is no link-time optimisation.
    cargo.args(["rustc", "--package", package, "--lib", "--crate-type", "cdylib"]);
    cargo
        .args(["--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(target_folder);
    for setting in PROFILE {
        cargo.args(["--config", setting]);
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OUTER.contains(&&*text) || OUTER_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(root, target_folder, sysroot));
    let status = cargo
        .status()
        .map_err(|error| format!("cargo could not be run: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the connector {package} was not built, for the reason above (the first build needs a network, for its crates)"
        ));
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(target_folder.join(TARGET).join("release").join(file))
}

/// Flags that take the machine's paths out of panic messages. Of two that match, the compiler follows the last.
fn flags(root: &Path, target_folder: &Path, sysroot: &Path) -> OsString {
    let home = cargo_home();
    let mut paths = vec![
        (root.to_owned(), "/relais"),
        (home.clone(), "/cargo"),
        (sysroot.to_owned(), "/rust"),
    ];
    // Named after the registry's host and a hash of it.
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    paths.extend(registries.map(|entry| (entry.path(), "/crates")));
    paths.push((target_folder.to_owned(), "/target"));
    let mut flags = OsString::new();
    for (path, name) in paths {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(path);
        flags.push("=");
        flags.push(name);
    }
    flags
}

fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default()
}
