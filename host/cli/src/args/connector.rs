//! `relais connector`.

use std::path::PathBuf;

use clap::{Command, value_parser};
use relais_manifest::Lang;

use super::{group, leaf, option, positional};
use crate::texts::{connector, general};

pub fn command(lang: Lang) -> Command {
    let file = |help| positional(lang, "file", general::FILE, help).value_parser(value_parser!(PathBuf));
    let id = || positional(lang, "id", general::ID, connector::ID);
    let path = |id, value, help| option(lang, id, value, help).value_parser(value_parser!(PathBuf));
    group(lang, "connector", connector::ABOUT)
        .subcommand(leaf(lang, "list", connector::LIST))
        .subcommand(leaf(lang, "install", connector::INSTALL).arg(file(connector::FILE)))
        .subcommand(leaf(lang, "inspect", connector::INSPECT).arg(file(connector::FILE)))
        .subcommand(
            leaf(lang, "pack", connector::PACK)
                .arg(file(connector::COMPONENT))
                .arg(path("manifest", general::FILE, connector::MANIFEST).required(true))
                .arg(path("output", connector::OUT, connector::OUTPUT)),
        )
        .subcommand(leaf(lang, "enable", connector::ENABLE).arg(id()))
        .subcommand(leaf(lang, "disable", connector::DISABLE).arg(id()))
        .subcommand(leaf(lang, "remove", connector::REMOVE).arg(id()))
}
