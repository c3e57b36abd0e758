//! `relais connector`: the files of connectors, and those that are installed.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use relais_manifest::{Manifest, Text, embed};
use relais_router::{ConnectorRecord, Who, WorkspaceName};
use relais_sandbox::LoadError;
use serde_json::{Value, json};

use super::{bundled, inspect, no_command, word};
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet, complain};
use crate::site::Site;
use crate::texts::connector as say;

/// More than a connector.toml may have; its own reader has the exact limit, and says it.
const MANIFEST_BYTES: u64 = 1 << 20;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("install", inner)) => install(site, path(inner, "file")).await,
        Some(("inspect", inner)) => inspect::run(site, path(inner, "file")),
        Some(("pack", inner)) => pack(site, inner),
        Some(("remove", inner)) => remove(site, word(inner, "id")).await,
        _ => Err(no_command()),
    }
}

fn path<'a>(matches: &'a ArgMatches, id: &str) -> &'a Path {
    matches
        .get_one::<PathBuf>(id)
        .map(PathBuf::as_path)
        .unwrap_or(Path::new(""))
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let connectors = site
        .router()
        .await?
        .connectors()
        .map_err(|error| Fault::router(lang, &error))?;
    let row = |record: &ConnectorRecord| {
        let name = record.manifest.name.get(lang).to_owned();
        [
            record.id.clone(),
            name,
            record.version.clone(),
            record.services.join(", "),
        ]
    };
    let headings = [say::IDENTIFIER, say::NAME, say::VERSION, say::SERVICE_COLUMN].map(|heading| heading.get(lang));
    let mut sheet = Sheet::new(lang);
    if connectors.is_empty() {
        sheet.line(say::NO_CONNECTOR.get(lang));
    } else {
        sheet.table(headings, &connectors.iter().map(row).collect::<Vec<_>>());
    }
    for line in connectors.iter().flat_map(|record| reviews(site, record)) {
        sheet.line(&line);
    }
    Ok(Answer::done(
        sheet,
        json!({ "connectors": connectors.iter().map(record_json).collect::<Vec<_>>() }),
    ))
}

async fn install(site: &Site, path: &Path) -> Result<Answer, Fault> {
    let bytes = bundled::component(site, path)?;
    // Before the data folder is opened: what is no connector leaves no trace.
    relais_sandbox::inspect(&bytes).map_err(|error| Fault::load(site.lang, error))?;
    let installed = site
        .router()
        .await?
        .install(&Who::this_process(), Some(&site.workspace), bytes)
        .await;
    let record = installed.map_err(|error| Fault::router(site.lang, &error))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::installed(site.lang, &record.id, &record.version));
    for line in reviews(site, &record) {
        complain(&line);
    }
    Ok(Answer::done(sheet, record_json(&record)))
}

/// A line for each instance that does not work with this version as it is.
fn reviews(site: &Site, record: &ConnectorRecord) -> Vec<String> {
    let shown = |path: &relais_router::InstancePath| {
        if path.workspace == WorkspaceName::default() {
            path.name.to_string()
        } else {
            path.to_string()
        }
    };
    record
        .review
        .iter()
        .map(|path| say::review(site.lang, &shown(path)))
        .collect()
}

fn record_json(record: &ConnectorRecord) -> Value {
    json!({
        "id": record.id,
        "version": record.version,
        "name": text_json(&record.manifest.name),
        "services": record.services,
        "sha256": record.sha256,
        "size": record.size,
        "installed_at": record.installed_at.to_string(),
        "review": record.review.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A manifest's text in its languages; `null` for one that it does not have.
pub fn text_json(text: &Text) -> Value {
    json!({ "fr": text.fr, "en": text.en })
}

async fn remove(site: &Site, id: &str) -> Result<Answer, Fault> {
    site.router()
        .await?
        .remove_connector(&Who::this_process(), id)
        .await
        .map_err(|error| Fault::router(site.lang, &error))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::removed(site.lang, id));
    Ok(Answer::done(sheet, json!({ "removed": id })))
}

/// Refuses what this host would not load, so that a partner learns of it at the end of the build.
fn pack(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let (file, manifest) = (path(matches, "file"), path(matches, "manifest"));
    let component = files::read(lang, "file", file, bundled::READ_BYTES)?;
    let toml = files::read(lang, "manifest", manifest, MANIFEST_BYTES)?;
    let toml = files::text(lang, "manifest", &manifest.display().to_string(), toml)?;
    let manifest = Manifest::from_toml(&toml).map_err(|invalid| Fault::manifest(lang, &invalid))?;
    let packed = embed::pack(&component, &manifest).map_err(|error| Fault::load(lang, LoadError::Manifest(error)))?;
    relais_sandbox::inspect(&packed).map_err(|error| Fault::load(lang, error))?;
    let output = matches.get_one::<PathBuf>("output").map_or(file, PathBuf::as_path);
    files::replace(lang, output, &packed)?;
    let (shown, size) = (output.display().to_string(), packed.len() as u64);
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::packed(lang, &manifest.id, &manifest.version, &shown, size));
    Ok(Answer::done(
        sheet,
        json!({ "file": shown, "id": manifest.id, "version": manifest.version, "size": size }),
    ))
}
