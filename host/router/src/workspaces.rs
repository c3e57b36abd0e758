//! Workspaces: each is one EzGED instance, and sees neither the connector instances nor the deliveries nor the tokens of another.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use relais_manifest::Flow;

use crate::accounts::Governance;
use crate::alerts::{self, Alerts};
use crate::audit::{self, Action};
use crate::checks::Checks;
use crate::error::{Error, WorkspaceError};
use crate::names::{InstanceName, WorkspaceName};
use crate::outbox::{Retention, Retentions};
use crate::router::Router;
use crate::services::{self, MAIL};
use crate::store::{Reading, WorkspaceRow, Writing};
use crate::who::Who;

/// Workspaces of one host at most.
pub const WORKSPACES: usize = 1_000;
/// Providers that a workspace lists at most.
const PROVIDERS: usize = 64;
const DAY: Duration = Duration::from_secs(86_400);
/// What retention may be set to.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// What to set of a workspace. What it does not name stays as it is, or as a new workspace has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkspaceEdit {
    /// For people, at most [`crate::TITLE_CHARS`] characters.
    pub title: Option<String>,
    /// The address that alerts go to, as `a@b` or `Name <a@b>`; `Some(None)` takes it away.
    pub contact: Option<Option<String>>,
    /// The connector instance that failure notices and alerts go through; `Some(None)` sends none.
    pub notices_through: Option<Option<InstanceName>>,
    /// How long a body stays after all was sent, in whole seconds up to 10 years; `Some(None)` follows the host.
    pub sent_body: Option<Option<Duration>>,
    /// How long a body stays where not all was sent, in whole seconds up to 10 years.
    pub failed_body: Option<Option<Duration>>,
    /// How long a delivery stays in the journal after its end, from 1 day up to 10 years.
    pub journal: Option<Option<Duration>>,
    /// The flows by which accounts may come; `Some(None)` allows all.
    pub account_flows: Option<Option<Vec<Flow>>>,
    /// The ids of the providers whose accounts are allowed; `Some(None)` allows all.
    pub account_providers: Option<Option<Vec<String>>>,
}

/// A workspace as its administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceView {
    pub name: WorkspaceName,
    pub title: String,
    pub contact: Option<String>,
    pub notices_through: Option<InstanceName>,
    pub alerts: Alerts,
    /// What holds, whether it is the workspace's own or the host's.
    pub retention: Retention,
    /// The workspace's own, where it has any.
    pub sent_body: Option<Duration>,
    pub failed_body: Option<Duration>,
    pub journal: Option<Duration>,
    /// What it allows of accounts.
    pub governance: Governance,
    /// The connectors that are enabled in it, by id.
    pub connectors: Vec<String>,
    /// How many connector instances it holds.
    pub instances: usize,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
}

/// An error where the workspace is not there.
pub fn known(row: Option<WorkspaceRow>, ws: &WorkspaceName) -> Result<WorkspaceRow, Error> {
    row.ok_or_else(|| WorkspaceError::Unknown(ws.clone()).into())
}

/// Makes what every store has: the workspace `default`. In a store that was made before there were workspaces, every connector
/// is enabled where it has instances, so that nothing which worked stops. True if anything was made.
pub fn found(tables: &mut Writing<'_>) -> Result<bool, Error> {
    let default = WorkspaceName::default();
    if tables.workspace(&default)?.is_some() {
        return Ok(false);
    }
    let now = Timestamp::now();
    tables.put_workspace(&default, &new(now))?;
    for (path, row) in tables.all_instances()? {
        tables.enable(&path.workspace, &row.connector, now)?;
    }
    Ok(true)
}

/// How long the deliveries of a workspace are kept.
pub fn retention(row: &WorkspaceRow) -> Retention {
    let host = Retention::default();
    let own = |seconds: Option<u64>, host| seconds.map_or(host, Duration::from_secs);
    Retention {
        sent_body: own(row.sent_body, host.sent_body),
        failed_body: own(row.failed_body, host.failed_body),
        journal: own(row.journal, host.journal),
    }
}

/// How long the deliveries of every workspace are kept.
pub fn retentions(tables: &Reading) -> Result<Retentions, Error> {
    let mut all = Retentions::default();
    for (name, row) in tables.workspaces()? {
        all.set(name, retention(&row));
    }
    Ok(all)
}

fn new(now: Timestamp) -> WorkspaceRow {
    WorkspaceRow {
        title: String::new(),
        contact: None,
        notices_through: None,
        sent_body: None,
        failed_body: None,
        journal: None,
        account_flows: None,
        account_providers: None,
        created_at: now,
        edited_at: now,
    }
}

/// Sets what the edit names and returns the names of it.
fn apply(
    tables: &Writing<'_>,
    ws: &WorkspaceName,
    row: &mut WorkspaceRow,
    edit: WorkspaceEdit,
) -> Result<Vec<String>, Error> {
    check(&edit)?;
    let mut named = Vec::new();
    let mut set = |field: &str| named.push(field.to_owned());
    if let Some(title) = edit.title {
        row.title = title;
        set("title");
    }
    if let Some(contact) = edit.contact {
        row.contact = contact;
        set("contact");
    }
    if let Some(through) = edit.notices_through {
        if let Some(instance) = &through {
            services::served(tables, ws, instance, MAIL)?;
        }
        row.notices_through = through;
        set("notices-through");
    }
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs());
    if let Some(span) = edit.sent_body {
        row.sent_body = seconds(span);
        set("sent-body");
    }
    if let Some(span) = edit.failed_body {
        row.failed_body = seconds(span);
        set("failed-body");
    }
    if let Some(span) = edit.journal {
        row.journal = seconds(span);
        set("journal");
    }
    if let Some(flows) = edit.account_flows {
        row.account_flows = flows.map(|flows| words(flows.iter().map(|flow| flow.word().to_owned())));
        set("account-flows");
    }
    if let Some(providers) = edit.account_providers {
        row.account_providers = providers.map(|providers| words(providers.into_iter()));
        set("account-providers");
    }
    Ok(named)
}

/// Each once, in their order.
fn words(given: impl Iterator<Item = String>) -> Vec<String> {
    given.collect::<BTreeSet<String>>().into_iter().collect()
}

fn check(edit: &WorkspaceEdit) -> Result<(), Error> {
    let mut checks = Checks::default();
    if let Some(title) = &edit.title {
        checks.title("title", title);
    }
    if let Some(Some(contact)) = &edit.contact {
        checks.address("contact", contact);
    }
    let spans = [
        ("sent-body", edit.sent_body, Duration::ZERO),
        ("failed-body", edit.failed_body, Duration::ZERO),
        ("journal", edit.journal, DAY),
    ];
    for (field, span, least) in spans {
        if let Some(Some(span)) = span {
            checks.duration(field, span, least, LONGEST);
        }
    }
    if let Some(Some(providers)) = &edit.account_providers {
        checks.providers("account-providers", providers, PROVIDERS);
    }
    checks.done()
}

fn view(tables: &Reading, name: WorkspaceName, row: WorkspaceRow) -> Result<WorkspaceView, Error> {
    let connectors = tables.enabled_in(&name)?;
    let instances = tables.instances(&name)?.len();
    let own = |seconds: Option<u64>| seconds.map(Duration::from_secs);
    let alerts = alerts::of(tables, &name, &row)?;
    Ok(WorkspaceView {
        alerts,
        retention: retention(&row),
        governance: Governance::of(&row),
        sent_body: own(row.sent_body),
        failed_body: own(row.failed_body),
        journal: own(row.journal),
        name,
        title: row.title,
        contact: row.contact,
        notices_through: row.notices_through,
        connectors,
        instances,
        created_at: row.created_at,
        edited_at: row.edited_at,
    })
}

impl Router {
    /// Every workspace, by name.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceView>, Error> {
        self.read(|tables| {
            let rows = tables.workspaces()?.into_iter();
            rows.map(|(name, row)| view(tables, name, row)).collect()
        })
    }

    /// The workspace of that name.
    pub fn workspace_view(&self, ws: &WorkspaceName) -> Result<WorkspaceView, Error> {
        self.read(|tables| view(tables, ws.clone(), known(tables.workspace(ws)?, ws)?))
    }

    /// Creates a workspace. No connector is enabled in it.
    pub fn create_workspace(&self, by: &Who, ws: &WorkspaceName, edit: WorkspaceEdit) -> Result<WorkspaceView, Error> {
        self.change(|tables| {
            if tables.workspace(ws)?.is_some() {
                return Err(WorkspaceError::Exists(ws.clone()).into());
            }
            if tables.workspaces()?.len() >= WORKSPACES {
                return Err(WorkspaceError::TooMany { most: WORKSPACES }.into());
            }
            if tables.any_delivery(ws)? {
                return Err(WorkspaceError::Remembered(ws.clone()).into());
            }
            let mut row = new(Timestamp::now());
            let named = apply(tables, ws, &mut row, edit)?;
            tables.put_workspace(ws, &row)?;
            audit::note(tables, by, Some(ws), Action::WorkspaceCreate, ws.as_str(), named)
        })?;
        self.reload_retentions()?;
        self.workspace_view(ws)
    }

    /// Edits a workspace, or changes nothing at all.
    pub fn edit_workspace(&self, by: &Who, ws: &WorkspaceName, edit: WorkspaceEdit) -> Result<WorkspaceView, Error> {
        self.change(|tables| {
            let mut row = known(tables.workspace(ws)?, ws)?;
            let named = apply(tables, ws, &mut row, edit)?;
            row.edited_at = Timestamp::now();
            tables.put_workspace(ws, &row)?;
            audit::note(tables, by, Some(ws), Action::WorkspaceEdit, ws.as_str(), named)
        })?;
        self.reload_retentions()?;
        self.workspace_view(ws)
    }

    /// Removes a workspace with its service instances and tokens. Refused for `default`, and while it holds connector instances
    /// or deliveries that are pending or uncertain. What is in its journal goes in its own time.
    pub fn remove_workspace(&self, by: &Who, ws: &WorkspaceName) -> Result<(), Error> {
        self.change(|tables| {
            known(tables.workspace(ws)?, ws)?;
            if *ws == WorkspaceName::default() {
                return Err(WorkspaceError::Default.into());
            }
            let instances: Vec<InstanceName> = tables.instances(ws)?.into_iter().map(|(name, _)| name).collect();
            if !instances.is_empty() {
                return Err(WorkspaceError::Holds {
                    name: ws.clone(),
                    instances,
                }
                .into());
            }
            if tables.any_undecided(ws)? {
                return Err(WorkspaceError::Undecided(ws.clone()).into());
            }
            tables.remove_workspace(ws)?;
            audit::note(tables, by, Some(ws), Action::WorkspaceRemove, ws.as_str(), Vec::new())
        })?;
        self.reload_retentions()?;
        self.reload_tokens()
    }

    /// Tells the book what every workspace's rules are, after a change of them is durable. They hold for what ends from then
    /// on. One at a time: of two that meet, the later one reads the later state.
    fn reload_retentions(&self) -> Result<(), Error> {
        let _one_at_a_time = self.retaining.lock().unwrap_or_else(PoisonError::into_inner);
        self.book.set_retention(self.read(retentions)?);
        Ok(())
    }
}
