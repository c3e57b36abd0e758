//! The services that a connector can serve: what is sent, apart from how.

use relais_manifest::Lang;
use serde::Serialize;

use crate::audit::{self, Action};
use crate::connectors;
use crate::enablement;
use crate::error::{Error, ServiceError};
use crate::instances;
use crate::names::{InstanceName, WorkspaceName};
use crate::router::Router;
use crate::store::{InstanceRow, Reading, Tables, Transaction};
use crate::who::Who;
use crate::workspaces;

/// A service that this host knows.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The word that the command line and a manifest use, permanent.
    pub name: &'static str,
    /// The title in French, as EzGED writes it.
    pub fr: &'static str,
    /// The title in English.
    pub en: &'static str,
}

impl Service {
    /// The title for people.
    pub fn title(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Fr => self.fr,
            Lang::En => self.en,
        }
    }
}

/// The service of mail.
pub const MAIL: &Service = &SERVICES[0];

/// Every service, in the order of display.
pub const SERVICES: [Service; 1] = [Service {
    name: "mail",
    fr: "Envoi de mail",
    en: "Sending mail",
}];

/// The service of that name.
pub fn service(name: &str) -> Result<&'static Service, ServiceError> {
    SERVICES
        .iter()
        .find(|service| service.name == name)
        .ok_or_else(|| ServiceError::Unknown {
            name: name.chars().take(80).collect(),
        })
}

/// A service as one workspace has it set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    pub service: &'static Service,
    /// The instance that is used when nothing names one.
    pub default: Option<InstanceName>,
    /// The one instance that is used, whatever a mail or a service instance names.
    pub forced: Option<InstanceName>,
    /// The instances whose connector serves it.
    pub instances: Vec<InstanceName>,
}

/// The row of an instance that can serve the service in its workspace as things are: its connector exports the service and is
/// enabled.
pub fn served<T: Transaction>(
    tables: &Tables<T>,
    ws: &WorkspaceName,
    instance: &InstanceName,
    service: &'static Service,
) -> Result<InstanceRow, Error> {
    let row = tables.instance(ws, instance)?;
    let row = row.ok_or_else(|| instances::unknown(instance))?;
    let connector = connectors::of(tables, &row)?;
    if !connector.services.iter().any(|exported| exported == service.name) {
        return Err(ServiceError::NotServed {
            instance: instance.clone(),
            connector: connector.id,
            service,
        }
        .into());
    }
    enablement::needed(tables.enabled(ws, &row.connector)?, ws, &row.connector)?;
    Ok(row)
}

fn view(tables: &Reading, ws: &WorkspaceName, service: &'static Service) -> Result<ServiceView, Error> {
    let mut instances = Vec::new();
    for (name, row) in tables.instances(ws)? {
        let connector = connectors::of(tables, &row)?;
        if connector.services.iter().any(|exported| exported == service.name) {
            instances.push(name);
        }
    }
    Ok(ServiceView {
        service,
        default: tables.default_of(ws, service.name)?,
        forced: tables.forced(ws, service.name)?,
        instances,
    })
}

impl Router {
    /// Every service that this host knows, as the workspace has it set.
    pub fn services(&self, ws: &WorkspaceName) -> Result<Vec<ServiceView>, Error> {
        self.read_in(ws, |tables| {
            SERVICES.iter().map(|service| view(tables, ws, service)).collect()
        })
    }

    /// Makes an instance the one that a service uses when nothing names one.
    pub fn set_default(&self, by: &Who, ws: &WorkspaceName, name: &str, instance: &InstanceName) -> Result<(), Error> {
        let service = service(name)?;
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            served(tables, ws, instance, service)?;
            tables.put_default(ws, service.name, instance)?;
            let detail = vec![instance.to_string()];
            audit::note(tables, by, Some(ws), Action::ServiceDefault, service.name, detail)
        })
    }

    /// Leaves a service without a default, so that its instance can be removed.
    pub fn clear_default(&self, by: &Who, ws: &WorkspaceName, name: &str) -> Result<(), Error> {
        let service = service(name)?;
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            if !tables.remove_default(ws, service.name)? {
                return Ok(());
            }
            audit::note(tables, by, Some(ws), Action::ServiceDefault, service.name, Vec::new())
        })
    }

    /// Forces a service to one instance, whatever a mail or a service instance names; `None` leaves it free again.
    pub fn force(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &str,
        instance: Option<&InstanceName>,
    ) -> Result<(), Error> {
        let service = service(name)?;
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let detail = match instance {
                Some(instance) => {
                    served(tables, ws, instance, service)?;
                    tables.put_forced(ws, service.name, instance)?;
                    vec![instance.to_string()]
                }
                None if tables.remove_forced(ws, service.name)? => Vec::new(),
                None => return Ok(()),
            };
            audit::note(tables, by, Some(ws), Action::ServiceForce, service.name, detail)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn mail_is_known_by_its_word_and_titled_in_both_languages() {
        let mail = service("mail").unwrap();
        assert_eq!(mail, MAIL);
        assert_eq!(mail.title(Lang::Fr), "Envoi de mail");
        assert_eq!(mail.title(Lang::En), "Sending mail");
        assert!(service("fax").is_err());
    }
}
