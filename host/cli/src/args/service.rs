//! `relais service`.

use clap::Command;
use relais_manifest::Lang;

use super::{flag, group, leaf, positional};
use crate::texts::{general, service};

pub fn command(lang: Lang) -> Command {
    let name = || positional(lang, "service", service::SERVICE, service::SERVICE_HELP);
    let instance = || positional(lang, "instance", general::INSTANCE, service::INSTANCE_HELP);
    group(lang, "service", service::ABOUT)
        .subcommand(leaf(lang, "list", service::LIST))
        .subcommand(
            leaf(lang, "default", service::DEFAULT)
                .arg(name())
                .arg(instance().required(false).required_unless_present("none"))
                .arg(flag(lang, "none", service::NONE).conflicts_with("instance")),
        )
        .subcommand(leaf(lang, "force", service::FORCE).arg(name()).arg(instance()))
        .subcommand(leaf(lang, "unforce", service::UNFORCE).arg(name()))
}
