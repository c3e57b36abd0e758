//! `relais delivery`: what became of the mails that were accepted.

use std::io::Write;
use std::path::PathBuf;

use axum::body::Body;
use clap::ArgMatches;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use relais_server::api::delivery::{Close, Deliveries, Delivery, DeliveryLine};
use serde_json::json;

use super::{delivery_view, events, no_command, time, word, words};
use crate::client::{Client, Path};
use crate::exit::Status;
use crate::fault::Fault;
use crate::files;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{self, delivery as say};

const LINES: u32 = 50;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", inner)) => list(site, inner).await,
        Some(("show", inner)) => show(site, word(inner, "id")).await,
        Some(("resend", inner)) => change(site, inner, "resend", None).await,
        Some(("cancel", inner)) => change(site, inner, "cancel", None).await,
        Some(("close", inner)) => {
            let sent = inner.get_flag("sent");
            change(site, inner, "close", Some(Close { sent })).await
        }
        Some(("watch", _)) => events::watch(site).await,
        Some(("export", inner)) => export(site, inner).await,
        _ => Err(no_command()),
    }
}

async fn list(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let given = |id: &str| matches.get_one::<String>(id).map(String::as_str);
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(LINES);
    let path = Path::of(["deliveries"])
        .with_some("state", given("state"))
        .with_some("instance", given("instance"))
        .with_some("service_instance", given("service-instance"))
        .with_some("before", given("before"))
        .with("limit", &limit.to_string());
    let page: Deliveries = Client::open(site).await?.get(&path).await?;
    let row = |one: &DeliveryLine| {
        let first = one.first_recipient.clone().unwrap_or_default();
        let others = one.recipients.saturating_sub(1);
        [
            one.id.clone(),
            say::state(lang, &one.state),
            one.instance.clone(),
            time(&one.accepted_at),
            if others == 0 {
                first
            } else {
                format!("{first} +{others}")
            },
        ]
    };
    let mut sheet = Sheet::new(lang);
    if page.deliveries.is_empty() && page.unreadable.is_empty() {
        sheet.line(say::NONE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &page.deliveries.iter().map(row).collect::<Vec<_>>(),
        );
    }
    if !page.unreadable.is_empty() {
        let named: Vec<String> = page
            .unreadable
            .iter()
            .map(|one| format!("{} ({})", one.id, one.code))
            .collect();
        sheet.title(say::UNREADABLE.get(lang)).line(&named.join(", "));
    }
    if let Some(next) = &page.next {
        sheet.title(&say::more(lang, next));
    }
    Answer::of(sheet, &page)
}

async fn show(site: &Site, id: &str) -> Result<Answer, Fault> {
    let one: Delivery = Client::open(site).await?.get(&Path::of(["deliveries", id])).await?;
    let mut sheet = Sheet::new(site.lang);
    delivery_view::sheet(site.lang, &mut sheet, &one);
    Answer::of(sheet, &one)
}

/// One after the other; what cannot be changed ends it, and says which were.
async fn change(site: &Site, matches: &ArgMatches, action: &str, close: Option<Close>) -> Result<Answer, Fault> {
    let lang = site.lang;
    let client = Client::open(site).await?;
    let (mut sheet, mut changed) = (Sheet::new(lang), Vec::<Delivery>::new());
    for id in words(matches, "id") {
        let path = Path::of(["deliveries", id, action]);
        let done = match &close {
            Some(close) => client.give(Method::POST, &path, close).await,
            None => client.act(Method::POST, &path).await,
        };
        let one: Delivery = done.map_err(|fault| after(lang, &changed, fault))?;
        sheet.line(&say::now(lang, &one.id, &one.state));
        changed.push(one);
    }
    Answer::of(sheet, &json!({ "deliveries": changed }))
}

/// The fault, below the deliveries that were changed before it.
fn after(lang: relais_manifest::Lang, changed: &[Delivery], mut fault: Fault) -> Fault {
    let done: Vec<String> = changed.iter().map(|one| say::now(lang, &one.id, &one.state)).collect();
    if !done.is_empty() {
        fault.message = format!("{}\n{}", done.join("\n"), fault.message);
        fault.more.push((
            "changed".into(),
            json!(changed.iter().map(|one| &one.id).collect::<Vec<_>>()),
        ));
    }
    fault
}

/// The message as it was accepted, streamed to a file or to the standard output.
async fn export(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let client = Client::open(site).await?;
    let path = Path::of(["deliveries", word(matches, "id"), "message"]);
    let answer = client
        .ask(Method::GET, &path, Body::empty(), "", "message/rfc822")
        .await?;
    let Some(output) = matches.get_one::<PathBuf>("output") else {
        let written = drain(answer.into_body(), &mut std::io::stdout().lock()).await;
        written.map_err(|error| Fault::new(Status::Failed, "answer-cut-short", error))?;
        return Ok(Answer::silent());
    };
    let mut file = files::New::beside(lang, output, files::PRIVATE)?;
    let written = drain(answer.into_body(), file.writer()).await;
    let size = written.map_err(|error| files::unwritten(lang, output, &error))?.size;
    file.keep(lang)?;
    let shown = output.display().to_string();
    let mut sheet = Sheet::new(lang);
    sheet.line(&texts::delivery::exported(lang, &shown, size));
    Ok(Answer::done(sheet, json!({ "file": shown, "size": size })))
}

/// What was written of a body, and what came behind it.
pub struct Drained {
    pub size: u64,
    pub trailers: HeaderMap,
}

/// Writes all of a body as it comes.
pub async fn drain(mut body: Body, to: &mut impl Write) -> Result<Drained, String> {
    let mut drained = Drained {
        size: 0,
        trailers: HeaderMap::new(),
    };
    while let Some(frame) = body.frame().await {
        match frame.map_err(|error| error.to_string())?.into_data() {
            Ok(data) => {
                to.write_all(&data).map_err(|error| error.to_string())?;
                drained.size += data.len() as u64;
            }
            Err(frame) => drained.trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    to.flush().map_err(|error| error.to_string())?;
    Ok(drained)
}
