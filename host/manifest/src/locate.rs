//! Where in a document a deserializer stumbled.
//!
//! A deserializer that reads a value says what is wrong, not where. The place is the part without which the message
//! changes, so parts are left out one after the other, from the outside in.

use std::fmt::Write;

use serde_json::Value;

/// How many parts of one list or table are tried. A document with more is not worth the time; the path then ends there.
const MAX_TRIES: usize = 128;

/// The path, such as `parameters[2].required`, of the part of `document` that `refused` complains about in `message`.
/// As far as it can be told: empty for the whole document.
pub(crate) fn locate(document: &Value, message: &str, refused: impl Fn(&Value) -> Option<String>) -> String {
    let mut pointer = String::new();
    let mut path = String::new();
    while let Some(step) = culprit(document, &pointer, message, &refused) {
        match step {
            Step::Key(key) => {
                let dot = if path.is_empty() { "" } else { "." };
                // Writing to a string cannot fail.
                let _ = write!(path, "{dot}{key}");
                let _ = write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
                let _ = write!(pointer, "/{index}");
            }
        }
    }
    path
}

enum Step {
    Key(String),
    Index(usize),
}

fn culprit(
    document: &Value,
    pointer: &str,
    message: &str,
    refused: &impl Fn(&Value) -> Option<String>,
) -> Option<Step> {
    let with = |replacement: Value| {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer)? = replacement;
        Some(refused(&changed))
    };
    match document.pointer(pointer)? {
        Value::Object(table) => table.keys().take(MAX_TRIES).find_map(|key| {
            let mut without = table.clone();
            without.remove(key);
            let new = with(Value::Object(without))?;
            (new.as_deref() != Some(message) && !only_misses(new.as_deref(), key, message))
                .then(|| Step::Key(key.clone()))
        }),
        // A list is read in its order: the first part that makes the list wrong is the one. Where the list is wrong
        // without any part, it is wrong itself.
        Value::Array(list) if with(Value::Array(Vec::new()))?.as_deref() != Some(message) => {
            (0..list.len().min(MAX_TRIES)).find_map(|index| {
                let start = list.iter().take(index + 1).cloned().collect();
                let new = with(Value::Array(start))?;
                (new.as_deref() == Some(message)).then_some(Step::Index(index))
            })
        }
        _ => None,
    }
}

/// Whether leaving out `key` only led to the complaint that `key` is missing, which says nothing where the original
/// message was about a missing key too.
fn only_misses(new: Option<&str>, key: &str, message: &str) -> bool {
    message.starts_with("missing field") && new == Some(format!("missing field `{key}`").as_str())
}
