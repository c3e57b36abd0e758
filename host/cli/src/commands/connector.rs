//! `relais connector`: the files of connectors, and those that are installed.

use std::path::{Path, PathBuf};

use axum::body::Body;
use clap::ArgMatches;
use http::Method;
use relais_manifest::{Manifest, Text, embed};
use relais_sandbox::LoadError;
use relais_server::api::Removed;
use relais_server::api::connector::{Connector, Connectors, Enablement};
use serde_json::{Value, json};

use super::{bundled, inspect, no_command, word};
use crate::client::{Client, Path as ApiPath};
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet, complain};
use crate::progress::while_waiting;
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
        Some(("enable", inner)) => enable(site, word(inner, "id"), true).await,
        Some(("disable", inner)) => enable(site, word(inner, "id"), false).await,
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

/// `publisher/name` is two segments of a path.
pub fn segments(id: &str) -> impl Iterator<Item = &str> {
    std::iter::once("connectors").chain(id.splitn(2, '/'))
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Connectors = Client::open(site).await?.get(&ApiPath::host(["connectors"])).await?;
    let row = |one: &Connector| {
        let name = Text {
            fr: one.name.fr.clone(),
            en: one.name.en.clone(),
        };
        [
            one.id.clone(),
            name.get(lang).to_owned(),
            one.version.clone(),
            one.services.join(", "),
            one.enabled.join(", "),
        ]
    };
    let headings = [
        say::IDENTIFIER,
        say::NAME,
        say::VERSION,
        say::SERVICE_COLUMN,
        say::ENABLED_COLUMN,
    ];
    let mut sheet = Sheet::new(lang);
    if all.connectors.is_empty() {
        sheet.line(say::NO_CONNECTOR.get(lang));
    } else {
        sheet.table(
            headings.map(|heading| heading.get(lang)),
            &all.connectors.iter().map(row).collect::<Vec<_>>(),
        );
    }
    for line in all.connectors.iter().flat_map(|one| reviews(site, one)) {
        sheet.line(&line);
    }
    Answer::of(sheet, &all)
}

async fn install(site: &Site, path: &Path) -> Result<Answer, Fault> {
    let bytes = bundled::component(site, path)?;
    // Before the data folder is opened: what is no connector leaves no trace.
    relais_sandbox::inspect(&bytes).map_err(|error| Fault::load(site.lang, error))?;
    let client = Client::open(site).await?;
    let place = ApiPath::host(["connectors"]).with("workspace", site.workspace.as_str());
    let installing = client.call(Method::POST, &place, Body::from(bytes), "application/wasm");
    let one: Connector = while_waiting(say::INSTALLING.get(site.lang), site.json, installing).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::installed(site.lang, &one.id, &one.version));
    for line in reviews(site, &one) {
        complain(&line);
    }
    Answer::of(sheet, &one)
}

/// A line for each instance that does not work with this version as it is; those of this workspace by their name alone.
fn reviews(site: &Site, one: &Connector) -> Vec<String> {
    let shown = |path: &str| match path.split_once('/') {
        Some((workspace, name)) if workspace == site.workspace.as_str() => name.to_owned(),
        _ => path.to_owned(),
    };
    one.review
        .iter()
        .map(|path| say::review(site.lang, &shown(path)))
        .collect()
}

/// A manifest's text in its languages; `null` for one that it does not have.
pub fn text_json(text: &Text) -> Value {
    json!({ "fr": text.fr, "en": text.en })
}

async fn enable(site: &Site, id: &str, enabled: bool) -> Result<Answer, Fault> {
    let place = ApiPath::of(segments(id));
    let client = Client::open(site).await?;
    let now: Value = client.give(Method::PUT, &place, &Enablement { enabled }).await?;
    let text = say::enabled(site.lang, id, site.workspace.as_str(), enabled);
    Answer::line(site.lang, &text, &now)
}

async fn remove(site: &Site, id: &str) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    let removed: Removed = client.act(Method::DELETE, &ApiPath::host(segments(id))).await?;
    Answer::line(site.lang, &say::removed(site.lang, id), &removed)
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
