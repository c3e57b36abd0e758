//! Tokens.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use relais_router::{Error, NewToken as New, Role, ServiceInstanceName, TokenName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::token::{CreatedToken, NewToken, Token, Tokens};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{Json, Named, TokenId, created};
use crate::refusal::{Refusal, Request as Wrong};

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// Every token of the workspace, the revoked ones too.
#[utoipa::path(get, path = "/api/v1/{workspace}/tokens", tag = "tokens", operation_id = "tokens",
    params(("workspace" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Tokens)))]
async fn list(State(app): State<Shared>, admin: Admin) -> Result<Json<Tokens>, Refusal> {
    let views = app.blocking(move |router| router.tokens(&admin.ws)).await?;
    Ok(Json(Tokens {
        tokens: views.iter().map(Into::into).collect(),
    }))
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/{workspace}/tokens", tag = "tokens", operation_id = "create_token",
    params(("workspace" = String, Path, max_length = 63)),
    request_body = NewToken,
    responses((status = 201, description = "Made", body = CreatedToken)))]
async fn create(State(app): State<Shared>, admin: Admin, Json(new): Json<NewToken>) -> Result<Response, Refusal> {
    let bound = new.service_instance.as_deref().map(ServiceInstanceName::new);
    let new = New {
        name: TokenName::new(&new.name).map_err(Error::from)?,
        role: role(&new.role)?,
        service_instance: bound.transpose().map_err(Error::from)?,
        expires_at: new.expires_at.as_deref().map(time).transpose()?,
    };
    let path = format!("/api/v1/{}/tokens", admin.ws);
    let (view, secret) = app
        .blocking(move |router| router.create_token(&admin.who, &admin.ws, new))
        .await?;
    let made = CreatedToken {
        token: secret.reveal().to_owned(),
        view: (&view).into(),
    };
    Ok(created(&format!("{path}/{}", view.id), made))
}

/// Revokes a token: it is good for nothing from now on.
#[utoipa::path(delete, path = "/api/v1/{workspace}/tokens/{token}", tag = "tokens", operation_id = "revoke_token",
    params(("workspace" = String, Path, max_length = 63), ("token" = String, Path, max_length = 63)),
    responses((status = 200, description = "As it is now", body = Token)))]
async fn revoke(State(app): State<Shared>, admin: Admin, Named(id): Named<TokenId>) -> Result<Json<Token>, Refusal> {
    let view = app
        .blocking(move |router| router.revoke_token(&admin.who, &admin.ws, &id.0))
        .await?;
    Ok(Json((&view).into()))
}

fn role(word: &str) -> Result<Role, Refusal> {
    match word {
        "send" => Ok(Role::Send),
        "admin" => Ok(Role::Admin),
        _ => Err(Wrong::Invalid {
            field: "role",
            code: "field-invalid",
            fr: "indiquez send ou admin.",
            en: "give send or admin.",
        }
        .into()),
    }
}

fn time(text: &str) -> Result<Timestamp, Refusal> {
    text.parse().map_err(|_| {
        Wrong::Invalid {
            field: "expires_at",
            code: "field-invalid",
            fr: "indiquez une date et une heure, par exemple 2030-01-31T12:00:00Z (RFC 3339).",
            en: "give a date and time such as 2030-01-31T12:00:00Z (RFC 3339).",
        }
        .into()
    })
}
