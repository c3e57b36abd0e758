//! Connectors: those of the host, and those that a workspace may use.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use relais_router::{ConnectorRecord, Error, Router, WorkspaceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Removed;
use crate::api::connector::{Connector, Connectors, Enablement};
use crate::api::connector_form::ConnectorForm;
use crate::app::Shared;
use crate::body;
use crate::caller::{Admin, Host};
use crate::extract::{ConnectorId, Json, Named, Query, created, media_type};
use crate::lang;
use crate::refusal::{Refusal, Request as Wrong};

/// What takes no component.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(installed))
        .routes(routes!(show, remove))
        .routes(routes!(list))
        .routes(routes!(form, enable))
}

/// What takes one.
pub fn large() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(install))
}

/// The connector, and those of these workspaces in which it may be used.
fn shown(router: &Router, record: &ConnectorRecord, within: &[WorkspaceName]) -> Result<Connector, Error> {
    let mut connector = Connector::from(record);
    for ws in within {
        if router.enabled_connectors(ws)?.contains(&record.id) {
            connector.enabled.push(ws.to_string());
        }
    }
    Ok(connector)
}

fn workspaces(router: &Router) -> Result<Vec<WorkspaceName>, Error> {
    Ok(router.workspaces()?.into_iter().map(|view| view.name).collect())
}

/// Every connector that is installed. On the machine itself only.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors", operation_id = "installed_connectors",
    responses((status = 200, description = "All of them", body = Connectors)))]
async fn installed(State(app): State<Shared>, _: Host) -> Result<Json<Connectors>, Refusal> {
    let connectors = app.blocking(|router| {
        let within = workspaces(router)?;
        let records = router.connectors()?;
        records.iter().map(|record| shown(router, record, &within)).collect()
    });
    Ok(Json(Connectors {
        connectors: connectors.await?,
    }))
}

/// Installs a connector, or another version of an installed one. On the machine itself only.
#[utoipa::path(post, path = "/api/v1/connectors", tag = "connectors", operation_id = "install_connector",
    params(("workspace" = Option<String>, Query, description = "Where to enable it at once", max_length = 63)),
    request_body(content((Vec<u8> = "application/wasm"), (Vec<u8> = "application/octet-stream")), description = "The component"),
    responses((status = 201, description = "Installed", body = Connector)))]
async fn install(
    State(app): State<Shared>,
    host: Host,
    mut query: Query,
    request: axum::extract::Request,
) -> Result<Response, Refusal> {
    let ws = query.one("workspace")?;
    query.none()?;
    let ws = ws
        .map(|name| WorkspaceName::new(&name).map_err(Error::from))
        .transpose()?;
    match media_type(request.headers()).as_deref() {
        Some("application/wasm" | "application/octet-stream") => {}
        _ => return Err(Wrong::MediaType("application/wasm").into()),
    }
    let bytes = body::whole(request.into_body()).await?;
    let record = app.router.install(&host.who, ws.as_ref(), bytes.into()).await?;
    let location = format!("/api/v1/connectors/{}", record.id);
    let connector = app
        .blocking(move |router| shown(router, &record, &workspaces(router)?))
        .await?;
    Ok(created(&location, connector))
}

/// One connector. On the machine itself only.
#[utoipa::path(get, path = "/api/v1/connectors/{publisher}/{connector}", tag = "connectors", operation_id = "installed_connector",
    params(("publisher" = String, Path), ("connector" = String, Path)),
    responses((status = 200, description = "The connector", body = Connector)))]
async fn show(State(app): State<Shared>, _: Host, Named(id): Named<ConnectorId>) -> Result<Json<Connector>, Refusal> {
    let connector = app.blocking(move |router| shown(router, &router.connector(&id.0)?, &workspaces(router)?));
    Ok(Json(connector.await?))
}

/// Removes a connector from the host; refused while an instance uses it. On the machine itself only.
#[utoipa::path(delete, path = "/api/v1/connectors/{publisher}/{connector}", tag = "connectors", operation_id = "remove_connector",
    params(("publisher" = String, Path), ("connector" = String, Path)),
    responses((status = 200, description = "Removed", body = Removed)))]
async fn remove(
    State(app): State<Shared>,
    host: Host,
    Named(id): Named<ConnectorId>,
) -> Result<Json<Removed>, Refusal> {
    app.router.remove_connector(&host.who, &id.0).await?;
    Ok(Json(Removed { removed: id.0 }))
}

/// The connectors that the workspace may use.
#[utoipa::path(get, path = "/api/v1/{workspace}/connectors", tag = "connectors", operation_id = "connectors",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Connectors)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<Connectors>, Refusal> {
    let connectors = app.blocking(move |router| {
        let enabled = router.enabled_connectors(&admin.ws)?;
        let records = router
            .connectors()?
            .into_iter()
            .filter(|record| enabled.contains(&record.id));
        let connector = |record: ConnectorRecord| {
            let mut connector = Connector::from(&record);
            connector.enabled.push(admin.ws.to_string());
            connector.review.retain(|path| in_workspace(path, &admin.ws));
            connector
        };
        Ok(records.map(connector).collect())
    });
    Ok(Json(Connectors {
        connectors: connectors.await?,
    }))
}

/// Of `workspace/name`: another workspace's instances do not exist for this one.
fn in_workspace(path: &str, ws: &WorkspaceName) -> bool {
    path.split_once('/')
        .is_some_and(|(workspace, _)| workspace == ws.as_str())
}

/// A connector that the workspace may use, with the form of its instances, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/api/v1/{workspace}/connectors/{publisher}/{connector}", tag = "connectors",
    operation_id = "connector_form",
    params(("workspace" = String, Path, max_length = 63), ("publisher" = String, Path), ("connector" = String, Path)),
    responses((status = 200, description = "The connector and its form", body = ConnectorForm)))]
async fn form(
    State(app): State<Shared>,
    admin: Admin,
    Named(ConnectorId(id)): Named<ConnectorId>,
    headers: HeaderMap,
) -> Result<Json<ConnectorForm>, Refusal> {
    let record = app.blocking(move |router| {
        if !router.enabled_connectors(&admin.ws)?.contains(&id) {
            return Err(relais_router::ConnectorError::Unknown { id }.into());
        }
        router.connector(&id)
    });
    Ok(Json(ConnectorForm::new(&record.await?, lang::of(&headers))))
}

/// Lets a workspace use an installed connector, or takes it from it: its sessions end and its instances stay. On the machine
/// itself only.
#[utoipa::path(put, path = "/api/v1/{workspace}/connectors/{publisher}/{connector}", tag = "connectors",
    operation_id = "enable_connector",
    params(("workspace" = String, Path, max_length = 63), ("publisher" = String, Path), ("connector" = String, Path)),
    request_body = Enablement,
    responses((status = 200, description = "How it is now", body = Enablement)))]
async fn enable(
    State(app): State<Shared>,
    host: Host,
    Named(ws): Named<WorkspaceName>,
    Named(ConnectorId(id)): Named<ConnectorId>,
    Json(wish): Json<Enablement>,
) -> Result<Json<Enablement>, Refusal> {
    let enabled = wish.enabled;
    app.blocking(move |router| match enabled {
        true => router.enable_connector(&host.who, &ws, &id),
        false => router.disable_connector(&host.who, &ws, &id),
    })
    .await?;
    Ok(Json(wish))
}
