//! `relais instance`.

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::{group, leaf, option, positional, repeated};
use crate::texts::{general, instance};

pub fn command(lang: Lang) -> Command {
    let name = || positional(lang, "name", general::NAME, instance::INSTANCE_NAME);
    group(lang, "instance", instance::ABOUT)
        .subcommand(leaf(lang, "list", instance::LIST))
        .subcommand(leaf(lang, "show", instance::SHOW).arg(name()))
        .subcommand(
            leaf(lang, "create", instance::CREATE)
                .arg(name())
                .arg(option(lang, "connector", general::ID, instance::CONNECTOR).required(true))
                .args(given(lang))
                .after_help(instance::CREATE_EXAMPLE.get(lang)),
        )
        .subcommand(
            leaf(lang, "edit", instance::EDIT)
                .arg(name())
                .args(given(lang))
                .arg(repeated(lang, "unset", instance::KEY, instance::UNSET))
                .arg(repeated(lang, "forget", instance::KEY, instance::FORGET))
                .arg(repeated(lang, "revoke", instance::GRANT_VALUE, instance::REVOKE)),
        )
        .subcommand(leaf(lang, "verify", instance::VERIFY).arg(name()))
        .subcommand(leaf(lang, "remove", instance::REMOVE).arg(name()))
}

/// What both creating and editing take.
fn given(lang: Lang) -> [Arg; 5] {
    [
        repeated(lang, "set", instance::PAIR, instance::SET),
        repeated(lang, "secret", instance::SECRET_PAIR, instance::SECRET),
        repeated(lang, "grant", instance::GRANT_VALUE, instance::GRANT),
        option(lang, "sessions", general::NUMBER, instance::SESSIONS).value_parser(value_parser!(u32)),
        option(lang, "per-minute", general::NUMBER, instance::PER_MINUTE).value_parser(value_parser!(u32)),
    ]
}
