//! Service instances: named settings of a service, each with a connector instance of its own or following the default.

use std::time::Duration;

use jiff::Timestamp;

use crate::audit::{self, Action};
use crate::checks::Checks;
use crate::error::{Error, ServiceInstanceError};
use crate::names::{InstanceName, ServiceInstanceName, WorkspaceName};
use crate::outbox::UncertainPolicy;
use crate::router::Router;
use crate::services::{self, MAIL, Service, service};
use crate::store::{Reading, ServiceInstanceRow, Writing};
use crate::who::Who;
use crate::workspaces;

/// Service instances of one workspace at most.
pub const SERVICE_INSTANCES: usize = 1_000;
/// After how long a delivery is given up where its service instance says nothing else: RFC 5321 section 4.5.4.1 asks for 4 to
/// 5 days at least.
pub const GIVE_UP: Duration = Duration::from_secs(5 * 86_400);
/// Bounds of the age at which a delivery is given up.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// What to set of a service instance. What it does not name stays as it is, or as a new one has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceInstanceEdit {
    /// For people, at most [`crate::TITLE_CHARS`] characters.
    pub title: Option<String>,
    /// `Some(None)` follows the default of the service, as a new one does.
    pub connector_instance: Option<Option<InstanceName>>,
    pub uncertain: Option<UncertainPolicy>,
    /// After how long a delivery is given up: whole seconds, from 1 minute to 30 days; 5 days for a new one.
    pub give_up: Option<Duration>,
    /// The connector instance that failure notices go through; `Some(None)` follows the workspace, as a new one does.
    pub notices_through: Option<Option<InstanceName>>,
}

/// A service instance as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInstanceView {
    pub name: ServiceInstanceName,
    pub service: &'static Service,
    pub title: String,
    /// Its own choice; none follows the default.
    pub connector_instance: Option<InstanceName>,
    /// What it uses now: the instance that the service is forced to, else its own choice, else the default.
    pub uses: Option<InstanceName>,
    /// Whether the service is forced, so that the own choice does not count.
    pub forced: bool,
    pub uncertain: UncertainPolicy,
    pub give_up: Duration,
    /// Its own choice; none follows the workspace.
    pub notices_through: Option<InstanceName>,
    /// The names of the tokens that are good for it alone.
    pub tokens: Vec<String>,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
    /// Counts the edits, from 1.
    pub revision: u64,
}

/// An error where the service instance is not there.
pub fn known(row: Option<ServiceInstanceRow>, name: &ServiceInstanceName) -> Result<ServiceInstanceRow, Error> {
    row.ok_or_else(|| ServiceInstanceError::Unknown(name.clone()).into())
}

/// Sets what the edit names and returns the names of it.
fn apply(
    tables: &Writing<'_>,
    ws: &WorkspaceName,
    row: &mut ServiceInstanceRow,
    edit: ServiceInstanceEdit,
) -> Result<Vec<String>, Error> {
    let mut checks = Checks::default();
    if let Some(title) = &edit.title {
        checks.title("title", title);
    }
    if let Some(give_up) = edit.give_up {
        checks.duration("give-up", give_up, SHORTEST, LONGEST);
    }
    checks.done()?;
    let service = service(&row.service)?;
    let mut named = Vec::new();
    let mut set = |field: &str| named.push(field.to_owned());
    if let Some(title) = edit.title {
        row.title = title;
        set("title");
    }
    if let Some(choice) = edit.connector_instance {
        if let Some(instance) = &choice {
            services::served(tables, ws, instance, service)?;
        }
        row.connector_instance = choice;
        set("connector-instance");
    }
    if let Some(policy) = edit.uncertain {
        row.uncertain = policy;
        set("uncertain");
    }
    if let Some(give_up) = edit.give_up {
        row.give_up = give_up.as_secs();
        set("give-up");
    }
    if let Some(through) = edit.notices_through {
        if let Some(instance) = &through {
            services::served(tables, ws, instance, MAIL)?;
        }
        row.notices_through = through;
        set("notices-through");
    }
    Ok(named)
}

fn view(
    tables: &Reading,
    ws: &WorkspaceName,
    name: ServiceInstanceName,
    row: ServiceInstanceRow,
) -> Result<ServiceInstanceView, Error> {
    let service = service(&row.service)?;
    let forced = tables.forced(ws, service.name)?;
    let tokens = tables.tokens(ws)?.into_iter();
    let tokens = tokens
        .filter(|(_, token)| token.revoked_at.is_none() && token.service_instance.as_ref() == Some(&name))
        .map(|(_, token)| token.name)
        .collect();
    let own = row.connector_instance.clone();
    let uses = match forced.clone().or(own) {
        Some(instance) => Some(instance),
        None => tables.default_of(ws, service.name)?,
    };
    Ok(ServiceInstanceView {
        name,
        service,
        title: row.title,
        connector_instance: row.connector_instance,
        uses,
        forced: forced.is_some(),
        uncertain: row.uncertain,
        give_up: Duration::from_secs(row.give_up),
        notices_through: row.notices_through,
        tokens,
        created_at: row.created_at,
        edited_at: row.edited_at,
        revision: row.revision,
    })
}

impl Router {
    /// Every service instance of a workspace, by name.
    pub fn service_instances(&self, ws: &WorkspaceName) -> Result<Vec<ServiceInstanceView>, Error> {
        self.read_in(ws, |tables| {
            let rows = tables.service_instances(ws)?.into_iter();
            rows.map(|(name, row)| view(tables, ws, name, row)).collect()
        })
    }

    /// The service instance of that name.
    pub fn service_instance(
        &self,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
    ) -> Result<ServiceInstanceView, Error> {
        self.read_in(ws, |tables| {
            let row = known(tables.service_instance(ws, name)?, name)?;
            view(tables, ws, name.clone(), row)
        })
    }

    /// Creates a service instance of mail, the one service there is.
    pub fn create_service_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
        edit: ServiceInstanceEdit,
    ) -> Result<ServiceInstanceView, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let there = tables.service_instances(ws)?;
            if there.iter().any(|(other, _)| other == name) {
                return Err(ServiceInstanceError::Exists(name.clone()).into());
            }
            if there.len() >= SERVICE_INSTANCES {
                let most = SERVICE_INSTANCES;
                return Err(ServiceInstanceError::TooMany { most }.into());
            }
            let now = Timestamp::now();
            let mut row = ServiceInstanceRow {
                service: MAIL.name.to_owned(),
                title: String::new(),
                connector_instance: None,
                uncertain: UncertainPolicy::default(),
                give_up: GIVE_UP.as_secs(),
                notices_through: None,
                created_at: now,
                edited_at: now,
                revision: 1,
            };
            let named = apply(tables, ws, &mut row, edit)?;
            tables.put_service_instance(ws, name, &row)?;
            let action = Action::ServiceInstanceCreate;
            audit::note(tables, by, Some(ws), action, name.as_str(), named)
        })?;
        self.service_instance(ws, name)
    }

    /// Edits a service instance, or changes nothing at all. Mail that was accepted before keeps its route and its policy.
    pub fn edit_service_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
        edit: ServiceInstanceEdit,
    ) -> Result<ServiceInstanceView, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let mut row = known(tables.service_instance(ws, name)?, name)?;
            let named = apply(tables, ws, &mut row, edit)?;
            row.edited_at = Timestamp::now();
            row.revision = row.revision.saturating_add(1);
            tables.put_service_instance(ws, name, &row)?;
            let action = Action::ServiceInstanceEdit;
            audit::note(tables, by, Some(ws), action, name.as_str(), named)
        })?;
        self.service_instance(ws, name)
    }

    /// Gives a service instance another name. Tokens that are bound to it go on working; deliveries in the journal keep the
    /// name under which they were accepted.
    pub fn rename_service_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        from: &ServiceInstanceName,
        to: &ServiceInstanceName,
    ) -> Result<ServiceInstanceView, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let mut row = known(tables.service_instance(ws, from)?, from)?;
            if tables.service_instance(ws, to)?.is_some() {
                return Err(ServiceInstanceError::Exists(to.clone()).into());
            }
            row.edited_at = Timestamp::now();
            row.revision = row.revision.saturating_add(1);
            tables.remove_service_instance(ws, from)?;
            tables.put_service_instance(ws, to, &row)?;
            for (id, mut token) in tables.tokens(ws)? {
                if token.service_instance.as_ref() == Some(from) {
                    token.service_instance = Some(to.clone());
                    tables.put_token(ws, &id, &token)?;
                }
            }
            let action = Action::ServiceInstanceRename;
            let detail = vec![to.to_string()];
            audit::note(tables, by, Some(ws), action, from.as_str(), detail)
        })?;
        self.reload_tokens()?;
        self.service_instance(ws, to)
    }

    /// Removes a service instance; refused while a token is good for it alone.
    pub fn remove_service_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
    ) -> Result<(), Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            known(tables.service_instance(ws, name)?, name)?;
            let tokens = tables.tokens(ws)?.into_iter();
            let tokens: Vec<String> = tokens
                .filter(|(_, token)| token.revoked_at.is_none() && token.service_instance.as_ref() == Some(name))
                .map(|(_, token)| token.name)
                .collect();
            if !tokens.is_empty() {
                let name = name.clone();
                return Err(ServiceInstanceError::Bound { name, tokens }.into());
            }
            tables.remove_service_instance(ws, name)?;
            let action = Action::ServiceInstanceRemove;
            audit::note(tables, by, Some(ws), action, name.as_str(), Vec::new())
        })
    }
}
