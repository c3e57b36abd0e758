//! Why a request was not done: problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Before the code of a problem, in its `type`.
pub const TYPE_PREFIX: &str = "urn:relais:problem:";

/// Why a request was not done (RFC 9457). The sentences are in the language of `Accept-Language`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:relais:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:relais:problem:instance-unknown", format = "uri")]
    pub kind: String,
    /// What the status means, in a few words.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong, where, and what to do, in whole sentences; may have several lines.
    pub detail: String,
    /// A word that never changes, for programs.
    #[schema(example = "instance-unknown")]
    pub code: String,
    /// The fields that were refused, all of them.
    #[serde(default)]
    pub fields: Vec<ProblemField>,
    /// Further facts: of a connector's failure `kind`, `remote_code`, `text`, `details`, `retry_after_s`, `next`, `instance`.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    pub facts: Map<String, Value>,
}

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// Its path in the request: `port`, `to[1]`, `attachments[0].name`.
    pub field: String,
    pub message: String,
}
