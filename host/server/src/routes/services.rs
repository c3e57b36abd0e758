//! Services: which connector instance sends.

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::service::Services;
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::Json;
use crate::refusal::Refusal;

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The services, and which connector instance each uses.
#[utoipa::path(get, path = "/api/v1/{workspace}/services", tag = "services",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, body = Services)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<Services>, Refusal> {
    let views = app.blocking(move |router| router.services(&admin.ws)).await?;
    Ok(Json(Services {
        services: views.iter().map(Into::into).collect(),
    }))
}
