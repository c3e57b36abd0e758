//! `relais drop`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::{group, leaf, option, positional};
use crate::texts::{delivery, drop, general};

pub fn command(lang: Lang) -> Command {
    let id = || -> Arg { positional(lang, "id", general::ID, drop::ID) };
    let ids = || id().num_args(1..).value_parser(value_parser!(String));
    let path = |id, value, help| option(lang, id, value, help).value_parser(value_parser!(PathBuf));
    let spool = || path("spool", general::FOLDER, drop::SPOOL);
    group(lang, "drop", drop::ABOUT)
        .subcommand(leaf(lang, "list", drop::LIST).arg(spool()))
        .subcommand(
            leaf(lang, "export", drop::EXPORT)
                .arg(id())
                .arg(path("output", general::FILE, delivery::OUTPUT))
                .arg(spool()),
        )
        .subcommand(leaf(lang, "retry", drop::RETRY).arg(ids()).arg(spool()))
        .subcommand(leaf(lang, "remove", drop::REMOVE).arg(ids()).arg(spool()))
}
