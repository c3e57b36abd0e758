//! `relais service-instance`.

use clap::{Arg, Command};
use relais_manifest::Lang;

use super::{choice, flag, group, leaf, option, positional};
use crate::texts::{general, service_instance as say};

/// What is done with a delivery of which nobody knows whether it left.
pub const UNCERTAIN: [&str; 3] = ["hold", "resend", "close"];

pub fn command(lang: Lang) -> Command {
    let name = || positional(lang, "name", general::NAME, say::NAME);
    group(lang, "service-instance", say::ABOUT)
        .subcommand(leaf(lang, "list", say::LIST))
        .subcommand(leaf(lang, "show", say::SHOW).arg(name()))
        .subcommand(leaf(lang, "create", say::CREATE).arg(name()).args(settings(lang)))
        .subcommand(leaf(lang, "edit", say::EDIT).arg(name()).args(settings(lang)))
        .subcommand(
            leaf(lang, "rename", say::RENAME)
                .arg(name())
                .arg(positional(lang, "new", say::NEW, say::NEW_NAME)),
        )
        .subcommand(leaf(lang, "remove", say::REMOVE).arg(name()))
}

/// What both creating and editing take.
fn settings(lang: Lang) -> [Arg; 6] {
    [
        option(lang, "title", general::TEXT, say::TITLE),
        option(lang, "connector-instance", general::INSTANCE, say::CONNECTOR_INSTANCE),
        flag(lang, "follow-default", say::FOLLOW).conflicts_with("connector-instance"),
        choice(lang, "uncertain", say::POLICY, say::UNCERTAIN, &UNCERTAIN),
        option(lang, "give-up", general::DURATION, say::GIVE_UP),
        option(lang, "notices-through", general::INSTANCE, say::NOTICES),
    ]
}
