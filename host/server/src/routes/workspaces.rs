//! Workspaces. On the machine itself only: no token reaches beyond its own.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use relais_manifest::Flow;
use relais_router::{Error, InstanceName, WorkspaceEdit as Edit, WorkspaceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Removed;
use crate::api::workspace::{NewWorkspace, Workspace, WorkspaceEdit, Workspaces};
use crate::app::Shared;
use crate::caller::Host;
use crate::extract::{Json, Named, created};
use crate::refusal::{Refusal, Request as Wrong};

/// Words that stand where a workspace does in the API's addresses.
const RESERVED: [&str; 4] = ["audit", "backup", "connectors", "workspaces"];

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit, remove))
}

/// Every workspace.
#[utoipa::path(get, path = "/api/v1/workspaces", tag = "workspaces", operation_id = "workspaces",
    responses((status = 200, description = "All of them", body = Workspaces)))]
async fn list(State(app): State<Shared>, _: Host) -> Result<Json<Workspaces>, Refusal> {
    let views = app.blocking(|router| router.workspaces()).await?;
    Ok(Json(Workspaces {
        workspaces: views.iter().map(Into::into).collect(),
    }))
}

/// Creates a workspace. No connector is enabled in it.
#[utoipa::path(post, path = "/api/v1/workspaces", tag = "workspaces", operation_id = "create_workspace",
    request_body = NewWorkspace,
    responses((status = 201, description = "Created", body = Workspace)))]
async fn create(State(app): State<Shared>, host: Host, Json(new): Json<NewWorkspace>) -> Result<Response, Refusal> {
    if RESERVED.contains(&new.name.as_str()) {
        return Err(Wrong::Invalid {
            field: "name",
            code: "name-reserved",
            fr: "ce nom est réservé à l'API. Choisissez un autre nom.",
            en: "this name is reserved for the API. Choose another name.",
        }
        .into());
    }
    let name = WorkspaceName::new(&new.name).map_err(Error::from)?;
    let location = format!("/api/v1/workspaces/{name}");
    let own = |seconds: Option<u64>| seconds.map(|seconds| Some(Duration::from_secs(seconds)));
    let edit = Edit {
        title: Some(new.title),
        contact: new.contact.map(Some),
        notices_through: None,
        sent_body: own(new.sent_body),
        failed_body: own(new.failed_body),
        journal: own(new.journal),
        ..Edit::default()
    };
    let view = app
        .blocking(move |router| router.create_workspace(&host.who, &name, edit))
        .await?;
    Ok(created(&location, Workspace::from(&view)))
}

/// One workspace.
#[utoipa::path(get, path = "/api/v1/workspaces/{workspace}", tag = "workspaces", operation_id = "workspace",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "The workspace", body = Workspace)))]
async fn show(State(app): State<Shared>, _: Host, Named(ws): Named<WorkspaceName>) -> Result<Json<Workspace>, Refusal> {
    let view = app.blocking(move |router| router.workspace_view(&ws)).await?;
    Ok(Json((&view).into()))
}

/// Edits a workspace, or changes nothing at all.
#[utoipa::path(patch, path = "/api/v1/workspaces/{workspace}", tag = "workspaces", operation_id = "edit_workspace",
    params(("workspace" = String, Path, max_length = 63)),
    request_body = WorkspaceEdit,
    responses((status = 200, description = "As it is now", body = Workspace)))]
async fn edit(
    State(app): State<Shared>,
    host: Host,
    Named(ws): Named<WorkspaceName>,
    Json(edit): Json<WorkspaceEdit>,
) -> Result<Json<Workspace>, Refusal> {
    let through = edit
        .notices_through
        .map(|name| name.map(|name| InstanceName::new(&name)).transpose());
    let seconds = |wish: Option<Option<u64>>| wish.map(|own| own.map(Duration::from_secs));
    let edit = Edit {
        title: edit.title,
        contact: edit.contact,
        notices_through: through.transpose().map_err(Error::from)?,
        sent_body: seconds(edit.sent_body),
        failed_body: seconds(edit.failed_body),
        journal: seconds(edit.journal),
        account_flows: edit.account_flows.map(flows).transpose()?,
        account_providers: edit.account_providers,
    };
    let view = app
        .blocking(move |router| router.edit_workspace(&host.who, &ws, edit))
        .await?;
    Ok(Json((&view).into()))
}

/// The flows of those words.
fn flows(words: Option<Vec<String>>) -> Result<Option<Vec<Flow>>, Refusal> {
    let flow = |word: String| {
        Flow::from_word(&word).ok_or_else(|| {
            Wrong::Invalid {
                field: "account_flows",
                code: "field-invalid",
                fr: "indiquez device-code, authorization-code ou client-credentials.",
                en: "give device-code, authorization-code or client-credentials.",
            }
            .into()
        })
    };
    words.map(|words| words.into_iter().map(flow).collect()).transpose()
}

/// Removes a workspace with its service instances and tokens; refused while it holds connector instances or deliveries that are
/// pending or uncertain.
#[utoipa::path(delete, path = "/api/v1/workspaces/{workspace}", tag = "workspaces", operation_id = "remove_workspace",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "Removed", body = Removed)))]
async fn remove(
    State(app): State<Shared>,
    host: Host,
    Named(ws): Named<WorkspaceName>,
) -> Result<Json<Removed>, Refusal> {
    let removed = ws.to_string();
    app.blocking(move |router| router.remove_workspace(&host.who, &ws))
        .await?;
    Ok(Json(Removed { removed }))
}
