//! Reads a component without compiling or running anything: what it is, what it exports, what it imports, what it asks for.
//! A component that this host cannot run is refused here, with the reason.

use relais_manifest::{Manifest, embed};
use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::error::LoadError;
use relais_outgoing::hex;

/// Bytes of a component. Python's are 18 MB.
pub(crate) const COMPONENT_BYTES: usize = 128 << 20;
/// Imports and exports of a component.
const NAMES: usize = 1024;

/// The version of the contract that this host speaks. A connector built for an older one of the same series runs.
const CONTRACT: Version = Version {
    major: 0,
    minor: 1,
    patch: 0,
};

/// What `relais:connector` offers.
const CAPABILITIES: [&str; 7] = [
    "credentials",
    "failures",
    "http",
    "log",
    "network",
    "parameters",
    "streams",
];

/// What a connector can be for: the service, and the interface that it exports for it.
const SERVICES: [(&str, &str); 1] = [("mail", "relais:mail/sender")];

/// The export that makes a component a connector.
const SESSION: &str = "relais:connector/session";

/// The interfaces of WASI 0.2 that are linked.
const WASI: [(&str, &[&str]); 7] = [
    (
        "cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("clocks", &["monotonic-clock", "wall-clock"]),
    ("filesystem", &["types", "preopens"]),
    ("http", &["types", "outgoing-handler"]),
    ("io", &["error", "poll", "streams"]),
    ("random", &["random", "insecure", "insecure-seed"]),
    (
        "sockets",
        &[
            "instance-network",
            "ip-name-lookup",
            "network",
            "tcp",
            "tcp-create-socket",
            "udp",
            "udp-create-socket",
        ],
    ),
];

/// A component, read.
#[derive(Debug, Clone)]
pub struct Inspection {
    pub manifest: Manifest,
    /// The services that it can be a connector of, such as `mail`: read from its exports.
    pub services: Vec<String>,
    /// Every exported interface, by its full name.
    pub exports: Vec<String>,
    /// Every imported interface, by its full name. A toolchain may import more than the connector uses.
    pub imports: Vec<String>,
    /// The capabilities among the imports: those of `relais:connector`, and `wasi:http`.
    pub capabilities: Vec<String>,
    /// Of the whole file, in lower-case hex.
    pub sha256: String,
    /// Bytes of the whole file.
    pub size: u64,
}

/// Reads and checks a component without compiling or running anything.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    if bytes.len() > COMPONENT_BYTES {
        return Err(LoadError::TooLarge {
            bytes: bytes.len(),
            limit: COMPONENT_BYTES,
        });
    }
    let manifest = embed::read(bytes).map_err(LoadError::Manifest)?;
    let (imports, exports) = names(bytes)?;
    for import in &imports {
        known(import)?;
    }
    let services = services(&exports)?;
    if let Some(service) = manifest.services.keys().find(|service| !services.contains(*service)) {
        return Err(LoadError::ServiceNotExported(service.clone()));
    }
    validate(bytes)?;
    Ok(Inspection {
        capabilities: capabilities(&imports),
        manifest,
        services,
        exports,
        imports,
        sha256: hex(&Sha256::digest(bytes)),
        size: bytes.len() as u64,
    })
}

/// The outermost component's imports and exports.
fn names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), LoadError> {
    let malformed = |e: wasmparser::BinaryReaderError| LoadError::Malformed(e.to_string());
    let mut imports = Vec::new();
    let mut exports = Vec::new();
    let mut depth = 0u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            // What follows is nested, up to its own end.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(malformed)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        if imports.len() + exports.len() > NAMES {
            return Err(LoadError::Malformed(format!("more than {NAMES} imports and exports")));
        }
    }
    Ok((imports, exports))
}

fn validate(bytes: &[u8]) -> Result<(), LoadError> {
    let features = WasmFeatures::default() | WasmFeatures::COMPONENT_MODEL;
    let checked = Validator::new_with_features(features).validate_all(bytes);
    checked.map(drop).map_err(|e| LoadError::Malformed(e.to_string()))
}

/// Refuses an import that the host does not offer.
fn known(import: &str) -> Result<(), LoadError> {
    let unknown = || LoadError::UnknownImport(import.to_owned());
    let (name, version) = split(import).ok_or_else(unknown)?;
    if let Some(rest) = name.strip_prefix("wasi:") {
        let (package, interface) = rest.split_once('/').ok_or_else(unknown)?;
        let offered = WASI
            .iter()
            .any(|(known, interfaces)| *known == package && interfaces.contains(&interface));
        return match (offered, version.major, version.minor) {
            (true, 0, 2) => Ok(()),
            _ => Err(unknown()),
        };
    }
    let offered = match name.split_once('/') {
        Some(("relais:connector", interface)) => CAPABILITIES.contains(&interface),
        Some(("relais:mail", interface)) => interface == "message",
        _ => false,
    };
    match offered {
        true => current(import, version),
        // An interface that this version does not have may be of a later one.
        false if name.starts_with("relais:") && version > CONTRACT => Err(LoadError::FromTheFuture(import.to_owned())),
        false => Err(unknown()),
    }
}

/// The services among the exports; what toolchains add of their own is passed over.
fn services(exports: &[String]) -> Result<Vec<String>, LoadError> {
    let mut services = Vec::new();
    let mut session = false;
    for export in exports {
        let Some((name, version)) = split(export) else { continue };
        if name == SESSION {
            current(export, version)?;
            session = true;
        }
        if let Some((service, _)) = SERVICES.iter().find(|(_, interface)| *interface == name) {
            current(export, version)?;
            services.push((*service).to_owned());
        }
    }
    if services.is_empty() || !session {
        return Err(LoadError::NoService);
    }
    Ok(services)
}

fn capabilities(imports: &[String]) -> Vec<String> {
    let own = imports.iter().filter_map(|import| {
        let (name, _) = split(import)?;
        match name.split_once('/')? {
            ("relais:connector", "failures" | "streams") => None,
            ("relais:connector", interface) => Some(interface.to_owned()),
            ("wasi:http", "outgoing-handler") => Some("wasi:http".to_owned()),
            _ => None,
        }
    });
    own.collect()
}

fn current(name: &str, version: Version) -> Result<(), LoadError> {
    if version > CONTRACT {
        Err(LoadError::FromTheFuture(name.to_owned()))
    } else if (version.major, version.minor) == (CONTRACT.major, CONTRACT.minor) {
        Ok(())
    } else {
        Err(LoadError::UnknownImport(name.to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

/// `package:name/interface@1.2.3` as its two halves.
fn split(name: &str) -> Option<(&str, Version)> {
    let (name, version) = name.split_once('@')?;
    let numbers = version.split(['-', '+']).next()?;
    let mut numbers = numbers.split('.').map(|n| n.parse().ok());
    let mut next = || numbers.next().flatten();
    let version = Version {
        major: next()?,
        minor: next()?,
        patch: next()?,
    };
    Some((name, version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn imports_are_known_by_name_and_version() {
        for good in [
            "relais:connector/network@0.1.0",
            "wasi:io/poll@0.2.6",
            "wasi:http/types@0.2.0",
            "relais:mail/message@0.1.0",
        ] {
            assert!(known(good).is_ok(), "{good}");
        }
        for future in [
            "relais:connector/network@0.1.1",
            "relais:connector/network@1.0.0",
            "relais:connector/reveal@0.2.0",
        ] {
            assert!(matches!(known(future), Err(LoadError::FromTheFuture(_))), "{future}");
        }
        for bad in [
            "relais:connector/reveal@0.1.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/poll@0.3.0",
            "acme:thing/x@0.1.0",
            "bare",
            "relais:connector/network@0.0.9",
        ] {
            assert!(matches!(known(bad), Err(LoadError::UnknownImport(_))), "{bad}");
        }
    }
}
