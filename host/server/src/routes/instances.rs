//! Connector instances.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use relais_router::{Edit, Error, InstanceName, New};
use relais_sandbox::Secret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::instance::{Instance, InstanceEdit, Instances, NewInstance, Verified};
use crate::api::{Removed, named};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named, created};
use crate::lang;
use crate::refusal::Refusal;

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit, remove))
        .routes(routes!(verify))
}

/// Every connector instance of the workspace.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances", tag = "instances", operation_id = "instances",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Instances)))]
async fn list(State(app): State<Shared>, admin: Admin, headers: HeaderMap) -> Result<Json<Instances>, Refusal> {
    let lang = lang::of(&headers);
    let views = app.blocking(move |router| router.instances(&admin.ws)).await?;
    Ok(Json(Instances {
        instances: views.iter().map(|view| Instance::new(view, lang)).collect(),
    }))
}

/// Creates a connector instance.
#[utoipa::path(post, path = "/api/v1/{workspace}/instances", tag = "instances", operation_id = "create_instance",
    params(("workspace" = String, Path, max_length = 63)),
    request_body = NewInstance,
    responses((status = 201, description = "Created", body = Instance)))]
async fn create(
    State(app): State<Shared>,
    admin: Admin,
    headers: HeaderMap,
    Json(new): Json<NewInstance>,
) -> Result<Response, Refusal> {
    let name = InstanceName::new(&new.name).map_err(Error::from)?;
    let location = format!("/api/v1/{}/instances/{name}", admin.ws);
    let new = New {
        connector: new.connector,
        values: new.values,
        secrets: secrets(new.secrets),
        grants: new.grants,
        limits: new.limits.into(),
    };
    let view = app
        .blocking(move |router| router.create_instance(&admin.who, &admin.ws, &name, new))
        .await?;
    Ok(created(&location, Instance::new(&view, lang::of(&headers))))
}

/// One connector instance.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}", tag = "instances", operation_id = "instance",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "The instance", body = Instance)))]
async fn show(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
    headers: HeaderMap,
) -> Result<Json<Instance>, Refusal> {
    let view = app.blocking(move |router| router.instance(&admin.ws, &name)).await?;
    Ok(Json(Instance::new(&view, lang::of(&headers))))
}

/// Edits a connector instance, or changes nothing at all. Its sessions end. An edit of what decides where secrets go asks for
/// them again.
#[utoipa::path(patch, path = "/api/v1/{workspace}/instances/{instance}", tag = "instances", operation_id = "edit_instance",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    request_body = InstanceEdit,
    responses((status = 200, description = "As it is now", body = Instance)))]
async fn edit(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
    headers: HeaderMap,
    Json(edit): Json<InstanceEdit>,
) -> Result<Json<Instance>, Refusal> {
    let edit = Edit {
        set: edit.set,
        unset: edit.unset,
        secrets: secrets(edit.secrets),
        forget: edit.forget,
        grants: edit.grants,
        limits: edit.limits.map(Into::into),
    };
    let view = app
        .blocking(move |router| router.edit_instance(&admin.who, &admin.ws, &name, edit))
        .await?;
    Ok(Json(Instance::new(&view, lang::of(&headers))))
}

/// Removes a connector instance and its secrets; refused while anything names it or a delivery waits for it.
#[utoipa::path(delete, path = "/api/v1/{workspace}/instances/{instance}", tag = "instances", operation_id = "remove_instance",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "Removed", body = Removed)))]
async fn remove(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
) -> Result<Json<Removed>, Refusal> {
    let removed = name.to_string();
    app.blocking(move |router| router.remove_instance(&admin.who, &admin.ws, &name))
        .await?;
    Ok(Json(Removed { removed }))
}

/// Asks the connector whether the instance works. Where it does not, the answer is a problem of status 424 with the remote's own
/// words.
#[utoipa::path(post, path = "/api/v1/{workspace}/instances/{instance}/verify", tag = "instances", operation_id = "verify_instance",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "It works", body = Verified)))]
async fn verify(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
) -> Result<Json<Verified>, Refusal> {
    let found = app.router.verify_instance(&admin.ws, &name).await?;
    Ok(Json(Verified {
        verified: true,
        instance: name.to_string(),
        found: named(&found),
    }))
}

fn secrets(texts: BTreeMap<String, String>) -> BTreeMap<String, Secret> {
    texts.into_iter().map(|(id, text)| (id, Secret::new(text))).collect()
}
