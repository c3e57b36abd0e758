//! The accounts of one session: their tokens in time, and which of them failed the call in progress.
//!
//! A guest tells of a failed account in words of its own, or not at all. So the host keeps count itself: whoever holds the
//! deliveries back until an account is associated again must not depend on a stranger's word.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::account::{Account, AccountFault, Token};
use crate::context::Context;
use crate::observer::Event;

/// How long an account may take for a token: a refresh may be tried more than once.
const PATIENCE: Duration = Duration::from_secs(90);

/// What became of the accounts in the call in progress.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// By the account's parameter. One that gives a token after all is not in it any more.
    failed: Mutex<BTreeMap<String, AccountFault>>,
}

impl Accounts {
    /// A call begins.
    pub(crate) fn begin(&self) {
        self.failed.lock().unwrap_or_else(|e| e.into_inner()).clear();
    }

    /// The account that failed the call, if one did.
    pub(crate) fn failed(&self) -> Option<AccountFault> {
        let failed = self.failed.lock().unwrap_or_else(|e| e.into_inner());
        failed.values().next().cloned()
    }

    fn note(&self, parameter: &str, fault: Option<AccountFault>) {
        let mut failed = self.failed.lock().unwrap_or_else(|e| e.into_inner());
        match fault {
            Some(fault) => failed.insert(parameter.to_owned(), fault),
            None => failed.remove(parameter),
        };
    }
}

impl Context {
    /// A token of the account that the parameter holds. Waiting for it is no silence of the guest's.
    pub(crate) async fn token(&self, parameter: &str, account: &Arc<dyn Account>) -> Result<Token, AccountFault> {
        let answered = {
            let _waits = self.meter.wait_for_host();
            tokio::time::timeout(PATIENCE, account.token()).await
        };
        let answered = answered.unwrap_or_else(|_| {
            Err(AccountFault::Unavailable {
                text: format!("the account gave no token within {} s", PATIENCE.as_secs()),
                retry_after: None,
            })
        });
        self.accounts.note(parameter, answered.as_ref().err().cloned());
        if let Err(fault) = &answered {
            self.audit.tell(Event::AccountFailed {
                account: parameter.to_owned(),
                text: fault.text().to_owned(),
            });
        }
        answered
    }

    /// The remote refused a token of the account that the parameter holds.
    pub(crate) fn token_refused(&self, parameter: &str, account: &Arc<dyn Account>, token: &Token) {
        account.refused(token);
        self.audit.tell(Event::TokenRefused {
            account: parameter.to_owned(),
        });
    }
}
