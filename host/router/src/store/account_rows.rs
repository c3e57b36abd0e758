//! The records of accounts: what is known of each without its tokens, which stand sealed beside, and the applications in whose
//! name a provider is asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::What;
use super::record::Record;
use crate::who::Who;

/// An account of a connector instance, by the id of its parameter. There is a row once it was associated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The id of a provider of the connector's manifest.
    pub provider: String,
    /// The word of a flow.
    pub flow: String,
    /// Of the application that it was associated with: its tokens are good for no other.
    pub client_id: String,
    /// How that application proves itself, where it is the account's own; none: it is the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<ProofRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The scopes that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// Those that were granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What the tokens are for; see [`crate::binding`].
    pub binding: BTreeMap<String, String>,
    pub associated_at: Timestamp,
    pub associated_by: Who,
    /// When it gave tokens again after it was lost, without being associated anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Timestamp>,
    /// When the tokens that it has now were given.
    pub renewed_at: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Within 10 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// A renewal was asked for then, and its answer is not known to be stored: the provider may have used the refresh token up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewing: Option<Timestamp>,
    /// Why it gives no token any more, where it gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostRow>,
    /// The code of what stood in its way besides when the workspace's contact was told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_of: Option<String>,
}

/// Why an account gives no token any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRow {
    pub at: Timestamp,
    pub why: Why,
    /// For [`Why::Provider`] and [`Why::Interrupted`]: the word of the fault's kind, its code and the provider's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The workspace's contact was told.
    #[serde(default)]
    pub told: bool,
}

/// Who or what took an account away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The provider refused to renew it.
    Provider,
    /// The same, after a renewal whose answer did not come into the store: the new refresh token went with it.
    Interrupted,
    /// The workspace's application is another one now.
    ApplicationChanged,
    /// Its tokens were sealed under a key that this machine does not have.
    Key,
    /// Its sealed tokens were not sealed for this place.
    Tokens,
    /// Its access token has ended, and its provider gave nothing to renew it with.
    Ended,
}

/// How an application proves itself. What is secret of it stands sealed beside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofRow {
    /// Not at all: a public client.
    Public,
    /// By a secret.
    Secret,
    /// By a certificate, this one in PEM, and its key.
    Certificate(String),
}

/// A workspace's application at one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRow {
    pub client_id: String,
    pub proof: ProofRow,
    /// The origins of the token endpoints that the secret may go to, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Its secret was sealed under a key that this machine does not have, and has to be given again.
    #[serde(default)]
    pub lost: bool,
    pub set_at: Timestamp,
}

impl Record for AccountRow {
    const WHAT: What = What::Account;
}

impl Record for ApplicationRow {
    const WHAT: What = What::Application;
}
