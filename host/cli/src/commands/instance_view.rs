//! A connector instance as it is shown: everything but its secrets.

use relais_manifest::{Lang, ParameterType};
use relais_server::api::account::Account;
use relais_server::api::connector_form::{ConnectorForm, FormParameter};
use relais_server::api::instance::{Instance, InstanceCredential};
use serde_json::Value;

use super::time;
use crate::output::Sheet;
use crate::texts::{account as accounts, instance as say, yes_no};

/// For people, in the order and with the labels of the connector's form.
pub fn sheet(lang: Lang, sheet: &mut Sheet, view: &Instance, form: &ConnectorForm) {
    let mut pairs = vec![
        (say::INSTANCE.get(lang), view.name.clone()),
        (
            say::CONNECTOR_LABEL.get(lang),
            format!("{} {}", view.connector, view.connector_version),
        ),
        (say::EDITED.get(lang), time(&view.edited_at)),
        (say::REVISION.get(lang), view.revision.to_string()),
    ];
    if !view.default_of.is_empty() {
        pairs.push((say::DEFAULT_OF.get(lang), view.default_of.join(", ")));
    }
    sheet.pairs(&pairs);

    let parameters: Vec<_> = form
        .parameters
        .iter()
        .filter_map(|parameter| parameter_row(lang, view, parameter))
        .collect();
    section(sheet, say::PARAMETERS.get(lang), &parameters);
    let secrets = form
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterType::Secret.word());
    let secret = |parameter: &FormParameter| {
        let saved = view.secrets.get(&parameter.id) == Some(&true);
        let state = if saved { say::IS_SET } else { say::NOT_SET };
        [
            parameter.id.clone(),
            parameter.label.clone(),
            state.get(lang).to_owned(),
        ]
    };
    section(sheet, say::SECRETS.get(lang), &secrets.map(secret).collect::<Vec<_>>());
    let account = |account: &Account| {
        [
            account.parameter.clone(),
            account.username.clone().unwrap_or_default(),
            accounts::state(&account.state).get(lang).to_owned(),
        ]
    };
    section(
        sheet,
        say::ACCOUNTS.get(lang),
        &view.accounts.iter().map(account).collect::<Vec<_>>(),
    );
    let egress = view
        .egress
        .iter()
        .map(|to| [to.clone(), say::CONNECTS.get(lang).to_owned()]);
    let granted = view
        .grants
        .iter()
        .map(|grant| [grant.clone(), say::GRANTED.get(lang).to_owned()]);
    section(sheet, say::GRANTS.get(lang), &egress.chain(granted).collect::<Vec<_>>());
    let credential = |credential: &InstanceCredential| {
        let state = if credential.ready { say::READY } else { say::INCOMPLETE };
        [
            credential.name.clone(),
            credential.kind.clone(),
            state.get(lang).to_owned(),
        ]
    };
    section(
        sheet,
        say::CREDENTIALS.get(lang),
        &view.credentials.iter().map(credential).collect::<Vec<_>>(),
    );
    let limits = [
        (say::SESSIONS_LABEL, view.limits.sessions),
        (say::PER_MINUTE_LABEL, view.limits.per_minute),
    ];
    let limits = limits
        .into_iter()
        .filter_map(|(label, most)| Some([label.get(lang).to_owned(), most?.to_string()]));
    section(sheet, say::LIMITS.get(lang), &limits.collect::<Vec<_>>());
    let problems = view
        .problems
        .iter()
        .map(|problem| [problem.field.clone(), problem.message.clone()]);
    section(sheet, say::PROBLEMS.get(lang), &problems.collect::<Vec<_>>());
    if !view.secrets_outdated_by.is_empty() {
        sheet.title(&say::outdated(lang, &view.secrets_outdated_by.join(", ")));
    }
    for problem in view.accounts.iter().filter_map(|account| account.problem.as_ref()) {
        sheet.title(&problem.message);
    }
}

fn section<const N: usize>(sheet: &mut Sheet, title: &str, rows: &[[String; N]]) {
    if !rows.is_empty() {
        sheet.title(title).list(rows);
    }
}

/// What the connector receives; where the values do not fit any more, what was given.
fn parameter_row(lang: Lang, view: &Instance, parameter: &FormParameter) -> Option<[String; 4]> {
    let given = view.given.get(&parameter.id);
    let value = view.settings.get(&parameter.id).or(given)?;
    let note = if given.is_none() { say::BY_DEFAULT.get(lang) } else { "" };
    let value = shown(lang, &parameter.kind, value);
    Some([parameter.id.clone(), parameter.label.clone(), value, note.to_owned()])
}

/// A value on one line. `kind` is the word of a [`ParameterType`].
pub fn shown(lang: Lang, kind: &str, value: &Value) -> String {
    match value {
        Value::String(pem) if kind == ParameterType::Certificate.word() => say::certificate(lang, pem.len()),
        Value::Number(seconds) if kind == ParameterType::Duration.word() => format!("{seconds} s"),
        Value::Bool(truth) => yes_no(lang, *truth).to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
