//! `relais service`: what is sent, and which instance sends it when nothing names one.

use clap::ArgMatches;
use http::Method;
use relais_manifest::Text;
use relais_server::api::service::{Choice, Chosen, Service, Services};

use super::{instance_name, no_command, word};
use crate::client::{Client, Path};
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector::NOTHING, service as say};

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let Some((command, inner)) = matches.subcommand() else {
        return Err(no_command());
    };
    if command == "list" {
        return list(site).await;
    }
    let service = word(inner, "service");
    let none = command == "unforce" || (command == "default" && inner.get_flag("none"));
    let instance = match none {
        true => None,
        false => Some(instance_name(site, word(inner, "instance"))?.to_string()),
    };
    let lang = site.lang;
    let (what, done) = match (command, &instance) {
        ("default", Some(name)) => ("default", say::chosen(lang, service, name)),
        ("default", None) => ("default", say::cleared(lang, service)),
        ("force", Some(name)) => ("force", say::forced(lang, service, name)),
        ("unforce", _) => ("force", say::unforced(lang, service)),
        _ => return Err(no_command()),
    };
    let path = Path::of(["services", service, what]);
    let chosen: Chosen = Client::open(site)
        .await?
        .give(Method::PUT, &path, &Choice { instance })
        .await?;
    Answer::line(lang, &done, &chosen)
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Services = Client::open(site).await?.get(&Path::of(["services"])).await?;
    let row = |one: &Service| {
        let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| NOTHING.get(lang).to_owned());
        let title = Text {
            fr: one.title.fr.clone(),
            en: one.title.en.clone(),
        };
        [
            one.name.clone(),
            title.get(lang).to_owned(),
            or_none(&one.default),
            or_none(&one.forced),
            one.instances.join(", "),
        ]
    };
    let mut sheet = Sheet::new(lang);
    sheet.table(
        say::COLUMNS.map(|column| column.get(lang)),
        &all.services.iter().map(row).collect::<Vec<_>>(),
    );
    Answer::of(sheet, &all)
}
