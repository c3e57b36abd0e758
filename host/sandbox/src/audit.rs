//! One session's line to the observer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::Rule;
use crate::failure::clean;
use crate::observer::{Event, Observer};

/// Bytes of what was asked, in the guest's words; the rest is cut.
const ASKED_BYTES: usize = 512;

/// The observer, with the instance's label. A guest that asks without end for what it may not have floods nobody: a call
/// is told of so many refusals, and of each limit once.
#[derive(Clone)]
pub(crate) struct Audit {
    observer: Arc<dyn Observer>,
    label: Arc<str>,
    call: Arc<Mutex<Call>>,
}

/// What was told of the call in progress.
#[derive(Debug, Default)]
struct Call {
    refusals_left: u32,
    limits: BTreeSet<String>,
}

impl Audit {
    pub(crate) fn new(observer: Arc<dyn Observer>, label: &str) -> Self {
        Self {
            observer,
            label: label.into(),
            call: Arc::default(),
        }
    }

    /// A call begins, with so many refusals to tell.
    pub(crate) fn begin(&self, refusals: u32) {
        *self.call.lock().unwrap_or_else(|e| e.into_inner()) = Call {
            refusals_left: refusals,
            limits: BTreeSet::new(),
        };
    }

    pub(crate) fn tell(&self, event: Event) {
        if self.is_news(&event) {
            self.observer.event(&self.label, &event);
        }
    }

    fn is_news(&self, event: &Event) -> bool {
        let call = || self.call.lock().unwrap_or_else(|e| e.into_inner());
        match event {
            Event::Refused { .. } => {
                let mut call = call();
                let left = call.refusals_left.checked_sub(1);
                call.refusals_left = left.unwrap_or(0);
                left.is_some()
            }
            Event::Limit { name } => call().limits.insert(name.clone()),
            _ => true,
        }
    }

    /// Says that something was refused, and gives the rule back as the guest gets it.
    pub(crate) fn refuse(&self, asked: impl ToString, rule: Rule) -> String {
        self.refuse_with(asked, rule, false)
    }

    /// The same for something that may name a credential, whatever the rule says.
    pub(crate) fn refuse_with(&self, asked: impl ToString, rule: Rule, credential: bool) -> String {
        let text = rule.to_string();
        self.tell(Event::Refused {
            asked: clean(&asked.to_string(), ASKED_BYTES).replace('\n', " "),
            misplaced: credential || rule.is_misplacement(),
            rule,
        });
        text
    }
}
