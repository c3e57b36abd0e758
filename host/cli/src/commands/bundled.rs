//! The bytes of a connector that the user names: a file, or the id of one that is embedded in this binary.

use std::path::Path;

use crate::fault::Fault;
use crate::files;
use crate::site::Site;

/// More than a component may have; the sandbox has the exact limit, and says it.
pub const READ_BYTES: u64 = 256 << 20;

/// A file of that path is stronger than an embedded connector of that id.
pub fn component(site: &Site, path: &Path) -> Result<Vec<u8>, Fault> {
    let named = relais_bundle::all().into_iter().find(|(id, _)| path == Path::new(id));
    match named {
        Some((_, bytes)) if !path.exists() => Ok(bytes.to_vec()),
        _ => files::read(site.lang, "file", path, READ_BYTES),
    }
}
