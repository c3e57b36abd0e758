//! The standard connectors, as the components that the build script made: whole, packed with their manifests, and no
//! different to the host from one that a partner ships.

/// `relais/smtp`: sends mail through an SMTP server.
pub const SMTP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/smtp.wasm"));

/// `relais/office365`: sends mail by Microsoft Graph.
pub const OFFICE365: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/office365.wasm"));

/// `relais/probe`: tries destinations that nobody granted, and reports what the sandbox answers.
pub const PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe.wasm"));

/// Every standard connector, by its id.
pub fn all() -> [(&'static str, &'static [u8]); 3] {
    [
        ("relais/smtp", SMTP),
        ("relais/office365", OFFICE365),
        ("relais/probe", PROBE),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use relais_manifest::embed;

    use super::{OFFICE365, SMTP, all};

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
        assert_eq!(credentials, ["plain", "login", "xoauth2"]);
    }

    #[test]
    fn the_office365_connector_reaches_each_cloud_and_keeps_the_token_from_uploads() {
        let manifest = embed::read(OFFICE365).unwrap();
        let held = ["account".to_owned()].into();
        for (cloud, graph, uploads) in [
            ("global", "https://graph.microsoft.com:443", 2),
            ("us-government", "https://graph.microsoft.us:443", 1),
            ("us-defense", "https://dod-graph.microsoft.us:443", 2),
            ("china", "https://microsoftgraph.chinacloudapi.cn:443", 1),
        ] {
            let given = [("cloud".to_owned(), cloud.into())].into();
            let settings = manifest.settings(&given, &held).unwrap();
            assert_eq!(manifest.egress(&settings).unwrap().len(), 1 + uploads, "{cloud}");
            let bearer = manifest.credential("graph").unwrap();
            let origins: Vec<String> = manifest
                .destinations(bearer, &settings)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(origins, [graph]);
            assert!(manifest.provider(&settings, "microsoft").is_some(), "{cloud}");
        }
        assert_eq!(manifest.service("mail").sessions, Some(4));
    }

    #[test]
    fn only_sending_sends_by_graph() {
        let manifest = embed::read(OFFICE365).unwrap();
        let mail = manifest.service("mail");
        for (method, path) in [
            ("POST", "/v1.0/me/messages"),
            ("POST", "/v1.0/users/a@b/messages/AAMk=/attachments"),
            ("POST", "/v1.0/me/messages/AAMk=/attachments/createUploadSession"),
            ("PUT", "/api/gv1.0/users('x')/AttachmentSessions('y')"),
            ("DELETE", "/v1.0/me/messages/AAMk="),
            ("GET", "/v1.0/me/messages/AAMk="),
        ] {
            assert!(mail.prepares(method, path), "{method} {path}");
        }
        for (method, path) in [
            ("POST", "/v1.0/me/sendMail"),
            ("POST", "/v1.0/users/a@b/sendMail"),
            ("POST", "/v1.0/me/messages/AAMk=/send"),
            ("POST", "/v1.0/$batch"),
            ("POST", "/v1.0/me/messages/AAMk=/reply"),
        ] {
            assert!(
                !mail.prepares(method, path) && !mail.withdraws(method, path),
                "{method} {path}"
            );
        }
        assert!(mail.withdraws("DELETE", "/v1.0/me/messages/AAMk="));
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
