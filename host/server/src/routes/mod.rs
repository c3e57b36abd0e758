//! The handlers, a module for each kind of object.

mod accounts;
mod applications;
mod audit;
mod backup;
mod connectors;
mod deliveries;
mod instances;
mod mails;
pub mod oauth;
mod service_instances;
mod services;
pub mod sight;
mod tokens;
mod workspaces;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::api::problem::{Problem, ProblemField};
use crate::app::Shared;
use crate::body::{Bounds, bound};
use crate::options::Options;

/// What the document holds beside the operations.
#[derive(OpenApi)]
#[openapi(components(schemas(Problem, ProblemField)))]
struct Base;

/// Every route under `/api/`, and its description.
pub fn api(options: &Options) -> OpenApiRouter<Shared> {
    let bounded = |routes: OpenApiRouter<Shared>, limit: u64| {
        // The bounds below are stronger.
        let bounds = Bounds::new(options, limit);
        routes
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn_with_state(bounds, bound))
    };
    let small = OpenApiRouter::new()
        .merge(workspaces::routes())
        .merge(connectors::routes())
        .merge(instances::routes())
        .merge(accounts::routes())
        .merge(applications::routes())
        .merge(services::routes())
        .merge(service_instances::routes())
        .merge(tokens::routes())
        .merge(deliveries::routes())
        .merge(audit::routes())
        .merge(backup::routes());
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(bounded(small, options.request_bytes))
        .merge(bounded(mails::routes(), options.mail_bytes))
        .merge(bounded(connectors::large(), options.connector_bytes))
}
