//! Tokens: who may call from elsewhere. A token's secret is shown once, when it is made.

use relais_router::TokenView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    #[schema(example = "7f3a9c2e")]
    pub id: String,
    #[schema(example = "ezged")]
    pub name: String,
    /// `send`: sends, and follows what was sent. `admin`: all of the workspace.
    #[schema(pattern = "^(send|admin)$")]
    pub role: String,
    /// The only service instance that it may use.
    pub service_instance: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// To within some minutes.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl From<&TokenView> for Token {
    fn from(view: &TokenView) -> Self {
        Self {
            id: view.id.clone(),
            name: view.name.clone(),
            role: view.role.word().to_owned(),
            service_instance: view.service_instance.as_ref().map(ToString::to_string),
            created_at: view.created_at.to_string(),
            expires_at: view.expires_at.map(|at| at.to_string()),
            last_used_at: view.last_used_at.map(|at| at.to_string()),
            revoked_at: view.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// All of the workspace, the revoked ones too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    pub tokens: Vec<Token>,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Unique in the workspace.
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9][a-z0-9._-]*$",
        example = "ezged"
    )]
    pub name: String,
    /// `send` or `admin`.
    #[schema(pattern = "^(send|admin)$", example = "send")]
    pub role: String,
    /// The only service instance that it may use.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub service_instance: Option<String>,
    /// When it stops working; `null` is never.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A token that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// For the header `Authorization: Bearer …`. Shown this once; only its digest is kept.
    #[schema(example = "relais_AbCdEf…")]
    pub token: String,
    #[serde(flatten)]
    pub view: Token,
}

/// Not even a log of an answer shows a secret.
impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}
