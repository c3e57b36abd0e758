//! The fields that an error of the router is about, so that a form can mark them.

use relais_manifest::{EmbedError, InvalidManifest, Lang};
use relais_router::{
    AccountError, ConnectorError, DeliveryError, Error, InstanceError, SendError, ServiceError, ServiceInstanceError,
    TokenError, WorkspaceError,
};
use relais_sandbox::LoadError;

use super::pick;
use crate::api::problem::ProblemField;

fn field(field: &str, message: String) -> ProblemField {
    ProblemField {
        field: field.to_owned(),
        message,
    }
}

/// All fields that the error names; none where it is about no field.
pub fn fields(lang: Lang, error: &Error) -> Vec<ProblemField> {
    let text = || error.text(lang);
    let one = |name: &str| vec![field(name, text())];
    match error {
        Error::Name(error) => one(&error.field.replace('-', "_")),
        Error::Workspace(WorkspaceError::Unknown(_) | WorkspaceError::Exists(_) | WorkspaceError::Remembered(_)) => {
            one("workspace")
        }
        Error::ServiceInstance(ServiceInstanceError::Unknown(_) | ServiceInstanceError::Exists(_)) => {
            one("service_instance")
        }
        Error::Delivery(DeliveryError::Unknown { .. }) => one("delivery"),
        Error::Token(TokenError::Unknown { .. }) => one("token"),
        Error::Token(TokenError::Exists { .. }) => one("name"),
        Error::Token(TokenError::AdminBound | TokenError::Elsewhere { .. }) => one("service_instance"),
        Error::Settings(errors) => errors
            .iter()
            .map(|error| field(&error.field.replace('-', "_"), error.message(lang)))
            .collect(),
        Error::Connector(error) => match error {
            ConnectorError::Unknown { .. } | ConnectorError::NotEnabled { .. } => one("connector"),
            ConnectorError::Load(error) => match error.as_ref() {
                LoadError::Manifest(EmbedError::Invalid(invalid)) => manifest(lang, invalid),
                _ => one("file"),
            },
            _ => Vec::new(),
        },
        Error::Account(error) => account(error).map(one).unwrap_or_default(),
        Error::Service(ServiceError::Unknown { .. }) => one("service"),
        Error::Service(ServiceError::NotServed { .. } | ServiceError::Forced { .. }) => one("instance"),
        Error::Instance(error) => instance(lang, error, &text),
        Error::Send(SendError::Message(errors)) => message(lang, errors),
        _ => Vec::new(),
    }
}

fn instance(lang: Lang, error: &InstanceError, text: &dyn Fn() -> String) -> Vec<ProblemField> {
    let one = |name: &str| vec![field(name, text())];
    match error {
        InstanceError::Unknown { .. } | InstanceError::Exists { .. } => one("instance"),
        InstanceError::Fields(errors) => errors
            .iter()
            .map(|error| field(&error.field, error.reason.text(lang)))
            .collect(),
        // The text has a line for each, in this order.
        InstanceError::Secrets(errors) => {
            let texts = text();
            let lines = texts.lines().map(str::to_owned);
            let pair = |(error, line): (&relais_router::SecretError, String)| field(&error.field, line);
            errors.iter().zip(lines).map(pair).collect()
        }
        InstanceError::SecretsNeeded { fields, .. }
        | InstanceError::AccountsNeeded { fields, .. }
        | InstanceError::SecretsLost { fields, .. } => fields.iter().flat_map(|field| one(field)).collect(),
        InstanceError::Grant { .. } | InstanceError::TooManyGrants { .. } => one("grant"),
        InstanceError::Contradiction { field } | InstanceError::NoSuchField { field } => one(field),
        _ => Vec::new(),
    }
}

/// The field that an error of an account is about.
fn account(error: &AccountError) -> Option<&'static str> {
    Some(match error {
        AccountError::Unknown { .. } | AccountError::NotAssociated(_) => "parameter",
        AccountError::ProviderNeeded { .. }
        | AccountError::ProviderUnknown { .. }
        | AccountError::ApplicationUnknown { .. } => "provider",
        AccountError::FlowNotOffered { .. } => "flow",
        AccountError::OriginsNeeded { .. } | AccountError::Origin { .. } => "origins",
        AccountError::Application(_) => "application",
        AccountError::WrongAddress => "address",
        _ => return None,
    })
}

/// The fields of a mail that were refused.
pub fn message(lang: Lang, errors: &[relais_message::FieldError]) -> Vec<ProblemField> {
    let word = pick(lang, "fr", "en");
    errors
        .iter()
        .map(|error| field(&error.field, error.reason.text(word)))
        .collect()
}

/// The places of a manifest that were refused.
pub fn manifest(lang: Lang, invalid: &InvalidManifest) -> Vec<ProblemField> {
    let one = |error: &relais_manifest::ManifestError| field(&error.path, error.kind.text(lang));
    invalid.errors.iter().map(one).collect()
}
