//! `relais backup` and `relais restore`.

use std::io::BufReader;
use std::path::PathBuf;

use axum::body::Body;
use clap::ArgMatches;
use http::Method;
use relais_router::{Pending, Tokens, Who};
use relais_server::api::backup::{Backup, REPORT};
use serde_json::json;

use super::delivery::drain;
use super::time;
use crate::client::{Client, Path};
use crate::exit::Status;
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet};
use crate::progress::while_waiting;
use crate::site::Site;
use crate::texts::backup as say;

/// Streams the backup into a file, which is there only when it is whole: when its report came behind it.
pub async fn backup(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let output = file(matches);
    let client = Client::open(site).await?;
    let answer = client
        .ask(
            Method::GET,
            &Path::host(["backup"]),
            Body::empty(),
            "",
            "application/x-tar",
        )
        .await?;
    let mut file = files::New::beside(lang, &output, files::PRIVATE)?;
    let drained = while_waiting(
        say::WRITING.get(lang),
        site.json,
        drain(answer.into_body(), file.writer()),
    )
    .await;
    let incomplete = || Fault::new(Status::Failed, "backup-cut-short", say::incomplete(lang));
    let drained = drained.map_err(|_| incomplete())?;
    let report = drained.trailers.get(REPORT).and_then(|report| report.to_str().ok());
    let report: Backup = report
        .and_then(|report| serde_json::from_str(report).ok())
        .ok_or_else(incomplete)?;
    file.keep(lang)?;
    let shown = output.display().to_string();
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::written(lang, &shown, report.bytes)).pairs(&[
        (say::COMPONENTS.get(lang), report.connectors.to_string()),
        (say::SECRETS.get(lang), report.secrets.to_string()),
        (say::DELIVERIES.get(lang), report.deliveries.to_string()),
        (say::PENDING.get(lang), report.pending.to_string()),
    ]);
    if !report.missing.is_empty() {
        sheet.title(say::MISSING.get(lang)).line(&report.missing.join(", "));
    }
    sheet.title(&say::without_key(lang, &report.key));
    Ok(Answer::done(
        sheet,
        json!({ "file": shown, "key_included": false, "report": report }),
    ))
}

/// Into the data folder, which no daemon can hold, since it must be empty.
pub async fn restore(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let input = file(matches);
    let (from, _) = files::open(lang, "file", &input)?;
    let paths = site.paths()?;
    let shown = paths.data.display().to_string();
    let pending = if matches.get_flag("resume") {
        Pending::Resume
    } else {
        Pending::Hold
    };
    let tokens = if matches.get_flag("revoke-tokens") {
        Tokens::Revoke
    } else {
        Tokens::Keep
    };
    let by = Who::this_process();
    let restoring = relais_router::restore(Box::new(BufReader::new(from)), paths, &by, pending, tokens);
    let report = while_waiting(say::READING.get(lang), site.json, restoring).await;
    let report = report.map_err(|error| Fault::router(lang, &error))?;
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::restored(lang, &shown)).pairs(&[
        (say::MADE_AT.get(lang), time(&report.made_at.to_string())),
        (say::COMPONENTS.get(lang), report.connectors.to_string()),
        (say::DELIVERIES.get(lang), report.deliveries.to_string()),
        (say::HELD.get(lang), report.held.to_string()),
        (say::SECRETS.get(lang), report.secrets.to_string()),
        (say::TOKENS.get(lang), report.tokens.to_string()),
        (say::REVOKED.get(lang), report.revoked.to_string()),
    ]);
    if report.tokens > 0 {
        sheet.title(&say::good_again(lang, &time(&report.made_at.to_string())));
    }
    if !report.secrets_open {
        sheet.title(&say::to_give_again(lang, &report.key.display().to_string()));
    }
    Ok(Answer::done(
        sheet,
        json!({
            "data": shown,
            "made_at": report.made_at.to_string(),
            "relais": report.relais,
            "connectors": report.connectors,
            "deliveries": report.deliveries,
            "held": report.held,
            "secrets": report.secrets,
            "secrets_open": report.secrets_open,
            "key": report.key,
            "tokens": report.tokens,
            "revoked": report.revoked,
        }),
    ))
}

fn file(matches: &ArgMatches) -> PathBuf {
    matches.get_one::<PathBuf>("file").cloned().unwrap_or_default()
}
