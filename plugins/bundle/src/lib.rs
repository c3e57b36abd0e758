//! The standard connectors, as the components that the build script made: whole, packed with their manifests, and no
//! different to the host from one that a partner ships.

/// `relais/smtp`: sends mail through an SMTP server.
pub const SMTP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/smtp.wasm"));

/// `relais/probe`: tries destinations that nobody granted, and reports what the sandbox answers.
pub const PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe.wasm"));

/// Every standard connector, by its id.
pub fn all() -> [(&'static str, &'static [u8]); 2] {
    [("relais/smtp", SMTP), ("relais/probe", PROBE)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use relais_manifest::embed;

    use super::{SMTP, all};

    #[test]
    fn every_connector_holds_the_manifest_of_its_id() {
        for (id, component) in all() {
            assert_eq!(embed::read(component).unwrap().id, id);
        }
    }

    #[test]
    fn the_smtp_connector_has_the_parameters_of_ezgeds_form() {
        let manifest = embed::read(SMTP).unwrap();
        let ids: Vec<_> = manifest
            .parameters
            .iter()
            .map(|parameter| parameter.id.as_str())
            .collect();
        for id in ["host", "port", "tls", "starttls", "username", "password", "sender"] {
            assert!(ids.contains(&id), "{id}");
        }
        let credentials: Vec<_> = manifest
            .credentials
            .iter()
            .map(|credential| credential.name.as_str())
            .collect();
        assert_eq!(credentials, ["plain", "login"]);
    }

    #[test]
    fn no_connector_holds_a_path_of_the_machine() {
        let folders = [env!("CARGO_MANIFEST_DIR"), env!("OUT_DIR")];
        for (id, component) in all() {
            for folder in folders {
                let found = component
                    .windows(folder.len())
                    .any(|window| window == folder.as_bytes());
                assert!(!found, "{id} holds {folder}");
            }
        }
    }
}
