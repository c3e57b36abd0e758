//! The JSON Schema that stands beside the contracts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

/// `RELAIS_WRITE_SCHEMA=1 cargo test -p relais-manifest` writes the file anew.
#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/connector.schema.json");
    let code = format!("{:#}\n", relais_manifest::schema());
    if std::env::var_os("RELAIS_WRITE_SCHEMA").is_some_and(|value| value == "1") {
        std::fs::write(&path, &code).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == code,
        "wit/connector.schema.json is not the schema of the code: set RELAIS_WRITE_SCHEMA=1 and run again"
    );
}

#[test]
fn the_schema_names_every_key_forbids_others_and_knows_no_null() {
    let schema = relais_manifest::schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["required"],
        serde_json::json!(["manifest-version", "id", "version", "name"])
    );
    let keys = ["services", "parameters", "egress", "credentials", "description"];
    assert!(keys.iter().all(|key| schema["properties"].get(key).is_some()));
    assert!(schema.get("$id").is_none());
    assert!(!schema.to_string().contains("null"), "{schema:#}");
}
