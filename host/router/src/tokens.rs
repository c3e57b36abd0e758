//! Tokens: who may call over the network, for one workspace each. A token is shown once, when it is made; what is kept is its
//! digest, which is enough since a token is 256 random bits.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use relais_sandbox::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::audit::{self, Action};
use crate::checks::Checks;
use crate::error::{Error, SettingProblem, TokenError};
use crate::keyring::{self, SCHEME};
use crate::names::{ServiceInstanceName, TokenName, WorkspaceName};
use crate::resolve::Route;
use crate::router::Router;
use crate::service_instances;
use crate::store::{TokenRow, Writing, sha256};
use crate::who::Who;
use crate::workspaces;

/// Tokens of one workspace at most, those that were revoked among them.
pub const TOKENS: usize = 1_000;
/// Characters of a token's id.
const ID_CHARS: usize = 8;
/// Crockford's base 32 in lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a token allows in its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Handing mail over, and seeing what became of it.
    Send,
    /// All that concerns the workspace.
    Admin,
}

impl Role {
    /// The word that the API and the store use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What the journal calls whoever holds it; no two tokens in use share a name.
    pub name: TokenName,
    pub role: Role,
    /// The one service instance that it is good for; only with [`Role::Send`].
    pub service_instance: Option<ServiceInstanceName>,
    /// When it stops being good; none is never.
    pub expires_at: Option<Timestamp>,
}

/// A token as its administrator sees it: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// 8 lower-case letters and digits.
    pub id: String,
    pub name: String,
    pub role: Role,
    pub service_instance: Option<ServiceInstanceName>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Exact while the process runs; after a crash it may be 10 minutes behind.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked, where it was.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was presented and is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub workspace: WorkspaceName,
    pub role: Role,
    /// The one service instance that it is good for.
    pub service_instance: Option<ServiceInstanceName>,
}

impl Token {
    /// Whom the audit journal and a delivery name.
    pub fn who(&self) -> Who {
        Who::Token {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    /// The route of a mail that this token hands over: a token that is bound to a service instance uses that one, and nothing
    /// else may be asked of it.
    pub fn route(&self, asked: Route) -> Result<Route, TokenError> {
        match (&self.service_instance, asked) {
            (None, asked) => Ok(asked),
            (Some(bound), Route::Default) => Ok(Route::Service(bound.clone())),
            (Some(bound), Route::Service(asked)) if asked == *bound => Ok(Route::Service(asked)),
            (Some(bound), _) => Err(TokenError::Elsewhere { bound: bound.clone() }),
        }
    }
}

/// `relais_` and 32 random bytes in base64url.
fn secret() -> Result<Secret, TokenError> {
    let mut bytes = Zeroizing::new([0; keyring::SECRET_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| TokenError::NoRandomness)?;
    let mut text = String::with_capacity(keyring::TOKEN_CHARS);
    text.push_str(SCHEME);
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
    Ok(Secret::new(text))
}

/// An id that no token of the workspace has.
fn id(tables: &Writing<'_>, ws: &WorkspaceName) -> Result<String, Error> {
    loop {
        let mut bytes = [0; ID_CHARS];
        getrandom::fill(&mut bytes).map_err(|_| TokenError::NoRandomness)?;
        let digits = bytes.iter().filter_map(|byte| DIGITS.get(usize::from(byte & 31)));
        let id: String = digits.map(|&digit| char::from(digit)).collect();
        if tables.token(ws, &id)?.is_none() {
            return Ok(id);
        }
    }
}

/// Makes room for one more, by forgetting the token that was revoked first.
fn make_room(tables: &mut Writing<'_>, ws: &WorkspaceName) -> Result<(), Error> {
    let there = tables.tokens(ws)?;
    if there.len() < TOKENS {
        return Ok(());
    }
    let revoked = there.into_iter().filter_map(|(id, row)| Some((row.revoked_at?, id)));
    let Some((_, first)) = revoked.min() else {
        return Err(TokenError::TooMany { most: TOKENS }.into());
    };
    tables.remove_token(ws, &first)?;
    Ok(())
}

fn create(
    tables: &mut Writing<'_>,
    ws: &WorkspaceName,
    new: NewToken,
    secret: &Secret,
) -> Result<(String, TokenRow), Error> {
    workspaces::known(tables.workspace(ws)?, ws)?;
    let now = Timestamp::now();
    let mut checks = Checks::default();
    if new.expires_at.is_some_and(|at| at <= now) {
        checks.refuse("expires-at", SettingProblem::Past);
    }
    checks.done()?;
    if let Some(name) = &new.service_instance {
        if new.role == Role::Admin {
            return Err(TokenError::AdminBound.into());
        }
        service_instances::known(tables.service_instance(ws, name)?, name)?;
    }
    let name = new.name.to_string();
    let taken = |(_, row): &(String, TokenRow)| row.revoked_at.is_none() && row.name == name;
    if tables.tokens(ws)?.iter().any(taken) {
        return Err(TokenError::Exists { name }.into());
    }
    make_room(tables, ws)?;
    let id = id(tables, ws)?;
    let row = TokenRow {
        name,
        sha256: sha256(secret.reveal().as_bytes()),
        role: new.role,
        service_instance: new.service_instance,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    tables.put_token(ws, &id, &row)?;
    Ok((id, row))
}

fn view(id: String, row: TokenRow) -> TokenView {
    TokenView {
        id,
        name: row.name,
        role: row.role,
        service_instance: row.service_instance,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }
}

impl Router {
    /// Makes a token. The secret is shown now and never again: nobody can read it back.
    pub fn create_token(&self, by: &Who, ws: &WorkspaceName, new: NewToken) -> Result<(TokenView, Secret), Error> {
        let secret = secret()?;
        let (id, row) = self.change(|tables| {
            let (id, row) = create(tables, ws, new, &secret)?;
            let mut detail = vec![row.name.clone(), row.role.to_string()];
            detail.extend(row.service_instance.iter().map(ToString::to_string));
            audit::note(tables, by, Some(ws), Action::TokenCreate, &id, detail)?;
            Ok((id, row))
        })?;
        self.reload_tokens()?;
        Ok((view(id, row), secret))
    }

    /// Every token of a workspace, those that were revoked among them, in the order in which they were made.
    pub fn tokens(&self, ws: &WorkspaceName) -> Result<Vec<TokenView>, Error> {
        let rows = self.read_in(ws, |tables| Ok(tables.tokens(ws)?))?;
        let mut views: Vec<TokenView> = rows
            .into_iter()
            .map(|(id, row)| {
                let used = self.keyring.last_use(&row);
                let mut view = view(id, row);
                view.last_used_at = view.last_used_at.max(used);
                view
            })
            .collect();
        views.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(views)
    }

    /// Revokes a token: it is good for nothing when this returns. Its row stays, listed as revoked.
    pub fn revoke_token(&self, by: &Who, ws: &WorkspaceName, id: &str) -> Result<TokenView, Error> {
        let row = self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let unknown = || TokenError::Unknown {
                id: id.chars().take(80).collect(),
            };
            let mut row = tables.token(ws, id)?.ok_or_else(unknown)?;
            if row.revoked_at.is_none() {
                row.revoked_at = Some(Timestamp::now());
                row.last_used_at = row.last_used_at.max(self.keyring.last_use(&row));
                tables.put_token(ws, id, &row)?;
                let detail = vec![row.name.clone()];
                audit::note(tables, by, Some(ws), Action::TokenRevoke, id, detail)?;
            }
            Ok(row)
        })?;
        self.reload_tokens()?;
        Ok(view(id.to_owned(), row))
    }
}
