//! Which connector instance a mail goes through, and by which rules: the service's forced instance before the service instance's
//! own choice before the default.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relais_manifest::{Manifest, Recipients};

use crate::connectors;
use crate::error::{Error, ServiceError};
use crate::instances;
use crate::names::{InstanceName, ServiceInstanceName, WorkspaceName};
use crate::outbox::UncertainPolicy;
use crate::router::Router;
use crate::service_instances::{self, GIVE_UP};
use crate::services::{self, MAIL};
use crate::store::{InstanceRow, Reading};
use crate::workspaces;

/// What a mail names to be sent through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// Nothing: the default of the service.
    Default,
    /// A service instance.
    Service(ServiceInstanceName),
    /// A connector instance; refused where the service is forced to another.
    Connector(InstanceName),
    /// The connector instance that notices go through, for mail of Relais's own: a forced service does not hold it back, since
    /// a notice is about the forced instance's failure as often as not.
    Notices(InstanceName),
}

/// Where a mail goes and by which rules, as things were when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub instance: InstanceName,
    pub service_instance: Option<ServiceInstanceName>,
    pub uncertain: UncertainPolicy,
    /// The connector instance that failure notices go through.
    pub notices_through: Option<InstanceName>,
    /// After how long it is given up.
    pub give_up: Duration,
    /// The address that it is from where it names none.
    pub sender: Option<String>,
    /// Its connector takes a message for all of its recipients or for none.
    pub all_or_none: bool,
}

/// Routes that were resolved since the configuration changed last: reading the manifest and checking the instance's values
/// against it costs more than the rest of an acceptance.
#[derive(Debug, Default)]
pub struct Routes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Counts the changes of the configuration.
    edition: u64,
    routes: HashMap<(WorkspaceName, Route), Arc<Resolved>>,
}

impl Routes {
    /// Forgets all: called after every change of the configuration, when it is durable.
    pub fn forget(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.edition = known.edition.wrapping_add(1);
        known.routes.clear();
    }

    fn find(&self, ws: &WorkspaceName, route: &Route) -> Result<Arc<Resolved>, u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.routes.get(&(ws.clone(), route.clone()));
        found.cloned().ok_or(known.edition)
    }

    /// Keeps what was read, unless the configuration changed since `edition`: what was read may be of before.
    fn keep(&self, edition: u64, ws: &WorkspaceName, route: &Route, resolved: &Arc<Resolved>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.edition == edition {
            known.routes.insert((ws.clone(), route.clone()), resolved.clone());
        }
    }
}

impl Router {
    /// Which connector instance a mail goes through, and by which rules. Only a route that leads somewhere is remembered, so
    /// there are never more of them than instances.
    pub fn resolve(&self, ws: &WorkspaceName, route: &Route) -> Result<Arc<Resolved>, Error> {
        let edition = match self.routes.find(ws, route) {
            Ok(resolved) => return Ok(resolved),
            Err(edition) => edition,
        };
        let resolved = Arc::new(self.read(|tables| resolve(tables, ws, route))?);
        self.routes.keep(edition, ws, route, &resolved);
        Ok(resolved)
    }
}

fn resolve(tables: &Reading, ws: &WorkspaceName, route: &Route) -> Result<Resolved, Error> {
    let workspace = workspaces::known(tables.workspace(ws)?, ws)?;
    let service_instance = match route {
        Route::Service(name) => Some((
            name,
            service_instances::known(tables.service_instance(ws, name)?, name)?,
        )),
        _ => None,
    };
    let named = match route {
        Route::Default => None,
        Route::Service(_) => service_instance
            .as_ref()
            .and_then(|(_, row)| row.connector_instance.clone()),
        Route::Connector(instance) | Route::Notices(instance) => Some(instance.clone()),
    };
    let instance = choose(tables, ws, route, named)?;
    let row = services::served(tables, ws, &instance, MAIL)?;
    let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
    let sender = sender(tables, ws, &instance, &row, &manifest)?;
    let own = service_instance.as_ref().map(|(_, row)| row);
    Ok(Resolved {
        instance,
        uncertain: own.map(|row| row.uncertain).unwrap_or_default(),
        notices_through: own
            .and_then(|row| row.notices_through.clone())
            .or(workspace.notices_through),
        give_up: own.map_or(GIVE_UP, |row| Duration::from_secs(row.give_up)),
        sender,
        all_or_none: manifest.service(MAIL.name).recipients == Recipients::AllOrNone,
        service_instance: service_instance.map(|(name, _)| name.clone()),
    })
}

fn choose(
    tables: &Reading,
    ws: &WorkspaceName,
    route: &Route,
    named: Option<InstanceName>,
) -> Result<InstanceName, Error> {
    let forced = match route {
        Route::Notices(_) => None,
        _ => tables.forced(ws, MAIL.name)?,
    };
    match (forced, route) {
        (Some(forced), Route::Connector(asked)) if forced != *asked => Err(ServiceError::Forced {
            service: MAIL,
            forced,
            asked: asked.clone(),
        }
        .into()),
        (Some(forced), _) => Ok(forced),
        (None, _) => match named {
            Some(named) => Ok(named),
            None => {
                let default = tables.default_of(ws, MAIL.name)?;
                default.ok_or_else(|| ServiceError::NoDefault { service: MAIL }.into())
            }
        },
    }
}

/// The address that mail is from where it names none. It also proves that the instance's values fit its connector.
fn sender(
    tables: &Reading,
    ws: &WorkspaceName,
    instance: &InstanceName,
    row: &InstanceRow,
    manifest: &Manifest,
) -> Result<Option<String>, Error> {
    let saved = tables.secrets(ws, instance)?;
    let declared = manifest
        .secrets()
        .map(|secret| &secret.id)
        .filter(|id| saved.contains_key(*id));
    let effective = instances::effective(manifest, &row.given, &row.grants, declared)?;
    Ok(manifest.sender(&effective.settings))
}
