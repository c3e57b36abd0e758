//! The hostile connectors as components: one of Rust, which this builds, and one written by hand.

use std::path::Path;
use std::sync::OnceLock;

use relais_manifest::{Manifest, embed};

use crate::{guest, target};

/// The manifest of both.
pub const MANIFEST: &str = include_str!("../../../guests/hostile/connector.toml");

/// `relais-hostile`, without a manifest. Built once, with a target folder of its own.
pub fn of_rust() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .unwrap();
        let sysroot = target::ensure().unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        std::fs::read(guest::build("relais-hostile", &root, &folder, &sysroot).unwrap()).unwrap()
    })
}

/// What no compiler writes: a table that grows, and an answer that the canonical ABI allows and no language makes.
pub fn by_hand() -> Vec<u8> {
    wat::parse_str(include_str!("by_hand.wat")).unwrap()
}

/// The same, whose core module never comes to the end of its start.
pub fn that_never_starts() -> Vec<u8> {
    let open = "(func (export \"open\")";
    let text = include_str!("by_hand.wat");
    assert!(text.contains(open));
    let start = format!("(func $start (loop $again (br $again))) (start $start) {open}");
    wat::parse_str(text.replace(open, &start)).unwrap()
}

/// The component with a manifest, as it is shipped.
pub fn pack(component: &[u8], manifest: &Manifest) -> Vec<u8> {
    embed::pack(component, manifest).unwrap()
}
