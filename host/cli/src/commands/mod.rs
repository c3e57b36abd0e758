//! What each command does: it reads what it was given, asks the API, and answers in both forms.

mod account;
mod application;
mod backup;
mod bundled;
mod connector;
mod delivery;
mod delivery_view;
mod drop;
mod events;
mod inspect;
mod instance;
mod instance_view;
mod outcome;
mod send;
mod service;
mod service_instance;
mod token;
mod workspace;

use clap::ArgMatches;
use clap::parser::ValueSource;
use jiff::Timestamp;
use relais_manifest::Lang;
use relais_router::{InstanceName, ServiceInstanceName};

use crate::fault::Fault;
use crate::output::Answer;
use crate::site::Site;
use crate::texts::instance::NOTHING_TO_CHANGE;

/// Does what the command line asks for.
pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("connector", inner)) => connector::run(site, inner).await,
        Some(("instance", inner)) => instance::run(site, inner).await,
        Some(("account", inner)) => account::run(site, inner).await,
        Some(("application", inner)) => application::run(site, inner).await,
        Some(("service", inner)) => service::run(site, inner).await,
        Some(("service-instance", inner)) => service_instance::run(site, inner).await,
        Some(("workspace", inner)) => workspace::run(site, inner).await,
        Some(("token", inner)) => token::run(site, inner).await,
        Some(("audit", inner)) => token::audit(site, inner).await,
        Some(("delivery", inner)) => delivery::run(site, inner).await,
        Some(("drop", inner)) => drop::run(site, inner).await,
        Some(("send", inner)) => send::run(site, inner).await,
        Some(("backup", inner)) => backup::backup(site, inner).await,
        Some(("restore", inner)) => backup::restore(site, inner).await,
        _ => Err(no_command()),
    }
}

/// The command line asks for a command, so this is only for one that is in the tree and nowhere else.
fn no_command() -> Fault {
    Fault::input("usage", "--help")
}

/// A required text of the command line.
fn word<'a>(matches: &'a ArgMatches, id: &str) -> &'a str {
    matches.get_one::<String>(id).map(String::as_str).unwrap_or_default()
}

/// A text that is given as often as wanted.
fn words<'a>(matches: &'a ArgMatches, id: &str) -> impl Iterator<Item = &'a String> + use<'a> {
    matches.get_many::<String>(id).into_iter().flatten()
}

/// What an option does to a value: nothing where it is not given, and an empty text clears it.
fn cleared(matches: &ArgMatches, id: &str) -> Option<Option<String>> {
    let given = matches.get_one::<String>(id)?;
    Some(Some(given.clone()).filter(|text| !text.trim().is_empty()))
}

/// Refuses an edit that changes nothing.
fn nothing_given(lang: Lang, matches: &ArgMatches, ids: &[&str]) -> Result<(), Fault> {
    let given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    match ids.iter().any(given) {
        true => Ok(()),
        false => Err(Fault::input("nothing-to-change", NOTHING_TO_CHANGE.get(lang))),
    }
}

/// A connector instance's name of the command line.
fn instance_name(site: &Site, text: &str) -> Result<InstanceName, Fault> {
    InstanceName::new(text).map_err(|error| Fault::router(site.lang, &error.into()))
}

/// A service instance's name of the command line.
fn service_instance_name(site: &Site, text: &str) -> Result<ServiceInstanceName, Fault> {
    ServiceInstanceName::new(text).map_err(|error| Fault::router(site.lang, &error.into()))
}

/// A time of the API, for people.
fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}
