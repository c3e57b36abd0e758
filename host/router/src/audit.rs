//! The audit journal: who changed what, when; and what connectors tried with credentials ([`crate::attempts`]). An entry is written in the transaction of the change itself, so that there is no
//! change without its entry and no entry of a change that did not happen. It names parameters and never holds their values.

use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::names::WorkspaceName;
use crate::router::Router;
use crate::store::{AuditLimits, AuditRow, Writing};
use crate::who::Who;

/// How long an entry stays.
const KEPT: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Entries of one workspace, or of the host itself, at most; beyond, its oldest go.
const OF_ONE: u64 = 10_000;
/// Entries of all together at most; beyond, the oldest of whoever has the most go.
const MOST: u64 = 100_000;
/// Old entries that go with one new entry at most, so that no change waits for a year of cleaning.
const DROPS: usize = 16;
/// Entries that one question answers at most.
pub const AUDIT_PAGE: usize = 1_000;
/// Details of an entry, and characters of one, at most.
const DETAILS: usize = 64;
const DETAIL_CHARS: usize = 120;

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $word:literal,)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            /// The word that the journal and the API use, permanent.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$action => $word,)*
                }
            }
        }
    };
}

actions! {
    ConnectorInstall = "connector-install",
    ConnectorRemove = "connector-remove",
    ConnectorEnable = "connector-enable",
    ConnectorDisable = "connector-disable",
    InstanceCreate = "instance-create",
    InstanceEdit = "instance-edit",
    InstanceRemove = "instance-remove",
    ServiceDefault = "service-default",
    ServiceForce = "service-force",
    ServiceInstanceCreate = "service-instance-create",
    ServiceInstanceEdit = "service-instance-edit",
    ServiceInstanceRename = "service-instance-rename",
    ServiceInstanceRemove = "service-instance-remove",
    WorkspaceCreate = "workspace-create",
    WorkspaceEdit = "workspace-edit",
    WorkspaceRemove = "workspace-remove",
    TokenCreate = "token-create",
    TokenRevoke = "token-revoke",
    AccountAssociate = "account-associate",
    AccountRenew = "account-renew",
    AccountDissociate = "account-dissociate",
    /// Whether the provider took the tokens of a dissociated account back: `done`, `not-offered`, or `failed` and why.
    AccountRevoke = "account-revoke",
    /// An account gives no token any more.
    AccountLost = "account-lost",
    ApplicationSet = "application-set",
    ApplicationRemove = "application-remove",
    DeliveryResend = "delivery-resend",
    DeliveryClose = "delivery-close",
    DeliveryCancel = "delivery-cancel",
    /// A file of the drop folder could not be accepted; by its owner.
    DropReject = "drop-reject",
    /// A connector named a credential where it does not go, and was refused; by the instance.
    CredentialRefused = "credential-refused",
    /// Everything was copied out.
    Backup = "backup",
    /// This store came from a backup.
    Restore = "restore",
}

/// An entry of the audit journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Grows with every entry.
    pub seq: u64,
    pub at: Timestamp,
    pub by: Who,
    /// None for what concerns the whole host.
    pub workspace: Option<WorkspaceName>,
    /// The word of an [`Action`], or of one that a later version knows.
    pub action: String,
    /// What it was done to: a name, or an id.
    pub object: String,
    /// What of it changed, by name.
    pub detail: Vec<String>,
}

/// Notes a change in its own transaction.
pub fn note(
    tables: &mut Writing<'_>,
    by: &Who,
    ws: Option<&WorkspaceName>,
    action: Action,
    object: &str,
    detail: Vec<String>,
) -> Result<(), Error> {
    let now = Timestamp::now();
    let row = AuditRow {
        at: now,
        by: by.clone(),
        workspace: ws.cloned(),
        action: action.word().to_owned(),
        object: printable(object),
        detail: detail.iter().take(DETAILS).map(|text| printable(text)).collect(),
    };
    let limits = AuditLimits {
        oldest: now.checked_sub(KEPT).unwrap_or(Timestamp::MIN),
        of_one: OF_ONE,
        most: MOST,
        drops: DROPS,
    };
    tables.add_audit(&row, &limits)?;
    Ok(())
}

impl Router {
    /// Notes that a file which a user dropped could not be accepted, and how many more there were that are not noted. It concerns
    /// no configuration.
    pub fn note_rejected(
        &self,
        ws: &WorkspaceName,
        uid: u32,
        file: &str,
        reason: &str,
        untold: u64,
    ) -> Result<(), Error> {
        let mut detail = vec![reason.to_owned()];
        detail.extend((untold > 0).then(|| format!("+{untold}")));
        let by = Who::Local { uid };
        self.store
            .write(|tables| note(tables, &by, Some(ws), Action::DropReject, file, detail))
    }

    /// Entries of the audit journal, newest first, at most [`AUDIT_PAGE`]: of one workspace or of all, from before the entry
    /// of that number on.
    pub fn audit(
        &self,
        ws: Option<&WorkspaceName>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Error> {
        let limit = limit.min(AUDIT_PAGE);
        self.attempts.write(&self.store);
        let mut found = Vec::new();
        self.read(|tables| {
            if let Some(ws) = ws {
                crate::workspaces::known(tables.workspace(ws)?, ws)?;
            }
            if limit == 0 {
                return Ok(());
            }
            tables.audit_back(ws, before, |seq, row| {
                found.push(entry(seq, row));
                if found.len() < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
            Ok(())
        })?;
        Ok(found)
    }
}

fn entry(seq: u64, row: AuditRow) -> AuditEntry {
    let AuditRow {
        at,
        by,
        workspace,
        action,
        object,
        detail,
    } = row;
    AuditEntry {
        seq,
        at,
        by,
        workspace,
        action,
        object,
        detail,
    }
}

fn printable(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(DETAIL_CHARS).collect()
}
