//! `relais backup` and `relais restore`.

use std::io::BufReader;
use std::path::PathBuf;

use axum::body::Body;
use clap::ArgMatches;
use http::Method;
use serde_json::json;

use super::delivery::drain;
use crate::client::{Client, Path};
use crate::exit::Status;
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{self, backup as say};

/// Streams the backup into a file, which is there only when it is whole.
pub async fn backup(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let output = file(matches);
    let client = Client::open(site).await?;
    let answer = client
        .ask(Method::GET, &Path::host(["backup"]), Body::empty(), "", "application/x-tar")
        .await?;
    let mut file = files::New::beside(lang, &output, files::PRIVATE)?;
    let size = drain(answer.into_body(), file.writer()).await;
    let size = size.map_err(|_| Fault::new(Status::Failed, "backup-cut-short", say::incomplete(lang)))?;
    file.keep(lang)?;
    let shown = output.display().to_string();
    let mut sheet = Sheet::new(lang);
    sheet
        .line(&say::written(lang, &shown, size))
        .line(say::WITHOUT_KEY.get(lang));
    Ok(Answer::done(sheet, json!({ "file": shown, "size": size, "key_included": false })))
}

/// Into the data folder, which no daemon can hold, since it must be empty.
pub fn restore(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let input = file(matches);
    let Some(data) = site.data() else {
        return Err(Fault::input("data-unknown", texts::files::NO_DATA.get(lang)));
    };
    let mut from = BufReader::new(files::open(lang, "file", &input)?.0);
    let report = relais_router::restore(&mut from, &data, matches.get_flag("resume"));
    let report = report.map_err(|error| Fault::router(lang, &error))?;
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::restored(lang, &data.display().to_string()));
    Ok(Answer::done(sheet, json!({ "data": data, "report": format!("{report:?}") })))
}

fn file(matches: &ArgMatches) -> PathBuf {
    matches.get_one::<PathBuf>("file").cloned().unwrap_or_default()
}
