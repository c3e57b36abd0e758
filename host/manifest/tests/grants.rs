//! The grants that follow from an instance's values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{PEM, manifest, parameter, settings, smtp};
use relais_manifest::{Egress, Manifest, Reason, Scheme};

fn egress(manifest: &Manifest, pairs: &[(&str, &str)]) -> Vec<Egress> {
    manifest.egress(&settings(manifest, pairs)).unwrap()
}

fn shown(manifest: &Manifest, pairs: &[(&str, &str)]) -> Vec<String> {
    egress(manifest, pairs).iter().map(ToString::to_string).collect()
}

#[test]
fn an_smtp_instance_reaches_its_own_server_and_port() {
    let pairs = [
        ("host", "smtp.example.org"),
        ("certificate", PEM),
        ("tls_name", "mx.example.org"),
        ("timeout", "5s"),
    ];
    assert_eq!(
        egress(&smtp(), &pairs),
        [Egress {
            scheme: Scheme::Tcp,
            host: "smtp.example.org".into(),
            port: 587,
            typed: true,
            tls_name: Some("mx.example.org".into()),
            certificate_pem: Some(PEM.into()),
            connect_timeout: Some(Duration::from_secs(5)),
        }]
    );
    assert_eq!(shown(&smtp(), &pairs), ["tcp://smtp.example.org:587"]);
}

#[test]
fn an_ipv6_address_is_printed_in_brackets() {
    assert_eq!(
        shown(&smtp(), &[("host", "[2001:db8::1]"), ("port", "25")]),
        ["tcp://[2001:db8::1]:25"]
    );
}

#[test]
fn a_name_that_the_manifest_fixes_even_in_part_is_not_typed_by_the_administrator() {
    let manifest = manifest(
        &(parameter("tenant", "text", "")
            + "[[egress]]\nto = 'https://graph.example.org'\n[[egress]]\nto = 'https://{tenant}.example.org:8443'\n\
               [[egress]]\nto = 'http://{tenant}'\n"),
    );
    let found = egress(&manifest, &[("tenant", "mairie")]);
    assert_eq!(
        found
            .iter()
            .map(|egress| (egress.to_string(), egress.typed))
            .collect::<Vec<_>>(),
        [
            ("https://graph.example.org:443".to_owned(), false),
            ("https://mairie.example.org:8443".to_owned(), false),
            ("http://mairie:80".to_owned(), true),
        ]
    );
}

#[test]
fn a_value_cannot_break_out_of_its_place_in_the_template() {
    let manifest = manifest(&(parameter("tenant", "text", "") + "[[egress]]\nto = 'https://{tenant}.example.org'\n"));
    for bad in [
        "evil.org/",
        "evil.org#",
        "evil.org:443",
        "a@evil.org",
        "evil.org\\",
        "a b",
        "[::1]",
        "{tenant}",
        "é",
        ".",
    ] {
        let errors = manifest
            .egress(&settings(&manifest, &[("tenant", bad)]))
            .expect_err(bad);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].field, "tenant");
        assert_eq!(
            errors[0].reason,
            Reason::TemplateHost {
                template: "{tenant}.example.org".into()
            },
            "{bad}"
        );
    }
}

#[test]
fn an_egress_without_a_value_for_its_parameters_is_left_out() {
    let manifest = manifest(
        &(parameter("proxy", "host", "")
            + &parameter("proxy_port", "port", "")
            + "[[egress]]\nto = 'tcp://{proxy}:{proxy_port}'\n[[egress]]\nto = 'https://api.example.org'\n"),
    );
    assert_eq!(shown(&manifest, &[]), ["https://api.example.org:443"]);
    assert_eq!(shown(&manifest, &[("proxy", "p")]), ["https://api.example.org:443"]);
    assert_eq!(shown(&manifest, &[("proxy", "p"), ("proxy_port", "1")]).len(), 2);
}

#[test]
fn a_url_can_be_a_whole_egress() {
    let manifest = manifest(&(parameter("endpoint", "url", "") + "[[egress]]\nto = '{endpoint}'\n"));
    assert_eq!(
        shown(&manifest, &[("endpoint", "https://API.example.org/v1/send")]),
        ["https://api.example.org:443"]
    );
    assert_eq!(
        shown(&manifest, &[("endpoint", "http://[::1]:8080/")]),
        ["http://[::1]:8080"]
    );
    assert!(egress(&manifest, &[("endpoint", "https://api.example.org")])[0].typed);
    assert_eq!(shown(&manifest, &[]), [""; 0]);
}

#[test]
fn the_address_the_certificate_and_the_user_are_bound_to_the_secrets_and_the_rest_is_free() {
    let bound: Vec<String> = smtp().bound_parameters().into_iter().collect();
    assert_eq!(bound, ["certificate", "host", "port", "tls_name", "username"]);
}

#[test]
fn what_decides_which_address_applies_is_bound_like_the_address() {
    let manifest = manifest(
        &(parameter("site", "choice", "choices = [{ value = 'a', label = { en = 'A' } }]")
            + &parameter("advanced", "boolean", "when = { site = 'a' }")
            + &parameter("host", "host", "when = { advanced = true }")
            + &parameter("note", "text", "when = { site = 'a' }")
            + &parameter("login", "boolean", "")
            + &parameter("key", "secret", "when = { login = true }")
            + "[[egress]]\nto = 'https://{host}'\n[[credentials]]\nname = 'c'\nkind = 'bearer'\nslot = 'http-header'\nsecret = 'key'"),
    );
    let bound: Vec<String> = manifest.bound_parameters().into_iter().collect();
    assert_eq!(bound, ["advanced", "host", "login", "site"]);
}

#[test]
fn a_secret_is_bound_to_what_its_own_credentials_are_made_of_and_to_every_address() {
    let manifest = manifest(
        &(parameter("host", "host", "")
            + &parameter("user", "text", "when = { login = true }")
            + &parameter("login", "boolean", "")
            + &parameter("other_user", "text", "")
            + &parameter("password", "secret", "")
            + &parameter("key", "secret", "when = { keyed = true }")
            + &parameter("keyed", "boolean", "")
            + "[[egress]]\nto = 'https://{host}'\n\
               [[credentials]]\nname = 'a'\nkind = 'basic'\nslot = 'http-header'\nusername = 'user'\nsecret = 'password'\n\
               [[credentials]]\nname = 'b'\nkind = 'basic'\nslot = 'http-header'\nusername = 'other_user'\nsecret = 'key'\n"),
    );
    let bound = |held: &str| {
        let bound = manifest.bound_to(held);
        let list = |ids: std::collections::BTreeSet<String>| ids.into_iter().collect::<Vec<_>>().join(" ");
        (list(bound.built_from), list(bound.deciding))
    };
    assert_eq!(bound("password"), ("host user".to_owned(), "login".to_owned()));
    assert_eq!(bound("key"), ("host other_user".to_owned(), "keyed".to_owned()));
    assert_eq!(bound("gone"), ("host".to_owned(), String::new()));
}

#[test]
fn the_sender_is_the_value_of_the_parameter_with_that_role() {
    let with = |pairs: &[(&str, &str)]| smtp().sender(&settings(&smtp(), pairs));
    assert_eq!(
        with(&[("host", "h"), ("sender", "Ged@Mairie.example")]).as_deref(),
        Some("Ged@mairie.example")
    );
    assert_eq!(with(&[("host", "h")]), None);
}

#[test]
fn an_egress_applies_only_where_its_conditions_hold() {
    let manifest = manifest(
        &(parameter(
            "cloud",
            "choice",
            "default = 'global'\nchoices = [{ value = 'global', label = { en = 'x' } }, { value = 'china', label = { en = 'x' } }]",
        ) + &parameter("special", "boolean", "when = { cloud = 'china' }")
            + &parameter("key", "secret", "")
            + "[[egress]]\nto = 'https://graph.example.org'\nwhen = { cloud = 'global' }\n\
               [[egress]]\nto = 'https://graph.example.cn'\nwhen = { cloud = 'china' }\n\
               [[egress]]\nto = 'https://plain.example.cn'\nwhen = { special = false }\n\
               [[egress]]\nto = 'https://both.example.org'\n\
               [[credentials]]\nname = 'c'\nkind = 'bearer'\nslot = 'http-header'\nsecret = 'key'\n"),
    );
    let global = ["https://graph.example.org:443", "https://both.example.org:443"];
    assert_eq!(shown(&manifest, &[]), global);
    assert_eq!(
        shown(&manifest, &[("cloud", "china")]),
        [
            "https://graph.example.cn:443",
            "https://plain.example.cn:443",
            "https://both.example.org:443"
        ],
        "a boolean that nobody set is false, where it applies"
    );
    assert_eq!(
        shown(&manifest, &[("cloud", "china"), ("special", "true")]),
        ["https://graph.example.cn:443", "https://both.example.org:443"]
    );
    let settings = settings(&manifest, &[]);
    let places = manifest.destinations(&manifest.credentials[0], &settings).unwrap();
    assert_eq!(places.iter().map(ToString::to_string).collect::<Vec<_>>(), global);
    let bound: Vec<String> = manifest.bound_parameters().into_iter().collect();
    assert_eq!(bound, ["cloud", "special"]);
}

#[test]
fn conditions_of_many_parameters_are_settled_quickly() {
    let mut text = String::new();
    for n in 0..64 {
        let before: Vec<String> = (0..n).map(|m| format!("p{m} = false")).collect();
        text += &parameter(
            &format!("p{n}"),
            "boolean",
            &format!("when = {{ {} }}", before.join(", ")),
        );
    }
    text += "[[egress]]\nto = 'https://api.example.org'\nwhen = { p63 = false }\n";
    let manifest = manifest(&text);
    let before = std::time::Instant::now();
    assert_eq!(shown(&manifest, &[]), ["https://api.example.org:443"]);
    assert!(shown(&manifest, &[("p0", "true")]).is_empty());
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
}
