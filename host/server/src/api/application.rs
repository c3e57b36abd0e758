//! Applications: in whose name a workspace's accounts are asked for. Their secrets travel in one direction only: in.

use relais_router::ApplicationView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The application of a workspace at one provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Application {
    /// The provider's id in the manifests of connectors.
    #[schema(example = "microsoft")]
    pub provider: String,
    pub client_id: String,
    /// How it proves itself: `public` (not at all), `secret` or `certificate`.
    pub proof: String,
    /// Where its secret may go.
    #[schema(example = json!(["https://login.microsoftonline.com"]))]
    pub origins: Vec<String>,
    /// Its secret was saved under a key that this machine does not have, and has to be given again.
    pub lost: bool,
    #[schema(format = DateTime)]
    pub set_at: String,
    /// The accounts that were associated with it, as `instance/parameter`.
    pub accounts: Vec<String>,
}

/// All of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Applications {
    pub applications: Vec<Application>,
}

impl From<&ApplicationView> for Application {
    fn from(view: &ApplicationView) -> Self {
        let account = |path: &relais_router::AccountPath| format!("{}/{}", path.instance.name, path.parameter);
        Self {
            provider: view.provider.clone(),
            client_id: view.client_id.clone(),
            proof: view.proof.to_owned(),
            origins: view.origins.clone(),
            lost: view.lost,
            set_at: view.set_at.to_string(),
            accounts: view.accounts.iter().map(account).collect(),
        }
    }
}

/// An application as it was registered at the provider. A public one has neither a secret nor a certificate.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    #[schema(min_length = 1, max_length = 256)]
    pub client_id: String,
    /// Kept sealed; never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub secret: Option<String>,
    /// In PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536)]
    pub certificate: Option<String>,
    /// The key of the certificate, in PEM. Kept sealed; never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536)]
    pub key: Option<String>,
    /// Where its secret may go: `https://login.example.org`. Else what the enabled connectors name for this provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 16)]
    pub origins: Option<Vec<String>>,
}

/// Not even a log of a request shows a secret.
impl std::fmt::Debug for NewApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApplication")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
