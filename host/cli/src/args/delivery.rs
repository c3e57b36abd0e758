//! `relais delivery`.

use std::path::PathBuf;

use clap::{Arg, ArgGroup, Command, value_parser};
use relais_manifest::Lang;

use super::{choice, flag, group, leaf, option, positional};
use crate::texts::{delivery, general};

/// The states that a list may be narrowed to.
pub const STATES: [&str; 7] = [
    "queued",
    "sending",
    "sent",
    "deferred",
    "failed",
    "uncertain",
    "cancelled",
];

pub fn command(lang: Lang) -> Command {
    let id = || -> Arg { positional(lang, "id", general::ID, delivery::ID) };
    let ids = || id().num_args(1..).value_parser(value_parser!(String));
    group(lang, "delivery", delivery::ABOUT)
        .subcommand(
            leaf(lang, "list", delivery::LIST)
                .arg(choice(lang, "state", delivery::STATE_VALUE, delivery::STATE, &STATES))
                .arg(option(lang, "instance", general::INSTANCE, delivery::INSTANCE))
                .arg(option(
                    lang,
                    "service-instance",
                    general::NAME,
                    delivery::SERVICE_INSTANCE,
                ))
                .arg(option(lang, "before", general::ID, delivery::BEFORE))
                .arg(option(lang, "limit", general::NUMBER, delivery::LIMIT).value_parser(value_parser!(u32))),
        )
        .subcommand(leaf(lang, "show", delivery::SHOW).arg(id()))
        .subcommand(leaf(lang, "resend", delivery::RESEND).arg(ids()))
        .subcommand(
            leaf(lang, "close", delivery::CLOSE)
                .arg(ids())
                .arg(flag(lang, "sent", delivery::AS_SENT))
                .arg(flag(lang, "failed", delivery::AS_FAILED))
                .group(ArgGroup::new("as").args(["sent", "failed"]).required(true)),
        )
        .subcommand(leaf(lang, "cancel", delivery::CANCEL).arg(ids()))
        .subcommand(leaf(lang, "watch", delivery::WATCH))
        .subcommand(
            leaf(lang, "export", delivery::EXPORT)
                .arg(id())
                .arg(option(lang, "output", general::FILE, delivery::OUTPUT).value_parser(value_parser!(PathBuf))),
        )
}
