//! Services: which connector instance sends.

use axum::extract::State;
use relais_router::{Error, InstanceName, Router, WorkspaceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::service::{Choice, Chosen, Services};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named, ServiceWord};
use crate::refusal::Refusal;

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(choose))
        .routes(routes!(force))
}

/// The services, and which connector instance each uses.
#[utoipa::path(get, path = "/api/v1/{workspace}/services", tag = "services", operation_id = "services",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Services)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<Services>, Refusal> {
    let views = app.blocking(move |router| router.services(&admin.ws)).await?;
    Ok(Json(Services {
        services: views.iter().map(Into::into).collect(),
    }))
}

/// Chooses the connector instance that a service uses when nothing names one; `null` leaves it without.
#[utoipa::path(put, path = "/api/v1/{workspace}/services/{service}/default", tag = "services", operation_id = "set_default",
    params(("workspace" = String, Path, max_length = 63), ("service" = String, Path, max_length = 63)),
    request_body = Choice,
    responses((status = 200, description = "As it is now", body = Chosen)))]
async fn choose(
    State(app): State<Shared>,
    admin: Admin,
    Named(service): Named<ServiceWord>,
    Json(choice): Json<Choice>,
) -> Result<Json<Chosen>, Refusal> {
    let instance = instance(choice)?;
    let chosen = app.blocking(move |router| {
        match &instance {
            Some(instance) => router.set_default(&admin.who, &admin.ws, &service.0, instance)?,
            None => router.clear_default(&admin.who, &admin.ws, &service.0)?,
        }
        chosen(router, &admin.ws, service.0)
    });
    Ok(Json(chosen.await?))
}

/// Forces a service to one connector instance, whatever names another; `null` leaves it free again.
#[utoipa::path(put, path = "/api/v1/{workspace}/services/{service}/force", tag = "services", operation_id = "force_service",
    params(("workspace" = String, Path, max_length = 63), ("service" = String, Path, max_length = 63)),
    request_body = Choice,
    responses((status = 200, description = "As it is now", body = Chosen)))]
async fn force(
    State(app): State<Shared>,
    admin: Admin,
    Named(service): Named<ServiceWord>,
    Json(choice): Json<Choice>,
) -> Result<Json<Chosen>, Refusal> {
    let instance = instance(choice)?;
    let chosen = app.blocking(move |router| {
        router.force(&admin.who, &admin.ws, &service.0, instance.as_ref())?;
        chosen(router, &admin.ws, service.0)
    });
    Ok(Json(chosen.await?))
}

fn instance(choice: Choice) -> Result<Option<InstanceName>, Refusal> {
    let name = choice.instance.map(|name| InstanceName::new(&name));
    Ok(name.transpose().map_err(Error::from)?)
}

fn chosen(router: &Router, ws: &WorkspaceName, service: String) -> Result<Chosen, Error> {
    let views = router.services(ws)?;
    let view = views.into_iter().find(|view| view.service.name == service);
    let text = |name: Option<InstanceName>| name.map(|name| name.to_string());
    let (default, forced) = view.map(|view| (view.default, view.forced)).unwrap_or_default();
    Ok(Chosen {
        service,
        default: text(default),
        forced: text(forced),
    })
}
