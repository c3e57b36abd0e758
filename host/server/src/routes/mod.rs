//! The handlers, a module for each kind of object.

mod connectors;
mod instances;
mod services;
pub mod sight;

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
        .merge(connectors::routes())
        .merge(instances::routes())
        .merge(services::routes());
    OpenApiRouter::with_openapi(Base::openapi()).merge(bounded(small, options.request_bytes))
}
