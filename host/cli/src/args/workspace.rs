//! `relais workspace`.

use clap::{Arg, Command};
use relais_manifest::Lang;

use super::{group, leaf, option, positional};
use crate::texts::{general, workspace};

pub fn command(lang: Lang) -> Command {
    let name = || positional(lang, "name", general::NAME, workspace::NAME);
    group(lang, "workspace", workspace::ABOUT)
        .subcommand(leaf(lang, "list", workspace::LIST))
        .subcommand(leaf(lang, "show", workspace::SHOW).arg(name()))
        .subcommand(leaf(lang, "create", workspace::CREATE).arg(name()).args(settings(lang)))
        .subcommand(leaf(lang, "edit", workspace::EDIT).arg(name()).args(settings(lang)))
        .subcommand(leaf(lang, "remove", workspace::REMOVE).arg(name()))
}

/// What both creating and editing take.
fn settings(lang: Lang) -> [Arg; 8] {
    let kept = |id, help| option(lang, id, general::DURATION, help);
    [
        option(lang, "title", general::TEXT, workspace::TITLE),
        option(lang, "contact", general::ADDRESS, workspace::CONTACT),
        option(lang, "notices-through", general::INSTANCE, workspace::NOTICES),
        kept("keep-sent", workspace::KEEP_SENT),
        kept("keep-failed", workspace::KEEP_FAILED),
        kept("keep-journal", workspace::KEEP_JOURNAL),
        option(lang, "account-flows", workspace::LIST_VALUE, workspace::ACCOUNT_FLOWS),
        option(
            lang,
            "account-providers",
            workspace::LIST_VALUE,
            workspace::ACCOUNT_PROVIDERS,
        ),
    ]
}
