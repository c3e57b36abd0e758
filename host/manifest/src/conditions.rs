//! `when`: whether a parameter, an egress or a provider applies beside the values of an instance.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::Manifest;
use crate::parameter::ParameterType;
use crate::settings::Settings;
use crate::values::checked;

/// The conditions of a manifest: parameter id and wanted value.
pub(crate) type When = BTreeMap<String, Value>;

/// What became of one parameter.
#[derive(Debug, PartialEq)]
pub(crate) enum State {
    /// It does not apply beside the other values.
    Away,
    /// It applies, and nobody set it.
    Unset,
    /// It applies, and the host holds it or its value was refused: nothing can depend on it.
    Opaque,
    Set(Value),
}

pub(crate) type States<'a> = BTreeMap<&'a str, State>;

impl Manifest {
    /// Whether all conditions hold; nothing while one of them is not settled.
    pub(crate) fn holds(&self, when: &When, states: &States<'_>) -> Option<bool> {
        let mut open = false;
        for (id, wanted) in when {
            let Some(target) = self.parameter(id) else {
                return Some(false);
            };
            let holds = match states.get(id.as_str()) {
                None => {
                    open = true;
                    continue;
                }
                Some(State::Set(value)) => checked(target, wanted).is_ok_and(|wanted| wanted == *value),
                Some(State::Unset) => {
                    target.kind == ParameterType::Boolean && checked(target, wanted) == Ok(Value::Bool(false))
                }
                Some(State::Away | State::Opaque) => false,
            };
            if !holds {
                return Some(false);
            }
        }
        (!open).then_some(true)
    }

    /// Settles every parameter, in the order in which their conditions allow it. A valid manifest has no circle, so the
    /// rounds end with every parameter; in a circle the rest stays unsettled.
    pub(crate) fn settle<'a>(&'a self, mut state: impl FnMut(&'a crate::Parameter, bool) -> State) -> States<'a> {
        let mut states = States::new();
        loop {
            let settled = states.len();
            for parameter in &self.parameters {
                if states.contains_key(parameter.id.as_str()) {
                    continue;
                }
                if let Some(applies) = self.holds(&parameter.when, &states) {
                    states.insert(&parameter.id, state(parameter, applies));
                }
            }
            if states.len() == settled {
                return states;
            }
        }
    }

    /// The parts of the manifest whose conditions hold for these effective values.
    pub(crate) fn applying<'a, T>(
        &'a self,
        parts: impl IntoIterator<Item = &'a T>,
        when: impl Fn(&T) -> &When,
        settings: &Settings,
    ) -> Vec<&'a T> {
        let mut states = None;
        let settled = || {
            self.settle(|parameter, applies| match settings.values.get(&parameter.id) {
                Some(value) => State::Set(value.clone()),
                None if parameter.kind.is_held() => State::Opaque,
                None if applies => State::Unset,
                None => State::Away,
            })
        };
        parts
            .into_iter()
            .filter(|part| {
                let when = when(part);
                when.is_empty() || self.holds(when, states.get_or_insert_with(settled)) == Some(true)
            })
            .collect()
    }
}
