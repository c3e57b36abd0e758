//! Who is told of deliveries of which nobody knows whether they left. They wait for somebody to decide, and are not sent again
//! by themselves: a workspace in which nobody is told has to know that.

use crate::error::Error;
use crate::names::{InstanceName, WorkspaceName};
use crate::router::Router;
use crate::services::MAIL;
use crate::store::{Reading, WorkspaceRow};

/// Whether anybody is told of deliveries of which nobody knows whether they left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alerts {
    /// The contact is, through this connector instance: the one for notices, or where none is named the one that mail goes
    /// through by default.
    Through(InstanceName),
    /// The workspace names no contact.
    NoContact,
    /// It names a contact, and has no connector instance that an alert could go through.
    NoInstance,
}

/// Which way alerts of the workspace go.
pub fn of(tables: &Reading, ws: &WorkspaceName, row: &WorkspaceRow) -> Result<Alerts, Error> {
    if row.contact.is_none() {
        return Ok(Alerts::NoContact);
    }
    let through = match &row.notices_through {
        Some(named) => Some(named.clone()),
        None => match tables.forced(ws, MAIL.name)? {
            Some(forced) => Some(forced),
            None => tables.default_of(ws, MAIL.name)?,
        },
    };
    Ok(through.map_or(Alerts::NoInstance, Alerts::Through))
}

impl Router {
    /// Says in the log which workspaces send mail and have nobody who is told of what is uncertain.
    pub(crate) fn warn_of_silence(&self) {
        match self.workspaces() {
            Ok(views) => {
                for view in views.into_iter().filter(|view| view.instances > 0) {
                    let missing = match view.alerts {
                        Alerts::Through(_) => continue,
                        Alerts::NoContact => "--contact",
                        Alerts::NoInstance => "--notices-through",
                    };
                    tracing::warn!(target: "relais::dispatch", workspace = %view.name, missing, "nobody is told of deliveries that stay uncertain: `relais workspace edit` sets what is missing");
                }
            }
            Err(error) => {
                tracing::warn!(target: "relais::dispatch", code = error.code(), "the workspaces could not be looked at");
            }
        }
    }
}
