//! What each command does: it reads what it was given, asks the router, and answers in both forms.

mod bundled;
mod connector;
mod inspect;
mod instance;
mod instance_view;
mod send;
mod service;

use clap::ArgMatches;
use relais_router::InstanceName;

use crate::fault::Fault;
use crate::output::Answer;
use crate::site::Site;

/// Does what the command line asks for.
pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("connector", inner)) => connector::run(site, inner).await,
        Some(("instance", inner)) => instance::run(site, inner).await,
        Some(("service", inner)) => service::run(site, inner).await,
        Some(("send", inner)) => send::run(site, inner).await,
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

/// An instance's name of the command line.
fn instance_name(site: &Site, text: &str) -> Result<InstanceName, Fault> {
    InstanceName::new(text).map_err(|error| Fault::router(site.lang, &error.into()))
}
