//! Everything that ends a command without an answer, in one shape: a status, a stable word, a text, and the fields it is about.

use std::borrow::Cow;

use relais_manifest::{InvalidManifest, Lang};
use relais_router::{ConnectorError, Error};
use relais_sandbox::LoadError;
use relais_server::api::problem::ProblemField;
use relais_server::texts::fields;
use serde_json::{Map, Value, json};

use crate::exit::Status;
use crate::texts::pick;

/// Why a command did not answer.
#[derive(Debug)]
pub struct Fault {
    pub status: Status,
    /// A word that never changes, for programs.
    pub code: Cow<'static, str>,
    /// What is wrong and what to do, in the language of whoever reads.
    pub message: String,
    pub fields: Vec<Field>,
    /// Further facts for programs.
    pub more: Vec<(Cow<'static, str>, Value)>,
}

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// A parameter's id, an option's name or a manifest's path.
    pub field: String,
    pub message: String,
}

impl Fault {
    pub fn new(status: Status, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
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
        let fields = fields::manifest(lang, invalid).into_iter().map(Field::from);
        Self::fields(lang, "manifest-invalid", fields.collect())
    }

    /// A file that is no connector for this host.
    pub fn load(lang: Lang, error: LoadError) -> Self {
        Self::router(lang, &ConnectorError::Load(Box::new(error)).into())
    }

    /// An error of the router where no API stands before it.
    pub fn router(lang: Lang, error: &Error) -> Self {
        Self {
            fields: fields::fields(lang, error).into_iter().map(Field::from).collect(),
            ..Self::new(Status::of(error), error.code(), error.text(lang))
        }
    }

    /// The JSON of an error.
    pub fn json(&self) -> Value {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|field| json!({"field": field.field, "message": field.message}))
            .collect();
        let mut error = Map::from_iter([
            ("code".to_owned(), self.code.as_ref().into()),
            ("message".to_owned(), self.message.as_str().into()),
            ("fields".to_owned(), fields.into()),
        ]);
        error.extend(
            self.more
                .iter()
                .map(|(name, value)| (name.clone().into_owned(), value.clone())),
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

impl From<ProblemField> for Field {
    fn from(field: ProblemField) -> Self {
        Self {
            field: field.field,
            message: field.message,
        }
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
}
