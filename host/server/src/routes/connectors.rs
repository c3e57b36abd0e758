//! Connectors.

use axum::extract::State;
use http::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::connector::{ConnectorForm, Connectors};
use crate::app::Shared;
use crate::caller::{Admin, Host};
use crate::extract::{ConnectorId, Json, Named};
use crate::lang;
use crate::refusal::Refusal;

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(installed)).routes(routes!(form))
}

/// Every connector that is installed. On the machine itself only.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "connectors", responses((status = 200, body = Connectors)))]
async fn installed(State(app): State<Shared>, _: Host) -> Result<Json<Connectors>, Refusal> {
    let records = app.blocking(|router| router.connectors()).await?;
    Ok(Json(Connectors {
        connectors: records.iter().map(Into::into).collect(),
    }))
}

/// A connector with the form of its instances, in the language of `Accept-Language`.
#[utoipa::path(get, path = "/api/v1/{workspace}/connectors/{publisher}/{connector}", tag = "connectors",
    params(("workspace" = String, Path, max_length = 63), ("publisher" = String, Path), ("connector" = String, Path)),
    responses((status = 200, body = ConnectorForm)))]
async fn form(
    State(app): State<Shared>,
    _: Admin,
    Named(ConnectorId(id)): Named<ConnectorId>,
    headers: HeaderMap,
) -> Result<Json<ConnectorForm>, Refusal> {
    let record = app.blocking(move |router| router.connector(&id)).await?;
    Ok(Json(ConnectorForm::new(&record, lang::of(&headers))))
}
