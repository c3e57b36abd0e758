//! What a host did, kept for a test to read.

use std::sync::Mutex;

use relais_sandbox::{Event, Observer};

/// Every event, in order.
#[derive(Debug, Default)]
pub struct Observed(Mutex<Vec<Event>>);

impl Observer for Observed {
    fn event(&self, _: &str, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Observed {
    fn matching<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.0.lock().unwrap().iter().filter_map(pick).collect()
    }

    /// What was refused: what was asked for, and the rule.
    pub fn refusals(&self) -> Vec<(String, String)> {
        self.matching(|event| match event {
            Event::Refused { asked, rule, .. } => Some((asked.clone(), rule.to_string())),
            _ => None,
        })
    }

    /// How many of them named a credential where it does not go.
    pub fn misplaced(&self) -> usize {
        self.matching(|event| matches!(event, Event::Refused { misplaced: true, .. }).then_some(()))
            .len()
    }

    /// The limits that were reached.
    pub fn limits(&self) -> Vec<String> {
        self.matching(|event| match event {
            Event::Limit { name } => Some(name.clone()),
            _ => None,
        })
    }

    /// Accounts that had no token, and accounts whose token was refused.
    pub fn accounts(&self) -> (Vec<String>, Vec<String>) {
        let failed = self.matching(|event| match event {
            Event::AccountFailed { account, text } => Some(format!("{account}: {text}")),
            _ => None,
        });
        let refused = self.matching(|event| match event {
            Event::TokenRefused { account } => Some(account.clone()),
            _ => None,
        });
        (failed, refused)
    }

    /// Whether anything that was observed holds a text.
    pub fn holds(&self, text: &str) -> bool {
        format!("{:?}", self.0.lock().unwrap()).contains(text)
    }

    /// Lines that a connector logged.
    pub fn log_lines(&self) -> usize {
        self.matching(|event| matches!(event, Event::Log { .. }).then_some(()))
            .len()
    }

    /// Addresses that were connected to.
    pub fn connections(&self) -> Vec<String> {
        self.matching(|event| match event {
            Event::Connected { address, .. } => Some(address.clone()),
            _ => None,
        })
    }
}
