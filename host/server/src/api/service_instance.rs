//! Service instances: named settings of the mail service.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceInstance {
    #[schema(example = "invoices")]
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// The connector instance that it chose; `null` follows the default of the service.
    pub instance: Option<String>,
    /// The connector instance that it uses now: forced, chosen or by default; `null` where there is none.
    pub effective: Option<String>,
    /// Whether the service forces its connector instance, so that `instance` does not count.
    pub forced: bool,
    /// `hold`, `resend` or `close`: what is done by itself with a mail of which nobody knows whether it left.
    #[schema(pattern = "^(hold|resend|close)$")]
    pub uncertain: String,
    /// How long a mail is tried, in seconds.
    pub give_up_s: u64,
    /// The connector instance through which senders are told of failures.
    pub notices_through: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub edited_at: String,
}

/// All of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceInstances {
    pub service_instances: Vec<ServiceInstance>,
}

/// A service instance to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceInstance {
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9][a-z0-9._-]*$",
        example = "invoices"
    )]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// `null` follows the default of the service.
    #[serde(default)]
    #[schema(max_length = 63)]
    pub instance: Option<String>,
    /// `hold` where nothing is said.
    #[serde(default)]
    #[schema(pattern = "^(hold|resend|close)$")]
    pub uncertain: Option<String>,
    /// 5 days where nothing is said.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 2592000)]
    pub give_up_s: Option<u64>,
    #[serde(default)]
    #[schema(max_length = 63)]
    pub notices_through: Option<String>,
}

/// A change of a service instance. A key that is not there leaves its value; `null` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceInstanceEdit {
    /// A new name. Tokens that are bound to the service instance stay bound to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9][a-z0-9._-]*$")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub title: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 63)]
    pub instance: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(hold|resend|close)$")]
    pub uncertain: Option<String>,
    /// `null` is the default of 5 days.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 60, maximum = 2592000)]
    pub give_up_s: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 63)]
    pub notices_through: Option<Option<String>>,
}
