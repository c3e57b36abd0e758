//! What goes through a connector instance, and so keeps it from being removed.

use crate::error::{Error, InstanceError, InstanceUse};
use crate::instances::unknown;
use crate::names::{InstanceName, WorkspaceName};
use crate::store::Writing;

/// Removes an instance and its secrets; refused while anything goes through it.
pub fn remove(tables: &mut Writing<'_>, ws: &WorkspaceName, name: &InstanceName) -> Result<(), Error> {
    let uses = uses(tables, ws, name)?;
    if !uses.is_empty() {
        let name = name.clone();
        return Err(InstanceError::InUse { name, uses }.into());
    }
    if tables.any_pending(ws, name)? {
        return Err(InstanceError::Pending { name: name.clone() }.into());
    }
    if !tables.remove_instance(ws, name)? {
        return Err(unknown(name));
    }
    Ok(())
}

/// All that names the instance.
fn uses(tables: &Writing<'_>, ws: &WorkspaceName, name: &InstanceName) -> Result<Vec<InstanceUse>, Error> {
    let is = |other: &InstanceName| other == name;
    let mut uses = Vec::new();
    for (service, _) in tables.defaults(ws)?.into_iter().filter(|(_, default)| is(default)) {
        uses.push(InstanceUse::Default { service });
    }
    for (service, _) in tables.all_forced(ws)?.into_iter().filter(|(_, forced)| is(forced)) {
        uses.push(InstanceUse::Forced { service });
    }
    for (user, row) in tables.service_instances(ws)? {
        if row.connector_instance.as_ref().is_some_and(is) {
            uses.push(InstanceUse::ServiceInstance(user.clone()));
        }
        if row.notices_through.as_ref().is_some_and(is) {
            uses.push(InstanceUse::NoticesOf(user));
        }
    }
    let workspace = tables.workspace(ws)?;
    if workspace.and_then(|row| row.notices_through).as_ref().is_some_and(is) {
        uses.push(InstanceUse::Notices);
    }
    Ok(uses)
}
