//! The manifest inside a component.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::smtp;
use relais_manifest::embed::{SECTION, pack, read};
use relais_manifest::{EmbedError, Lang, ManifestErrorKind};
use wasm_encoder::{ComponentSection, CustomSection};

fn component() -> Vec<u8> {
    wat::parse_str("(component (core module (func)) (type (func)) (component))").unwrap()
}

fn append(mut component: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    CustomSection {
        name: name.into(),
        data: data.into(),
    }
    .append_to_component(&mut component);
    component
}

#[test]
fn what_is_packed_is_read_and_the_component_stays_whole() {
    let packed = pack(&component(), &smtp()).unwrap();
    assert_eq!(read(&packed).unwrap(), smtp());
    assert!(packed.starts_with(&component()));
    assert!(wasmparser::validate(&packed).is_ok());
}

#[test]
fn packing_again_replaces_the_manifest_and_nothing_else() {
    let once = pack(&append(component(), "producers", b"x"), &smtp()).unwrap();
    let mut newer = smtp();
    newer.version = "0.2.0".into();
    let twice = pack(&once, &newer).unwrap();
    assert_eq!(read(&twice).unwrap(), newer);
    assert_eq!(pack(&twice, &smtp()).unwrap(), once);
}

#[test]
fn several_manifests_are_refused_until_packing_leaves_one() {
    let two = append(pack(&component(), &smtp()).unwrap(), SECTION, b"{}");
    assert_eq!(read(&two), Err(EmbedError::TwoManifests));
    assert_eq!(read(&pack(&two, &smtp()).unwrap()).unwrap(), smtp());
}

#[test]
fn a_manifest_inside_a_nested_module_or_component_is_none() {
    let json = smtp()
        .to_json()
        .unwrap()
        .replace('"', "\\22")
        .replace('é', "e")
        .replace('à', "a");
    for nested in ["core module", "component"] {
        let text = format!("(component ({nested} (@custom \"{SECTION}\" \"{json}\")))");
        let component = wat::parse_str(&text).unwrap();
        assert!(
            component
                .windows(SECTION.len())
                .any(|window| window == SECTION.as_bytes())
        );
        assert_eq!(read(&component), Err(EmbedError::NoManifest), "{nested}");
    }
}

#[test]
fn files_that_are_no_component_are_told_apart() {
    assert_eq!(read(b""), Err(EmbedError::Empty));
    assert_eq!(read(b"PK\x03\x04 a zip file"), Err(EmbedError::NotWasm));
    assert_eq!(read(b"(component)"), Err(EmbedError::NotWasm));
    assert_eq!(read(b"\0as"), Err(EmbedError::Truncated { at: 3 }));
    assert_eq!(read(b"\0asm\x0d\0\x01"), Err(EmbedError::Truncated { at: 7 }));
    assert_eq!(read(&wat::parse_str("(module)").unwrap()), Err(EmbedError::CoreModule));
    assert_eq!(
        read(b"\0asm\x0e\0\x01\0"),
        Err(EmbedError::UnknownFormat { version: 14, layer: 1 })
    );
    assert_eq!(read(&component()), Err(EmbedError::NoManifest));
    assert_eq!(pack(b"", &smtp()), Err(EmbedError::Empty));
    assert_eq!(
        pack(&wat::parse_str("(module)").unwrap(), &smtp()),
        Err(EmbedError::CoreModule)
    );
}

#[test]
fn a_component_cut_anywhere_is_never_read_as_whole() {
    let packed = pack(&component(), &smtp()).unwrap();
    let mut truncated = 0;
    for end in 0..packed.len() {
        match read(&packed[..end]) {
            Err(EmbedError::Truncated { at }) => {
                assert_eq!(at, end);
                truncated += 1;
            }
            // A cut between two sections leaves a whole component, without its manifest.
            Err(EmbedError::Empty | EmbedError::NoManifest) => {}
            other => panic!("cut at {end}: {other:?}"),
        }
    }
    assert!(truncated > packed.len() - 10);
}

#[test]
fn no_change_of_any_byte_makes_reading_panic() {
    let packed = pack(&component(), &smtp()).unwrap();
    for at in 0..packed.len().min(400) {
        for byte in [0x00, 0x7f, 0x80, 0xff] {
            let mut changed = packed.clone();
            changed[at] = byte;
            let _ = read(&changed);
        }
    }
}

#[test]
fn a_length_beyond_all_bounds_is_damage_and_not_a_read() {
    let mut endless = component();
    endless.extend([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    assert_eq!(read(&endless), Err(EmbedError::Malformed { at: component().len() }));
    let mut long = component();
    long.extend([0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    assert_eq!(read(&long), Err(EmbedError::Truncated { at: long.len() }));
}

#[test]
fn a_manifest_that_is_not_valid_is_neither_read_nor_packed() {
    let kind = |error: EmbedError| match error {
        EmbedError::Invalid(invalid) => invalid.errors[0].kind.clone(),
        other => panic!("{other:?}"),
    };
    let broken = append(component(), SECTION, b"{\"manifest-version\": 7}");
    let error = read(&broken).unwrap_err();
    assert!(error.text(Lang::Fr).contains("mettez Relais à jour"));
    assert_eq!(kind(error), ManifestErrorKind::FutureVersion(7));
    let large = append(component(), SECTION, &vec![b' '; 256 * 1024 + 1]);
    assert_eq!(
        kind(read(&large).unwrap_err()),
        ManifestErrorKind::TooLarge { max: 256 * 1024 }
    );
    let mut invalid = smtp();
    invalid.id = "Nobody".into();
    assert!(matches!(
        kind(pack(&component(), &invalid).unwrap_err()),
        ManifestErrorKind::Id(_)
    ));
}
