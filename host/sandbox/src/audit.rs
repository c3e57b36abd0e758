//! One session's line to the observer.

use std::sync::Arc;

use crate::observer::{Event, Observer};

/// The observer, with the instance's label.
#[derive(Clone)]
pub(crate) struct Audit {
    observer: Arc<dyn Observer>,
    label: Arc<str>,
}

impl Audit {
    pub(crate) fn new(observer: Arc<dyn Observer>, label: &str) -> Self {
        Self {
            observer,
            label: label.into(),
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        self.observer.event(&self.label, &event);
    }

    /// Says that something was refused, and gives the rule back.
    pub(crate) fn refuse(&self, asked: impl ToString, rule: impl Into<String>) -> String {
        let rule = rule.into();
        self.tell(Event::Refused {
            asked: asked.to_string(),
            rule: rule.clone(),
        });
        rule
    }
}
