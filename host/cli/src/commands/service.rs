//! `relais service`: what is sent, and which instance sends it when nothing names one.

use clap::ArgMatches;
use relais_router::{ServiceView, Who};
use serde_json::{Value, json};

use super::{instance_name, no_command, word};
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector::NOTHING, service as say};

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("default", inner)) if inner.get_flag("none") => clear(site, word(inner, "service")).await,
        Some(("default", inner)) => choose(site, word(inner, "service"), word(inner, "instance")).await,
        _ => Err(no_command()),
    }
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let services = site
        .router()
        .await?
        .services(&site.workspace)
        .map_err(|error| Fault::router(lang, &error))?;
    let row = |view: &ServiceView| {
        let default = view
            .default
            .as_ref()
            .map_or_else(|| NOTHING.get(lang).to_owned(), ToString::to_string);
        let instances: Vec<&str> = view.instances.iter().map(|name| name.as_str()).collect();
        [
            view.service.name.to_owned(),
            view.service.title(lang).to_owned(),
            default,
            instances.join(", "),
        ]
    };
    let mut sheet = Sheet::new(lang);
    sheet.table(
        say::COLUMNS.map(|column| column.get(lang)),
        &services.iter().map(row).collect::<Vec<_>>(),
    );
    let one = |view: &ServiceView| -> Value {
        json!({
            "name": view.service.name,
            "title": { "fr": view.service.fr, "en": view.service.en },
            "default": view.default,
            "instances": view.instances,
        })
    };
    Ok(Answer::done(
        sheet,
        json!({ "services": services.iter().map(one).collect::<Vec<_>>() }),
    ))
}

async fn choose(site: &Site, service: &str, instance: &str) -> Result<Answer, Fault> {
    let instance = instance_name(site, instance)?;
    let router = site.router().await?;
    let chosen = router.set_default(&Who::this_process(), &site.workspace, service, &instance);
    chosen.map_err(|error| Fault::router(site.lang, &error))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::chosen(site.lang, service, instance.as_str()));
    Ok(Answer::done(sheet, json!({ "service": service, "default": instance })))
}

async fn clear(site: &Site, service: &str) -> Result<Answer, Fault> {
    let router = site.router().await?;
    router
        .clear_default(&Who::this_process(), &site.workspace, service)
        .map_err(|error| Fault::router(site.lang, &error))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::cleared(site.lang, service));
    Ok(Answer::done(sheet, json!({ "service": service, "default": null })))
}
