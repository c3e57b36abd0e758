//! `relais service`.

use clap::Command;
use relais_manifest::Lang;

use super::{flag, group, leaf, positional};
use crate::texts::service;

pub fn command(lang: Lang) -> Command {
    group(lang, "service", service::ABOUT)
        .subcommand(leaf(lang, "list", service::LIST))
        .subcommand(
            leaf(lang, "default", service::DEFAULT)
                .arg(positional(lang, "service", service::SERVICE, service::SERVICE_HELP))
                .arg(
                    positional(lang, "instance", service::INSTANCE, service::INSTANCE_HELP)
                        .required(false)
                        .required_unless_present("none"),
                )
                .arg(flag(lang, "none", service::NONE).conflicts_with("instance")),
        )
}
