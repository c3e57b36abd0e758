//! The effective values of an instance.

use serde_json::{Map, Value};

/// The effective values of an instance: checked, typed, defaults filled in, in the manifest's order. Without secrets and
/// accounts, and without the parameters that do not apply or that nobody set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The values by parameter id: numbers for `integer`, `port` and `duration` (seconds), `true` and `false` for
    /// `boolean`, strings for the rest.
    pub values: Map<String, Value>,
}

impl Settings {
    /// The values as a JSON object: what the connector receives.
    pub fn json(&self) -> String {
        Value::Object(self.values.clone()).to_string()
    }

    /// The value of a parameter whose values are strings.
    pub fn text(&self, id: &str) -> Option<&str> {
        self.values.get(id)?.as_str()
    }

    /// The value of a `boolean`.
    pub fn boolean(&self, id: &str) -> Option<bool> {
        self.values.get(id)?.as_bool()
    }

    /// The value of an `integer`.
    pub fn integer(&self, id: &str) -> Option<i64> {
        self.values.get(id)?.as_i64()
    }

    /// The value of a `port`.
    pub fn port(&self, id: &str) -> Option<u16> {
        self.values.get(id)?.as_u64()?.try_into().ok()
    }

    /// The value of a `duration`, in seconds.
    pub fn seconds(&self, id: &str) -> Option<u64> {
        self.values.get(id)?.as_u64()
    }
}
