//! The compiler's target for guests: found, or brought.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What guests are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Makes sure that the compiler has the target, and answers the compiler's root.
///
/// `rustup` may be told never to install by itself (`RUSTUP_AUTO_INSTALL=0`), so a line in a toolchain file would not
/// do; asking it by name does.
///
/// # Errors
///
/// The target is missing and could not be added; the text is the one command to run.
pub fn ensure() -> Result<PathBuf, String> {
    let sysroot = sysroot()?;
    if has_target(&sysroot) {
        return Ok(sysroot);
    }
    println!("cargo::warning=the compiler's target {TARGET} is missing: running `rustup target add {TARGET}`");
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    if let Some(toolchain) = env::var_os("RUSTUP_TOOLCHAIN") {
        rustup.arg("--toolchain").arg(toolchain);
    }
    let output = rustup.output();
    match output {
        Ok(output) if output.status.success() && has_target(&sysroot) => Ok(sysroot),
        Ok(output) => Err(missing(
            String::from_utf8_lossy(&output.stderr)
                .lines()
                .last()
                .unwrap_or("it failed"),
        )),
        Err(error) => Err(missing(&error.to_string())),
    }
}

fn missing(reason: &str) -> String {
    format!("the compiler's target {TARGET} is missing; with a network, run `rustup target add {TARGET}` ({reason})")
}

fn has_target(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

fn sysroot() -> Result<PathBuf, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("{}: {error}", Path::new(&rustc).display()))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
