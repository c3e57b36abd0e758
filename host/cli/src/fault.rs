//! Everything that ends a command without an answer, in one shape: a status, a stable word, a text, and the fields it is about.

use relais_manifest::{EmbedError, InvalidManifest, Lang};
use relais_router::{ConnectorError, Error, InstanceError, SendError, ServiceError};
use relais_sandbox::LoadError;
use serde_json::{Map, Value, json};

use crate::exit::Status;
use crate::texts::{failure, pick};

/// Why a command did not answer.
#[derive(Debug)]
pub struct Fault {
    pub status: Status,
    /// A word that never changes, for programs.
    pub code: &'static str,
    /// What is wrong and what to do, in the language of whoever reads.
    pub message: String,
    pub fields: Vec<Field>,
    /// Further facts for programs.
    pub more: Vec<(&'static str, Value)>,
}

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// A parameter's id, an option's name or a manifest's path.
    pub field: String,
    pub message: String,
}

impl Fault {
    pub fn new(status: Status, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: Vec::new(),
            more: Vec::new(),
        }
    }

    /// Input that is wrong as a whole.
    pub fn input(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Status::BadInput, code, message)
    }

    /// Input that is wrong in one field.
    pub fn field(lang: Lang, field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::fields(
            lang,
            code,
            vec![Field {
                field: field.to_owned(),
                message: message.into(),
            }],
        )
    }

    fn fields(lang: Lang, code: &'static str, fields: Vec<Field>) -> Self {
        let colon = pick(lang, " :", ":");
        let line = |field: &Field| match field.field.as_str() {
            "" => field.message.clone(),
            name => format!("{name}{colon} {}", field.message),
        };
        let message = fields.iter().map(line).collect::<Vec<_>>().join("\n");
        Self {
            fields,
            ..Self::input(code, message)
        }
    }

    /// A manifest that is refused, with the path of each finding.
    pub fn manifest(lang: Lang, invalid: &InvalidManifest) -> Self {
        Self::fields(lang, "manifest-invalid", manifest_fields(lang, invalid))
    }

    /// A file that is no connector for this host.
    pub fn load(lang: Lang, error: LoadError) -> Self {
        Self::router(lang, &ConnectorError::Load(Box::new(error)).into())
    }

    /// An error of the router, in any command but `send`.
    pub fn router(lang: Lang, error: &Error) -> Self {
        Self::from_router(lang, error, Status::of(error))
    }

    /// An error of the router in `send`.
    pub fn send(lang: Lang, error: &Error) -> Self {
        Self::from_router(lang, error, Status::of_send(error))
    }

    fn from_router(lang: Lang, error: &Error, status: Status) -> Self {
        let message = match error {
            Error::Send(error) => failure::text(lang, error),
            _ => None,
        };
        let message = message.unwrap_or_else(|| error.text(lang));
        let mut fault = Self {
            fields: fields(lang, error),
            ..Self::new(status, error.code(), message)
        };
        if let Error::Send(error) = error {
            fault.more = failure::facts(lang, error);
        }
        fault
    }

    /// The JSON of an error.
    pub fn json(&self) -> Value {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|field| json!({"field": field.field, "message": field.message}))
            .collect();
        let mut error = Map::from_iter([
            ("code".to_owned(), self.code.into()),
            ("message".to_owned(), self.message.as_str().into()),
            ("fields".to_owned(), fields.into()),
        ]);
        error.extend(
            self.more
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        json!({ "error": error })
    }

    /// The text for people.
    pub fn text(&self, lang: Lang) -> String {
        let start = pick(lang, "Erreur :", "Error:");
        if self.message.contains('\n') {
            let indented = self.message.lines().map(|line| format!("\n  {line}"));
            format!("{start}{}", indented.collect::<String>())
        } else {
            format!("{start} {}", self.message)
        }
    }
}

fn send_fields(lang: Lang, error: &SendError) -> Vec<Field> {
    match error {
        SendError::Message(errors) => {
            let word = pick(lang, "fr", "en");
            let field = |error: &relais_message::FieldError| Field {
                field: error.field.clone(),
                message: error.reason.text(word),
            };
            errors.iter().map(field).collect()
        }
        _ => Vec::new(),
    }
}

fn manifest_fields(lang: Lang, invalid: &InvalidManifest) -> Vec<Field> {
    let field = |error: &relais_manifest::ManifestError| Field {
        field: error.path.clone(),
        message: error.kind.text(lang),
    };
    invalid.errors.iter().map(field).collect()
}

/// The fields that an error is about, so that a form can mark them.
fn fields(lang: Lang, error: &Error) -> Vec<Field> {
    let text = || error.text(lang);
    let one = |field: &str| {
        vec![Field {
            field: field.to_owned(),
            message: text(),
        }]
    };
    match error {
        Error::Name(error) => one(error.field),
        Error::Workspace(_) => one("workspace"),
        Error::Connector(ConnectorError::Unknown { .. }) => one("connector"),
        Error::Connector(ConnectorError::Load(error)) => match error.as_ref() {
            LoadError::Manifest(EmbedError::Invalid(invalid)) => manifest_fields(lang, invalid),
            _ => one("file"),
        },
        Error::Service(ServiceError::Unknown { .. }) => one("service"),
        Error::Service(ServiceError::NotServed { .. }) => one("instance"),
        Error::Instance(error) => match error {
            InstanceError::Unknown { .. } | InstanceError::Exists { .. } => one("instance"),
            InstanceError::Fields(errors) => {
                let field = |error: &relais_manifest::FieldError| Field {
                    field: error.field.clone(),
                    message: error.reason.text(lang),
                };
                errors.iter().map(field).collect()
            }
            // The text has a line for each, in this order.
            InstanceError::Secrets(errors) => {
                let texts = text();
                let lines = texts.lines().map(str::to_owned);
                errors
                    .iter()
                    .zip(lines)
                    .map(|(error, message)| Field {
                        field: error.field.clone(),
                        message,
                    })
                    .collect()
            }
            InstanceError::SecretsNeeded { fields, .. } => fields.iter().flat_map(|field| one(field)).collect(),
            InstanceError::Grant { .. } | InstanceError::TooManyGrants { .. } => one("grant"),
            InstanceError::Contradiction { field } | InstanceError::NoSuchField { field } => one(field),
            InstanceError::SecretsLost { fields, .. } => fields.iter().flat_map(|field| one(field)).collect(),
            InstanceError::InUse { .. } | InstanceError::Pending { .. } => Vec::new(),
        },
        Error::Send(error) => send_fields(lang, error),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_refused_field_is_named_in_the_text_and_in_the_json() {
        let fault = Fault::field(Lang::Fr, "port", "bad", "trop grand.");
        assert_eq!(fault.text(Lang::Fr), "Erreur : port : trop grand.");
        let json = fault.json();
        assert_eq!(json["error"]["code"], "bad");
        assert_eq!(json["error"]["fields"][0]["field"], "port");
        assert_eq!(fault.status.number(), 2);
    }

    #[test]
    fn several_lines_are_set_in_under_the_word_error() {
        let fault = Fault::input("bad", "one\ntwo");
        assert_eq!(fault.text(Lang::En), "Error:\n  one\n  two");
    }

    #[test]
    fn a_refused_message_names_its_fields() {
        let errors = relais_message::Draft {
            to: vec!["nobody".into()],
            ..Default::default()
        }
        .accept(&relais_message::Limits::default())
        .unwrap_err();
        let fault = Fault::send(Lang::En, &SendError::Message(errors).into());
        assert_eq!(fault.status.number(), 2);
        let fields: Vec<&str> = fault.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(fields, ["from", "to[0]"]);
        assert!(fault.message.contains("to[0]: "), "{}", fault.message);
    }
}
