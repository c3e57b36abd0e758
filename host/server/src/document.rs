//! The OpenAPI document, and the page on which it can be tried.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Schema, SecurityRequirement};
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::api::problem::PROBLEM_JSON;
use crate::app::Shared;

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";
const DESCRIPTION: &str = "Relais takes mails over and sends them through sandboxed connectors. A mail that was accepted (202) is \
     stored durably: it leaves once, or waits where an administrator sees why.\n\nErrors are problem details (RFC 9457), in French or \
     English by `Accept-Language`. Workspaces that a token may not see are answered as unknown ones.";

/// What any operation may answer, and why.
const PROBLEMS: [(&str, &str); 13] = [
    ("400", "The request cannot be read"),
    ("401", "A token is needed"),
    ("403", "Not permitted"),
    ("404", "There is no such thing, or it is not for this caller"),
    ("405", "No such method here"),
    ("406", "No answer of the types that `Accept` names"),
    ("408", "The request took too long to arrive"),
    ("409", "In conflict with how things are"),
    ("413", "The request is too large"),
    ("422", "Values that are not accepted"),
    ("424", "The connector failed; `kind`, `remote_code` and `text` say how"),
    ("429", "Too many requests; `Retry-After` says how long to wait"),
    ("503", "Not available for now; `Retry-After` says how long to wait"),
];

/// The document without and with its page.
pub fn routes(mut document: OpenApi) -> Router<Shared> {
    complete(&mut document);
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    let serve = move || {
        let text = axum::body::Bytes::copy_from_slice(text.as_bytes());
        async move { ([(CONTENT_TYPE, "application/json")], text).into_response() }
    };
    let config = Config::new([Url::new("Relais", DOCUMENT)]);
    Router::new()
        .route(DOCUMENT, get(serve))
        .merge(SwaggerUi::new("/docs").config(config))
}

/// What holds for every operation is said once, here.
fn complete(document: &mut OpenApi) {
    "Relais".clone_into(&mut document.info.title);
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.info.description = Some(DESCRIPTION.to_owned());
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the workspace: `relais_…`"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    document.security = Some(vec![SecurityRequirement::new("token", [] as [&str; 0])]);
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(|operation| {
            problems(operation);
            examples(operation);
        });
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// What stands in a path, by its name: with it, the page can be tried as it is.
const EXAMPLES: [(&str, &str); 8] = [
    ("workspace", "default"),
    ("service", "mail"),
    ("publisher", "relais"),
    ("connector", "smtp"),
    ("instance", "smtp"),
    ("service_instance", "invoices"),
    ("parameter", "account"),
    ("provider", "microsoft"),
];

fn examples(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let known = EXAMPLES.iter().find(|(name, _)| *name == parameter.name);
        if let (Some((_, example)), Some(RefOr::T(Schema::Object(schema)))) = (known, &mut parameter.schema) {
            schema.examples = vec![(*example).into()];
        }
    }
}

fn problems(operation: &mut Operation) {
    let mut add = |status: &str, description: &str| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content(PROBLEM_JSON, content)
            .build();
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    };
    for (status, description) in PROBLEMS {
        add(status, description);
    }
    if operation.request_body.is_some() {
        add("415", "The content type is not accepted here");
    }
}
