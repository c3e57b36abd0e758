//! The applications in whose name a workspace's accounts are asked for.

use axum::extract::State;
use relais_router::{NewApplication as New, NewProof};
use relais_sandbox::Secret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Removed;
use crate::api::application::{Application, Applications, NewApplication};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named, ProviderWord};
use crate::refusal::{Refusal, Request as Wrong};

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, set, remove))
}

/// Every application of the workspace.
#[utoipa::path(get, path = "/api/v1/{workspace}/applications", tag = "applications", operation_id = "applications",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Applications)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<Applications>, Refusal> {
    let views = app.blocking(move |router| router.applications(&admin.ws)).await?;
    Ok(Json(Applications {
        applications: views.iter().map(Into::into).collect(),
    }))
}

/// The application of the workspace at a provider.
#[utoipa::path(get, path = "/api/v1/{workspace}/applications/{provider}", tag = "applications", operation_id = "application",
    params(("workspace" = String, Path, max_length = 63), ("provider" = String, Path, max_length = 64)),
    responses((status = 200, description = "The application", body = Application)))]
async fn show(
    State(app): State<Shared>,
    admin: Admin,
    Named(ProviderWord(provider)): Named<ProviderWord>,
) -> Result<Json<Application>, Refusal> {
    let view = app
        .blocking(move |router| router.application(&admin.ws, &provider))
        .await?;
    Ok(Json((&view).into()))
}

/// Sets the application of the workspace at a provider, or replaces it. Accounts of another client id have to be associated again;
/// those of the same one go on with the new secret.
#[utoipa::path(put, path = "/api/v1/{workspace}/applications/{provider}", tag = "applications", operation_id = "set_application",
    params(("workspace" = String, Path, max_length = 63), ("provider" = String, Path, max_length = 64)),
    request_body = NewApplication,
    responses((status = 200, description = "As it is now", body = Application)))]
async fn set(
    State(app): State<Shared>,
    admin: Admin,
    Named(ProviderWord(provider)): Named<ProviderWord>,
    Json(new): Json<NewApplication>,
) -> Result<Json<Application>, Refusal> {
    let new = New {
        client_id: new.client_id,
        proof: proof(new.secret, new.certificate, new.key)?,
        origins: new.origins,
    };
    let view = app
        .blocking(move |router| router.set_application(&admin.who, &admin.ws, &provider, new))
        .await?;
    Ok(Json((&view).into()))
}

/// How an application proves itself: by a secret, by a certificate with its key, or not at all.
pub fn proof(secret: Option<String>, certificate: Option<String>, key: Option<String>) -> Result<NewProof, Refusal> {
    match (secret.map(Secret::new), certificate, key.map(Secret::new)) {
        (None, None, None) => Ok(NewProof::Public),
        (Some(secret), None, None) => Ok(NewProof::Secret(secret)),
        (None, Some(certificate_pem), Some(key_pem)) => Ok(NewProof::Certificate {
            certificate_pem,
            key_pem,
        }),
        _ => Err(Wrong::Invalid {
            field: "secret",
            code: "application-proof",
            fr: "donnez un secret, ou un certificat avec sa clé, ou rien de cela pour une application publique.",
            en: "give a secret, or a certificate with its key, or none of these for a public application.",
        }
        .into()),
    }
}

/// Removes the application of the workspace at a provider; refused while accounts use it.
#[utoipa::path(delete, path = "/api/v1/{workspace}/applications/{provider}", tag = "applications", operation_id = "remove_application",
    params(("workspace" = String, Path, max_length = 63), ("provider" = String, Path, max_length = 64)),
    responses((status = 200, description = "Removed", body = Removed)))]
async fn remove(
    State(app): State<Shared>,
    admin: Admin,
    Named(ProviderWord(provider)): Named<ProviderWord>,
) -> Result<Json<Removed>, Refusal> {
    let removed = provider.clone();
    app.blocking(move |router| router.remove_application(&admin.who, &admin.ws, &provider))
        .await?;
    Ok(Json(Removed { removed }))
}
