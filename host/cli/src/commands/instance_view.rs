//! A connector instance as it is shown: everything but its secrets.

use relais_manifest::{Lang, Manifest, Parameter, ParameterType};
use relais_router::InstanceView;
use serde_json::{Value, json};

use crate::output::Sheet;
use crate::texts::{instance as say, yes_no};

/// For people, in the order and with the labels of the connector's form.
pub fn sheet(lang: Lang, sheet: &mut Sheet, view: &InstanceView, manifest: &Manifest) {
    let mut pairs = vec![
        (say::INSTANCE.get(lang), view.name.to_string()),
        (
            say::CONNECTOR_LABEL.get(lang),
            format!("{} {}", view.connector, view.connector_version),
        ),
        (
            say::EDITED.get(lang),
            view.edited_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        ),
        (say::REVISION.get(lang), view.revision.to_string()),
    ];
    if !view.default_of.is_empty() {
        pairs.push((say::DEFAULT_OF.get(lang), view.default_of.join(", ")));
    }
    sheet.pairs(&pairs);

    let parameters: Vec<_> = manifest
        .parameters
        .iter()
        .filter_map(|parameter| parameter_row(lang, view, parameter))
        .collect();
    section(sheet, say::PARAMETERS.get(lang), &parameters);
    let secret = |parameter: &Parameter| {
        let saved = view.secrets.get(&parameter.id) == Some(&true);
        let state = if saved { say::IS_SET } else { say::NOT_SET };
        [
            parameter.id.clone(),
            parameter.label.get(lang).to_owned(),
            state.get(lang).to_owned(),
        ]
    };
    section(
        sheet,
        say::SECRETS.get(lang),
        &manifest.secrets().map(secret).collect::<Vec<_>>(),
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
    let credential = |credential: &relais_router::CredentialView| {
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
    let problems = view
        .problems
        .iter()
        .map(|problem| [problem.field.clone(), problem.reason.text(lang)]);
    section(sheet, say::PROBLEMS.get(lang), &problems.collect::<Vec<_>>());
    if !view.secrets_outdated_by.is_empty() {
        sheet.title(&say::outdated(lang, &view.secrets_outdated_by.join(", ")));
    }
}

fn section<const N: usize>(sheet: &mut Sheet, title: &str, rows: &[[String; N]]) {
    if !rows.is_empty() {
        sheet.title(title).list(rows);
    }
}

/// What the connector receives; where the values do not fit any more, what was given.
fn parameter_row(lang: Lang, view: &InstanceView, parameter: &Parameter) -> Option<[String; 4]> {
    let given = view.given.get(&parameter.id);
    let value = view.settings.values.get(&parameter.id).or(given)?;
    let note = if given.is_none() { say::BY_DEFAULT.get(lang) } else { "" };
    let value = shown(lang, parameter.kind, value);
    Some([
        parameter.id.clone(),
        parameter.label.get(lang).to_owned(),
        value,
        note.to_owned(),
    ])
}

/// A value on one line.
pub fn shown(lang: Lang, kind: ParameterType, value: &Value) -> String {
    match (kind, value) {
        (ParameterType::Certificate, Value::String(pem)) => say::certificate(lang, pem.len()),
        (ParameterType::Duration, Value::Number(seconds)) => format!("{seconds} s"),
        (_, Value::Bool(truth)) => yes_no(lang, *truth).to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Whether a mail could leave through it, as far as the host knows.
pub fn ready(view: &InstanceView) -> bool {
    view.problems.is_empty() && view.secrets_outdated_by.is_empty()
}

/// For programs.
pub fn as_json(lang: Lang, view: &InstanceView) -> Value {
    let credential = |credential: &relais_router::CredentialView| json!({ "name": credential.name, "kind": credential.kind, "ready": credential.ready });
    let problem = |problem: &relais_manifest::FieldError| json!({ "field": problem.field, "code": problem.reason.code(), "message": problem.reason.text(lang) });
    json!({
        "name": view.name,
        "connector": view.connector,
        "connector_version": view.connector_version,
        "settings": view.settings.values,
        "given": view.given,
        "secrets": view.secrets,
        "grants": view.grants,
        "egress": view.egress,
        "credentials": view.credentials.iter().map(credential).collect::<Vec<_>>(),
        "default_of": view.default_of,
        "created_at": view.created_at.to_string(),
        "edited_at": view.edited_at.to_string(),
        "revision": view.revision,
        "problems": view.problems.iter().map(problem).collect::<Vec<_>>(),
        "secrets_outdated_by": view.secrets_outdated_by,
    })
}
