//! The published JSON Schema of the manifest, made from the types that read it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use crate::manifest::Manifest;

/// The JSON Schema (draft 2020-12) of a manifest, for the editor of whoever writes a `connector.toml`. It describes the
/// shape; [`Manifest::validate`] also judges the sense.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(ForToml));
    settings.into_generator().into_root_schema_for::<Manifest>().to_value()
}

/// TOML has no null: a key that may be missing is missing. And a description is a paragraph, not the lines of a source file.
#[derive(Debug, Clone)]
struct ForToml;

impl Transform for ForToml {
    fn transform(&mut self, schema: &mut Schema) {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::String(description)) = object.get_mut("description") {
            *description = description.replace('\n', " ");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|word| word != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        let Some(Value::Array(options)) = object.get_mut("anyOf") else {
            return;
        };
        options.retain(|option| option.get("type").and_then(Value::as_str) != Some("null"));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
}
