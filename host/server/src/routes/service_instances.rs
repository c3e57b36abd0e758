//! Service instances.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use relais_router::{Error, InstanceName, ServiceInstanceEdit as Edit, ServiceInstanceName, UncertainPolicy};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Removed;
use crate::api::service_instance::{NewServiceInstance, ServiceInstance, ServiceInstanceEdit, ServiceInstances};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named, created};
use crate::refusal::{Refusal, Request as Wrong};

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit, remove))
}

/// Every service instance of the workspace.
#[utoipa::path(get, path = "/api/v1/{workspace}/service-instances", tag = "service instances", operation_id = "service_instances",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = ServiceInstances)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<ServiceInstances>, Refusal> {
    let views = app.blocking(move |router| router.service_instances(&admin.ws)).await?;
    Ok(Json(ServiceInstances {
        service_instances: views.iter().map(Into::into).collect(),
    }))
}

/// Creates a service instance of the mail service.
#[utoipa::path(post, path = "/api/v1/{workspace}/service-instances", tag = "service instances",
    operation_id = "create_service_instance",
    params(("workspace" = String, Path, max_length = 63)),
    request_body = NewServiceInstance,
    responses((status = 201, description = "Created", body = ServiceInstance)))]
async fn create(
    State(app): State<Shared>,
    admin: Admin,
    Json(new): Json<NewServiceInstance>,
) -> Result<Response, Refusal> {
    let name = ServiceInstanceName::new(&new.name).map_err(Error::from)?;
    let edit = Edit {
        title: Some(new.title),
        connector_instance: Some(instance(new.instance)?),
        uncertain: new.uncertain.as_deref().map(policy).transpose()?,
        give_up: new.give_up.map(Duration::from_secs),
        notices_through: Some(instance(new.notices_through)?),
    };
    let location = format!("/api/v1/{}/service-instances/{name}", admin.ws);
    let view = app
        .blocking(move |router| router.create_service_instance(&admin.who, &admin.ws, &name, edit))
        .await?;
    Ok(created(&location, ServiceInstance::from(&view)))
}

/// One service instance.
#[utoipa::path(get, path = "/api/v1/{workspace}/service-instances/{service_instance}", tag = "service instances",
    operation_id = "service_instance",
    params(("workspace" = String, Path, max_length = 63), ("service_instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "The service instance", body = ServiceInstance)))]
async fn show(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<ServiceInstanceName>,
) -> Result<Json<ServiceInstance>, Refusal> {
    let view = app
        .blocking(move |router| router.service_instance(&admin.ws, &name))
        .await?;
    Ok(Json((&view).into()))
}

/// Edits a service instance, and renames it where a name is given. Tokens that are bound to it go on working. Where the new name
/// is taken, the rest of the edit is done all the same.
#[utoipa::path(patch, path = "/api/v1/{workspace}/service-instances/{service_instance}", tag = "service instances",
    operation_id = "edit_service_instance",
    params(("workspace" = String, Path, max_length = 63), ("service_instance" = String, Path, max_length = 63)),
    request_body = ServiceInstanceEdit,
    responses((status = 200, description = "As it is now", body = ServiceInstance)))]
async fn edit(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<ServiceInstanceName>,
    Json(wish): Json<ServiceInstanceEdit>,
) -> Result<Json<ServiceInstance>, Refusal> {
    let new_name = wish.name.as_deref().map(ServiceInstanceName::new).transpose();
    let new_name = new_name.map_err(Error::from)?.filter(|new| *new != name);
    let edit = Edit {
        title: wish.title,
        connector_instance: wish.instance.map(instance).transpose()?,
        uncertain: wish.uncertain.as_deref().map(policy).transpose()?,
        give_up: wish.give_up.map(Duration::from_secs),
        notices_through: wish.notices_through.map(instance).transpose()?,
    };
    let view = app.blocking(move |router| {
        let changes = edit != Edit::default();
        match new_name {
            Some(to) => {
                if changes {
                    router.edit_service_instance(&admin.who, &admin.ws, &name, edit)?;
                }
                router.rename_service_instance(&admin.who, &admin.ws, &name, &to)
            }
            None if changes => router.edit_service_instance(&admin.who, &admin.ws, &name, edit),
            None => router.service_instance(&admin.ws, &name),
        }
    });
    Ok(Json((&view.await?).into()))
}

/// Removes a service instance; refused while a token is good for it alone.
#[utoipa::path(delete, path = "/api/v1/{workspace}/service-instances/{service_instance}", tag = "service instances",
    operation_id = "remove_service_instance",
    params(("workspace" = String, Path, max_length = 63), ("service_instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "Removed", body = Removed)))]
async fn remove(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<ServiceInstanceName>,
) -> Result<Json<Removed>, Refusal> {
    let removed = name.to_string();
    app.blocking(move |router| router.remove_service_instance(&admin.who, &admin.ws, &name))
        .await?;
    Ok(Json(Removed { removed }))
}

fn instance(name: Option<String>) -> Result<Option<InstanceName>, Refusal> {
    let name = name.map(|name| InstanceName::new(&name)).transpose();
    Ok(name.map_err(Error::from)?)
}

fn policy(word: &str) -> Result<UncertainPolicy, Refusal> {
    match word {
        "hold" => Ok(UncertainPolicy::Hold),
        "resend" => Ok(UncertainPolicy::Resend),
        "close" => Ok(UncertainPolicy::Close),
        _ => Err(Wrong::Invalid {
            field: "uncertain",
            code: "field-invalid",
            fr: "indiquez hold, resend ou close.",
            en: "give hold, resend or close.",
        }
        .into()),
    }
}
