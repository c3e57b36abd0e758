//! Connector instances.

use axum::extract::State;
use http::HeaderMap;
use relais_router::InstanceName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::instance::{Instance, Instances};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named};
use crate::lang;
use crate::refusal::Refusal;

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Every connector instance of the workspace.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances", tag = "instances",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, body = Instances)))]
async fn list(State(app): State<Shared>, admin: Admin, headers: HeaderMap) -> Result<Json<Instances>, Refusal> {
    let lang = lang::of(&headers);
    let views = app.blocking(move |router| router.instances(&admin.ws)).await?;
    Ok(Json(Instances {
        instances: views.iter().map(|view| Instance::new(view, lang)).collect(),
    }))
}

/// One connector instance.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}", tag = "instances",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    responses((status = 200, body = Instance)))]
async fn show(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
    headers: HeaderMap,
) -> Result<Json<Instance>, Refusal> {
    let view = app.blocking(move |router| router.instance(&admin.ws, &name)).await?;
    Ok(Json(Instance::new(&view, lang::of(&headers))))
}
