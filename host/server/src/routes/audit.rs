//! The audit journal.

use axum::extract::State;
use relais_router::{AUDIT_PAGE, WorkspaceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::audit::{Audit, AuditEntry};
use crate::app::{App, Shared};
use crate::caller::{Admin, Host};
use crate::extract::{Json, Query};
use crate::refusal::Refusal;

/// Entries of a page where nothing is said.
const PAGE: u64 = 100;

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(all)).routes(routes!(list))
}

/// Who changed what in the workspace, newest first.
#[utoipa::path(get, path = "/api/v1/{workspace}/audit", tag = "audit", operation_id = "audit",
    params(("workspace" = String, Path, max_length = 63),
        ("before" = Option<u64>, Query, description = "`next` of the page before"),
        ("limit" = Option<u64>, Query, description = "Entries of the page, 100 where nothing is said", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "One page", body = Audit)))]
async fn list(State(app): State<Shared>, admin: Admin, query: Query) -> Result<Json<Audit>, Refusal> {
    page(&app, Some(admin.ws), query).await
}

/// Who changed what on the whole host, newest first. On the machine itself only.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", operation_id = "audit_of_host",
    params(("before" = Option<u64>, Query, description = "`next` of the page before"),
        ("limit" = Option<u64>, Query, description = "Entries of the page, 100 where nothing is said", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "One page", body = Audit)))]
async fn all(State(app): State<Shared>, _: Host, query: Query) -> Result<Json<Audit>, Refusal> {
    page(&app, None, query).await
}

async fn page(app: &App, ws: Option<WorkspaceName>, mut query: Query) -> Result<Json<Audit>, Refusal> {
    let before = query.read("before")?;
    let limit = query.number("limit", 1..=AUDIT_PAGE as u64, PAGE)?;
    query.none()?;
    let limit = usize::try_from(limit).unwrap_or(AUDIT_PAGE);
    let entries = app
        .blocking(move |router| router.audit(ws.as_ref(), before, limit))
        .await?;
    let next = (entries.len() == limit).then(|| entries.last().map(|entry| entry.seq));
    Ok(Json(Audit {
        entries: entries.iter().map(AuditEntry::from).collect(),
        next: next.flatten(),
    }))
}
