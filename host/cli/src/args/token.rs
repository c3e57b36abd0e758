//! `relais token` and `relais audit`.

use clap::{Command, value_parser};
use relais_manifest::Lang;

use super::{choice, flag, group, leaf, option, positional};
use crate::texts::{audit, general, token};

/// What a token allows.
pub const ROLES: [&str; 2] = ["send", "admin"];

pub fn command(lang: Lang) -> Command {
    group(lang, "token", token::ABOUT)
        .subcommand(leaf(lang, "list", token::LIST))
        .subcommand(
            leaf(lang, "create", token::CREATE)
                .arg(positional(lang, "name", general::NAME, token::NAME))
                .arg(choice(lang, "role", token::ROLE_VALUE, token::ROLE, &ROLES).required(true))
                .arg(option(lang, "service-instance", general::NAME, token::SERVICE_INSTANCE))
                .arg(option(lang, "expires", token::DATE, token::EXPIRES)),
        )
        .subcommand(leaf(lang, "revoke", token::REVOKE).arg(positional(lang, "id", general::ID, token::ID)))
}

pub fn audit(lang: Lang) -> Command {
    group(lang, "audit", audit::ABOUT).subcommand(
        leaf(lang, "list", audit::LIST)
            .arg(option(lang, "limit", general::NUMBER, audit::LIMIT).value_parser(value_parser!(u32)))
            .arg(option(lang, "before", general::NUMBER, audit::BEFORE).value_parser(value_parser!(u64)))
            .arg(flag(lang, "all", audit::ALL)),
    )
}
