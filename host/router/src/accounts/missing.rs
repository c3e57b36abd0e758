//! What a missing account means for deliveries: they wait, and are not given up meanwhile.

use jiff::Timestamp;
use relais_manifest::{Parameter, Settings};
use serde_json::Value;

use super::plan::{self, Context, context};
use super::problem::Problem;
use super::{AccountPath, declared};
use crate::dispatch::grace;
use crate::error::Error;
use crate::names::InstancePath;
use crate::outbox::{Delivery, Now};
use crate::router::Router;
use crate::store::{AccountRow, Reading};

/// Whether a parameter applies beside these values. What it depends on stands among them only where that applies itself.
pub(super) fn applies(parameter: &Parameter, settings: &Settings) -> bool {
    let holds = |(id, wanted): (&String, &Value)| match settings.values.get(id) {
        Some(value) => value == wanted,
        None => *wanted == Value::Bool(false),
    };
    parameter.when.iter().all(holds)
}

/// An account, where there is one, and what is wrong with it.
type Looked = (Option<AccountRow>, Option<Problem>);

/// The accounts of an instance, with what is wrong with each that the instance cannot do without.
fn accounts(tables: &Reading, context: &Context, path: &InstancePath) -> Result<Vec<Looked>, Error> {
    let mut found = Vec::new();
    let settings = &context.effective.settings;
    for parameter in declared(&context.manifest).filter(|parameter| applies(parameter, settings)) {
        let account = AccountPath {
            instance: path.clone(),
            parameter: parameter.id.clone(),
        };
        let row = tables.account(&account)?;
        let problem = match &row {
            None => parameter.required.then(|| Problem::none(&account)),
            Some(AccountRow { lost: Some(lost), .. }) => Some(Problem::of_lost(&account, lost)),
            Some(row) => plan::obstacle(tables, context, &account, row)?,
        };
        found.push((row, problem));
    }
    Ok(found)
}

/// Why an instance cannot be used before an account is associated, or associated again. What else may be wrong with it is not told
/// here.
pub(crate) fn missing(tables: &Reading, path: &InstancePath) -> Result<Option<Problem>, Error> {
    let all = accounts(tables, &context(tables, path)?, path)?;
    Ok(all.into_iter().find_map(|(_, problem)| problem))
}

impl Router {
    /// See `World::reprieve`.
    pub(crate) fn reprieve(&self, delivery: &Delivery, now: Now) -> Option<Timestamp> {
        let path = delivery.path();
        let until = self.read(|tables| {
            let all = accounts(tables, &context(tables, &path)?, &path)?;
            Ok(all
                .iter()
                .filter_map(|(row, problem)| until(row.as_ref(), problem.as_ref(), delivery, now))
                .max())
        });
        until.ok().flatten()
    }
}

fn until(row: Option<&AccountRow>, problem: Option<&Problem>, delivery: &Delivery, now: Now) -> Option<Timestamp> {
    if problem.is_some() {
        return Some(grace(now.calendar));
    }
    let there_at = row.map(|row| row.resumed_at.unwrap_or(row.associated_at))?;
    // The row tells what happened by the wall clock, and what is to come goes by the calendar.
    let left = grace(there_at).duration_since(now.wall);
    let spared = delivery.accepted_at < there_at && left.is_positive();
    spared.then(|| now.calendar.checked_add(left).unwrap_or(Timestamp::MAX))
}
