//! `relais service-instance`: named settings of a service.

use clap::ArgMatches;
use http::Method;
use relais_manifest::Lang;
use relais_server::api::Removed;
use relais_server::api::service_instance::{
    NewServiceInstance, ServiceInstance, ServiceInstanceEdit, ServiceInstances,
};

use super::{cleared, no_command, nothing_given, service_instance_name, word};
use crate::client::{Client, Path};
use crate::duration;
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector, service_instance as say};

const GIVEN: [&str; 6] = [
    "title",
    "connector-instance",
    "follow-default",
    "uncertain",
    "give-up",
    "notices-through",
];

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("show", inner)) => show(site, inner).await,
        Some(("create", inner)) => create(site, inner).await,
        Some(("edit", inner)) => edit(site, inner).await,
        Some(("rename", inner)) => rename(site, inner).await,
        Some(("remove", inner)) => remove(site, inner).await,
        _ => Err(no_command()),
    }
}

/// The name that the command gives, and its place in the API.
fn named(site: &Site, matches: &ArgMatches) -> Result<(String, Path), Fault> {
    let name = service_instance_name(site, word(matches, "name"))?.to_string();
    let path = Path::of(["service-instances", &name]);
    Ok((name, path))
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: ServiceInstances = Client::open(site).await?.get(&Path::of(["service-instances"])).await?;
    let row = |one: &ServiceInstance| {
        [
            one.name.clone(),
            one.title.clone(),
            one.effective
                .clone()
                .unwrap_or_else(|| connector::NOTHING.get(lang).to_owned()),
            one.uncertain.clone(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if all.service_instances.is_empty() {
        sheet.line(say::NONE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &all.service_instances.iter().map(row).collect::<Vec<_>>(),
        );
    }
    Answer::of(sheet, &all)
}

async fn show(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let (_, path) = named(site, matches)?;
    let one: ServiceInstance = Client::open(site).await?.get(&path).await?;
    answer(site.lang, Sheet::new(site.lang), &one)
}

async fn create(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let (name, _) = named(site, matches)?;
    let new = NewServiceInstance {
        name,
        title: cleared(matches, "title").flatten().unwrap_or_default(),
        instance: matches.get_one::<String>("connector-instance").cloned(),
        uncertain: matches.get_one::<String>("uncertain").cloned(),
        give_up: give_up(site.lang, matches)?,
        notices_through: cleared(matches, "notices-through").flatten(),
    };
    let client = Client::open(site).await?;
    let one = client
        .give(Method::POST, &Path::of(["service-instances"]), &new)
        .await?;
    saved(site.lang, &one, true)
}

async fn edit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let (_, path) = named(site, matches)?;
    nothing_given(site.lang, matches, &GIVEN)?;
    let instance = match matches.get_one::<String>("connector-instance") {
        Some(name) => Some(Some(name.clone())),
        None => matches.get_flag("follow-default").then_some(None),
    };
    let edit = ServiceInstanceEdit {
        name: None,
        title: matches.get_one::<String>("title").cloned(),
        instance,
        uncertain: matches.get_one::<String>("uncertain").cloned(),
        give_up: give_up(site.lang, matches)?,
        notices_through: cleared(matches, "notices-through"),
    };
    let one = Client::open(site).await?.give(Method::PATCH, &path, &edit).await?;
    saved(site.lang, &one, false)
}

async fn rename(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let (from, path) = named(site, matches)?;
    let to = service_instance_name(site, word(matches, "new"))?.to_string();
    let edit = ServiceInstanceEdit {
        name: Some(to.clone()),
        ..ServiceInstanceEdit::default()
    };
    let one: ServiceInstance = Client::open(site).await?.give(Method::PATCH, &path, &edit).await?;
    Answer::line(site.lang, &say::renamed(site.lang, &from, &to), &one)
}

async fn remove(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let (name, path) = named(site, matches)?;
    let removed: Removed = Client::open(site).await?.act(Method::DELETE, &path).await?;
    Answer::line(site.lang, &say::removed(site.lang, &name), &removed)
}

fn give_up(lang: Lang, matches: &ArgMatches) -> Result<Option<u64>, Fault> {
    let given = matches.get_one::<String>("give-up");
    given.map(|text| duration::seconds(lang, "give-up", text)).transpose()
}

fn saved(lang: Lang, one: &ServiceInstance, created: bool) -> Result<Answer, Fault> {
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::saved(lang, &one.name, created)).gap();
    answer(lang, sheet, one)
}

fn answer(lang: Lang, mut sheet: Sheet, one: &ServiceInstance) -> Result<Answer, Fault> {
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let nothing = connector::NOTHING.get(lang);
    sheet.pairs(&[
        (say::LABEL.get(lang), one.name.clone()),
        (say::TITLE_LABEL.get(lang), one.title.clone()),
        (
            say::CONNECTOR_LABEL.get(lang),
            or(&one.instance, say::BY_DEFAULT.get(lang)),
        ),
        (say::EFFECTIVE_LABEL.get(lang), or(&one.effective, nothing)),
        (say::UNCERTAIN_LABEL.get(lang), one.uncertain.clone()),
        (say::GIVE_UP_LABEL.get(lang), duration::shown(one.give_up)),
        (say::NOTICES_LABEL.get(lang), or(&one.notices_through, nothing)),
    ]);
    Answer::of(sheet, one)
}
