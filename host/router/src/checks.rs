//! Bounds of what an administrator writes beside connectors' parameters: titles, addresses, durations, numbers. A refusal
//! names every field that is wrong, not only the first.

use std::time::Duration;

use relais_message::{Draft, Limits};

use crate::accounts::is_provider;
use crate::error::{Error, SettingError, SettingProblem};

/// Characters of a title at most.
pub const TITLE_CHARS: usize = 200;

/// Collects what is wrong.
#[derive(Debug, Default)]
pub struct Checks(Vec<SettingError>);

impl Checks {
    /// A line for people.
    pub fn title(&mut self, field: &'static str, text: &str) {
        if text.chars().any(char::is_control) {
            self.refuse(field, SettingProblem::ControlCharacter);
        } else if text.chars().count() > TITLE_CHARS {
            self.refuse(field, SettingProblem::TooLong { most: TITLE_CHARS });
        }
    }

    /// A mail address, by the very check that a mail to it will have to pass.
    pub fn address(&mut self, field: &'static str, text: &str) {
        let draft = Draft {
            from: Some("relais@localhost".to_owned()),
            to: vec![text.to_owned()],
            ..Draft::default()
        };
        let reason = match draft.accept(&Limits::default()) {
            Ok(_) => return,
            Err(errors) => errors.into_iter().find(|error| error.field.starts_with("to")),
        };
        if let Some(error) = reason {
            self.refuse(field, SettingProblem::Address(error.reason));
        }
    }

    /// A duration within bounds, in whole seconds.
    pub fn duration(&mut self, field: &'static str, span: Duration, least: Duration, most: Duration) {
        if span < least || span > most {
            self.refuse(field, SettingProblem::Duration { least, most });
        }
    }

    /// A number within bounds.
    pub fn number(&mut self, field: &'static str, number: u32, least: u32, most: u32) {
        if number < least || number > most {
            self.refuse(field, SettingProblem::Number { least, most });
        }
    }

    /// Ids of providers, at most so many.
    pub fn providers(&mut self, field: &'static str, ids: &[String], most: usize) {
        if ids.len() > most || !ids.iter().all(|id| is_provider(id)) {
            self.refuse(field, SettingProblem::Providers { most });
        }
    }

    /// Anything else that is wrong.
    pub fn refuse(&mut self, field: &'static str, problem: SettingProblem) {
        self.0.push(SettingError { field, problem });
    }

    /// An error where anything was wrong.
    pub fn done(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Settings(self.0))
        }
    }
}
