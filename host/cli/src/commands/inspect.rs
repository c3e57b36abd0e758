//! `relais connector inspect`: what a connector is and asks for, read from its file without running it.

use std::path::Path;

use relais_manifest::{Manifest, Parameter, Provider};
use relais_sandbox::Inspection;
use serde_json::{Value, json};

use super::bundled;
use super::connector::text_json;
use super::instance_view::shown;
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector as say, yes_no};

pub fn run(site: &Site, path: &Path) -> Result<Answer, Fault> {
    let bytes = bundled::component(site, path)?;
    let inspection = relais_sandbox::inspect(&bytes).map_err(|error| Fault::load(site.lang, error))?;
    Ok(Answer::done(sheet(site, &inspection), as_json(&inspection)))
}

fn sheet(site: &Site, inspection: &Inspection) -> Sheet {
    let lang = site.lang;
    let manifest = &inspection.manifest;
    let listed = |names: &[String]| match names {
        [] => say::NOTHING.get(lang).to_owned(),
        names => names.join(", "),
    };
    let mut pairs = vec![
        (say::IDENTIFIER.get(lang), manifest.id.clone()),
        (say::VERSION.get(lang), manifest.version.clone()),
        (say::NAME.get(lang), manifest.name.get(lang).to_owned()),
    ];
    if let Some(description) = &manifest.description {
        pairs.push((say::DESCRIPTION.get(lang), description.get(lang).to_owned()));
    }
    pairs.extend([
        (say::SERVICES.get(lang), listed(&inspection.services)),
        (say::CAPABILITIES.get(lang), listed(&inspection.capabilities)),
        (say::SIZE.get(lang), say::bytes(lang, inspection.size)),
        ("SHA-256", inspection.sha256.clone()),
    ]);
    let mut sheet = Sheet::new(lang);
    sheet.pairs(&pairs);
    let nothing = || [say::NOTHING.get(lang).to_owned(), String::new()];
    let or_nothing = |rows: Vec<[String; 2]>| if rows.is_empty() { vec![nothing()] } else { rows };
    let egress = manifest.egress.iter().map(|request| {
        let reason = request.reason.as_ref().map(|reason| reason.get(lang).to_owned());
        [request.to.clone(), reason.unwrap_or_default()]
    });
    let credentials = manifest.credentials.iter().map(|credential| {
        [
            credential.name.clone(),
            format!("{} → {}", credential.kind, credential.slot),
        ]
    });
    sheet.title(say::EGRESS.get(lang)).list(&or_nothing(egress.collect()));
    let providers: Vec<_> = manifest.providers.iter().map(provider_row).collect();
    if !providers.is_empty() {
        sheet.title(say::PROVIDERS.get(lang)).list(&providers);
    }
    sheet
        .title(say::CREDENTIALS.get(lang))
        .list(&or_nothing(credentials.collect()));
    for service in manifest.services.values() {
        for (title, patterns) in [(say::PREPARES, &service.prepares), (say::WITHDRAWS, &service.withdraws)] {
            if !patterns.is_empty() {
                let rows: Vec<_> = patterns
                    .iter()
                    .map(|pattern| [pattern.clone(), String::new()])
                    .collect();
                sheet.title(title.get(lang)).list(&rows);
            }
        }
    }
    sheet.title(say::PARAMETERS.get(lang));
    if manifest.parameters.is_empty() {
        sheet.list(&[nothing()]);
    } else {
        let row = |parameter: &Parameter| {
            [
                parameter.id.clone(),
                parameter.kind.to_string(),
                yes_no(lang, parameter.required).to_owned(),
                parameter
                    .default
                    .as_ref()
                    .map(|value| shown(lang, parameter.kind.word(), value))
                    .unwrap_or_default(),
                parameter.label.get(lang).to_owned(),
            ]
        };
        let rows: Vec<_> = manifest.parameters.iter().map(row).collect();
        sheet.table(say::COLUMNS.map(|column| column.get(lang)), &rows);
    }
    sheet
}

/// Where a provider's tokens come from, and what is asked for there.
fn provider_row(provider: &Provider) -> [String; 2] {
    let scopes = provider.scopes.iter().chain(&provider.application_scopes);
    let scopes: Vec<&str> = scopes.map(String::as_str).collect();
    [format!("{} → {}", provider.id, provider.token), scopes.join(" ")]
}

fn as_json(inspection: &Inspection) -> Value {
    let manifest = &inspection.manifest;
    json!({
        "id": manifest.id,
        "version": manifest.version,
        "name": text_json(&manifest.name),
        "description": manifest.description.as_ref().map(text_json),
        "services": inspection.services,
        "behaviour": manifest.services,
        "exports": inspection.exports,
        "imports": inspection.imports,
        "capabilities": inspection.capabilities,
        "egress": egress_json(manifest),
        "providers": manifest.providers,
        "credentials": credentials_json(manifest),
        "parameters": manifest.parameters.iter().map(parameter_json).collect::<Vec<_>>(),
        "sha256": inspection.sha256,
        "size": inspection.size,
    })
}

fn egress_json(manifest: &Manifest) -> Vec<Value> {
    let one = |request: &relais_manifest::EgressRequest| {
        json!({
            "to": request.to,
            "certificate": request.certificate,
            "tls_name": request.tls_name,
            "connect_timeout": request.connect_timeout,
            "when": request.when,
            "reason": request.reason.as_ref().map(text_json),
        })
    };
    manifest.egress.iter().map(one).collect()
}

fn credentials_json(manifest: &Manifest) -> Vec<Value> {
    let one = |credential: &relais_manifest::Credential| {
        json!({
            "name": credential.name,
            "kind": credential.kind.word(),
            "slot": credential.slot.word(),
            "username": credential.username,
            "secret": credential.secret,
            "account": credential.account,
            "header": credential.header_name(),
            "origins": credential.origins,
        })
    };
    manifest.credentials.iter().map(one).collect()
}

fn parameter_json(parameter: &Parameter) -> Value {
    json!({
        "id": parameter.id,
        "type": parameter.kind.word(),
        "required": parameter.required,
        "default": parameter.default,
        "providers": parameter.providers,
        "when": parameter.when,
        "label": text_json(&parameter.label),
        "help": parameter.help.as_ref().map(text_json),
    })
}
