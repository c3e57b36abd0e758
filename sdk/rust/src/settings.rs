//! The instance's parameters as a struct of the connector's own.

use serde::de::DeserializeOwned;

use crate::{Failure, kind};

/// Reads the parameters of this connector instance. Members that the struct does not name are ignored, since a manifest
/// may have parameters that only the host uses. A `duration` arrives as a number of seconds.
///
/// # Errors
///
/// A failure of kind `configuration` that names the member which is missing or of another type.
pub fn parameters<T: DeserializeOwned>() -> Result<T, Failure> {
    read_parameters(&crate::parameters::json())
}

/// [`parameters`] from a text, so that a connector's tests can say what the host would.
///
/// # Errors
///
/// As [`parameters`].
pub fn read_parameters<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    serde_json::from_str(json)
        .map_err(|error| Failure::new(kind::CONFIGURATION, format!("the parameters of this instance: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::read_parameters;

    #[derive(Debug, serde::Deserialize)]
    struct Settings {
        host: String,
        port: u16,
    }

    #[test]
    fn members_that_the_struct_does_not_name_are_ignored() {
        let settings: Settings = read_parameters(r#"{"host":"a.example","port":25,"sender":"x@y.example"}"#).unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("a.example", 25));
    }

    #[test]
    fn a_missing_member_is_named() {
        let failure = read_parameters::<Settings>(r#"{"host":"a.example"}"#).unwrap_err();
        assert_eq!(failure.kind, "configuration");
        assert!(failure.text.contains("`port`"), "{}", failure.text);
    }

    #[test]
    fn a_member_of_another_type_is_a_configuration_failure() {
        let failure = read_parameters::<Settings>(r#"{"host":"a.example","port":70000}"#).unwrap_err();
        assert_eq!(failure.kind, "configuration");
        assert!(failure.text.contains("70000"), "{}", failure.text);
    }
}
