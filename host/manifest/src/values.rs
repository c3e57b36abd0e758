//! What an administrator gave, made into the settings that a connector receives.
//!
//! Values arrive as JSON from a form or as text from a command line; both are checked by the same code, so that an
//! instance means the same whichever way it was made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::certificate::{MAX_PEM, certificate};
use crate::conditions::State;
use crate::host::host;
use crate::manifest::Manifest;
use crate::nearest::nearest;
use crate::parameter::{Parameter, ParameterType};
use crate::reason::{FieldError, Reason};
use crate::settings::Settings;
use crate::value_types::{MAX_SECONDS, boolean, email, port, seconds, url};

/// Values as text, by parameter id: what `--set k=v` gives.
pub type Given = BTreeMap<String, String>;

/// Text values as the JSON that [`Manifest::settings`] takes.
pub fn given_values(given: &Given) -> BTreeMap<String, Value> {
    given
        .iter()
        .map(|(id, text)| (id.clone(), Value::String(text.clone())))
        .collect()
}

/// The characters of a text where the manifest gives no `max-length`.
pub(crate) const DEFAULT_MAX_LENGTH: u32 = 1024;

impl Manifest {
    /// Checks the values and the ids of the secrets (and accounts) that an instance has, and gives its effective values.
    ///
    /// - An empty or blank text, and `null`, count as not given.
    /// - A parameter whose `when` does not hold is left out and not required. What was given for it is not judged, apart
    ///   from its size, since a form may still hold it; a secret as a plain value is refused all the same.
    /// - A boolean that nobody set is left out; a `when` reads it as false.
    ///
    /// # Errors
    ///
    /// Every value that is refused, not only the first: names that the connector does not have, values of another type
    /// or outside their bounds, required values that are missing.
    pub fn settings(
        &self,
        given: &BTreeMap<String, Value>,
        secrets: &BTreeSet<String>,
    ) -> Result<Settings, Vec<FieldError>> {
        let mut errors = self.misplaced(given, secrets);
        let mut states = self.settle(|parameter, applies| {
            if applies {
                settle(parameter, given, secrets, &mut errors)
            } else {
                State::Away
            }
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let values = self
            .parameters
            .iter()
            .filter_map(|parameter| match states.remove(parameter.id.as_str()) {
                Some(State::Set(value)) => Some((parameter.id.clone(), value)),
                _ => None,
            });
        Ok(Settings {
            values: values.collect(),
        })
    }

    /// Names that the connector does not have, secrets among the values and values among the secrets, values too large
    /// to keep: refused whether or not the parameter applies, since they would be stored.
    fn misplaced(&self, given: &BTreeMap<String, Value>, secrets: &BTreeSet<String>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (id, value) in given {
            let reason = match self.parameter(id) {
                None => Some(self.unknown(id)),
                Some(_) if is_blank(value) => None,
                Some(parameter) if parameter.kind == ParameterType::Secret => Some(Reason::SecretAsValue),
                Some(parameter) if parameter.kind == ParameterType::Account => Some(Reason::AccountAsValue),
                Some(_) => match value {
                    Value::String(text) if text.len() > MAX_PEM => Some(Reason::TooLarge { max: MAX_PEM }),
                    Value::Array(_) | Value::Object(_) => Some(Reason::NotText),
                    _ => None,
                },
            };
            errors.extend(reason.map(|reason| FieldError::new(id, reason)));
        }
        for id in secrets {
            let reason = match self.parameter(id) {
                None => self.unknown(id),
                Some(parameter) if !parameter.kind.is_held() => Reason::NotASecret,
                Some(_) => continue,
            };
            errors.push(FieldError::new(id, reason));
        }
        errors
    }

    fn unknown(&self, id: &str) -> Reason {
        let known = self.parameters.iter().map(|parameter| parameter.id.as_str());
        Reason::UnknownParameter {
            nearest: nearest(id, known).map(str::to_owned),
        }
    }
}

/// The state of a parameter that applies.
fn settle(
    parameter: &Parameter,
    given: &BTreeMap<String, Value>,
    secrets: &BTreeSet<String>,
    errors: &mut Vec<FieldError>,
) -> State {
    let missing = match parameter.kind {
        ParameterType::Secret => Reason::RequiredSecret,
        ParameterType::Account => Reason::RequiredAccount,
        _ => Reason::Required,
    };
    // One refusal a parameter is enough.
    if errors.iter().any(|error| error.field == parameter.id) {
        return State::Opaque;
    }
    if parameter.kind.is_held() {
        if parameter.required && !secrets.contains(&parameter.id) {
            errors.push(FieldError::new(&parameter.id, missing));
        }
        return State::Opaque;
    }
    match given
        .get(&parameter.id)
        .filter(|value| !is_blank(value))
        .or(parameter.default.as_ref())
    {
        Some(value) => match checked(parameter, value) {
            Ok(value) => State::Set(value),
            Err(reason) => {
                errors.push(FieldError::new(&parameter.id, reason));
                State::Opaque
            }
        },
        None if parameter.required => {
            errors.push(FieldError::new(&parameter.id, missing));
            State::Opaque
        }
        None => State::Unset,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// `value` as a value of `parameter`: of its type, inside its bounds, in its one spelling.
pub(crate) fn checked(parameter: &Parameter, value: &Value) -> Result<Value, Reason> {
    let string = || value.as_str().ok_or(Reason::NotText);
    Ok(match parameter.kind {
        ParameterType::Text => text(parameter, string()?)?.into(),
        ParameterType::Choice => choice(parameter, string()?)?.into(),
        ParameterType::Host => host(string()?)?.into(),
        ParameterType::Email => email(string()?)?.into(),
        ParameterType::Url => url(string()?)?.text.into(),
        ParameterType::Certificate => certificate(string()?)?.into(),
        ParameterType::Boolean => match value {
            Value::Bool(value) => (*value).into(),
            other => boolean(other.as_str().ok_or(Reason::NotABoolean)?)?.into(),
        },
        ParameterType::Port => port(&digits(value).ok_or(Reason::NotAPort)?)?.into(),
        ParameterType::Duration => duration(parameter, &digits(value).ok_or(Reason::NotADuration)?)?.into(),
        ParameterType::Integer => {
            let text = digits(value).ok_or(Reason::NotAnInteger)?;
            let number = text.trim().parse().map_err(|_| Reason::NotAnInteger)?;
            within(number, parameter.min, parameter.max)?.into()
        }
        ParameterType::Secret => return Err(Reason::SecretAsValue),
        ParameterType::Account => return Err(Reason::AccountAsValue),
    })
}

/// A number or a text, as text.
fn digits(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text(parameter: &Parameter, text: &str) -> Result<String, Reason> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Reason::ControlCharacter);
    }
    let length = text.chars().count();
    let exceeds = |limit: u32| usize::try_from(limit).is_ok_and(|limit| length > limit);
    let max = parameter.max_length.unwrap_or(DEFAULT_MAX_LENGTH);
    if exceeds(max) {
        return Err(Reason::TooLong { max });
    }
    match parameter.min_length {
        Some(min) if min > 0 && !exceeds(min - 1) => Err(Reason::TooShort { min }),
        _ => Ok(text.to_owned()),
    }
}

fn choice(parameter: &Parameter, text: &str) -> Result<String, Reason> {
    if parameter.choices.iter().any(|choice| choice.value == text) {
        return Ok(text.to_owned());
    }
    Err(Reason::NotAChoice {
        choices: parameter.choices.iter().map(|choice| choice.value.clone()).collect(),
    })
}

fn duration(parameter: &Parameter, text: &str) -> Result<i64, Reason> {
    let seconds = seconds(text).and_then(|seconds| i64::try_from(seconds).map_err(|_| Reason::NotADuration))?;
    let (min, max) = duration_bounds(parameter);
    within(seconds, Some(min), Some(max))
}

/// The least and greatest seconds of a duration. Zero has to be asked for: for most remotes it is not a time.
pub(crate) fn duration_bounds(parameter: &Parameter) -> (i64, i64) {
    let longest = i64::try_from(MAX_SECONDS).unwrap_or(i64::MAX);
    (
        parameter.min.unwrap_or(1),
        parameter.max.map_or(longest, |max| max.min(longest)),
    )
}

fn within(number: i64, min: Option<i64>, max: Option<i64>) -> Result<i64, Reason> {
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        return Err(Reason::OutOfRange { min, max });
    }
    Ok(number)
}
