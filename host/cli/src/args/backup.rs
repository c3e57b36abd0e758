//! `relais backup` and `relais restore`.

use std::path::PathBuf;

use clap::{Command, value_parser};
use relais_manifest::Lang;

use super::{flag, leaf, positional};
use crate::texts::{backup, general};

pub fn backup(lang: Lang) -> Command {
    leaf(lang, "backup", backup::BACKUP)
        .arg(positional(lang, "file", general::FILE, backup::TO).value_parser(value_parser!(PathBuf)))
}

pub fn restore(lang: Lang) -> Command {
    leaf(lang, "restore", backup::RESTORE)
        .arg(positional(lang, "file", general::FILE, backup::FROM).value_parser(value_parser!(PathBuf)))
        .arg(flag(lang, "resume", backup::RESUME))
        .arg(flag(lang, "revoke-tokens", backup::REVOKE_TOKENS))
}
