//! `relais serve`.

use std::path::PathBuf;

use clap::{Command, value_parser};
use relais_manifest::Lang;

use super::{choice, flag, leaf, option, repeated};
use crate::texts::{general, serve};

/// Where the HTTP API listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8525";
/// The forms of the log.
pub const LOGS: [&str; 2] = ["text", "json"];

pub fn command(lang: Lang) -> Command {
    let file = |id, help| option(lang, id, general::FILE, help).value_parser(value_parser!(PathBuf));
    leaf(lang, "serve", serve::ABOUT)
        .arg(option(lang, "listen", serve::ADDRESS, serve::LISTEN))
        .arg(file("listen-certificate", serve::LISTEN_CERTIFICATE).requires("listen-key"))
        .arg(file("listen-key", serve::CERTIFICATE_KEY).requires("listen-certificate"))
        .arg(flag(lang, "tls-by-proxy", serve::TLS_BY_PROXY))
        .arg(option(lang, "metrics", serve::ADDRESS, serve::METRICS))
        .arg(option(lang, "public-url", serve::URL, serve::PUBLIC_URL))
        .arg(option(lang, "submission", serve::ADDRESS, serve::SUBMISSION))
        .arg(option(lang, "submission-tls", serve::ADDRESS, serve::SUBMISSION_TLS).requires("submission-certificate"))
        .arg(option(lang, "submission-name", general::NAME, serve::SUBMISSION_NAME))
        .arg(option(lang, "submission-open", serve::WORKSPACE, serve::SUBMISSION_OPEN).requires("submission"))
        .arg(file("submission-certificate", serve::CERTIFICATE).requires("submission-key"))
        .arg(file("submission-key", serve::CERTIFICATE_KEY).requires("submission-certificate"))
        .arg(option(lang, "spool", general::FOLDER, serve::SPOOL).value_parser(value_parser!(PathBuf)))
        .arg(repeated(lang, "spool-group", serve::GROUP, serve::SPOOL_GROUP))
        .arg(
            option(lang, "first-retry", serve::SECONDS, serve::FIRST_RETRY)
                .value_parser(value_parser!(u64).range(1..=86_400)),
        )
        .arg(option(lang, "silence", serve::SECONDS, serve::SILENCE).value_parser(value_parser!(u64).range(1..=3_600)))
        .arg(option(lang, "rate", serve::NUMBER, serve::RATE).value_parser(value_parser!(u32).range(1..=1_000_000)))
        .arg(choice(lang, "log", serve::FORM, serve::LOG, &LOGS))
        .arg(flag(lang, "print-unit", serve::PRINT_UNIT))
        .after_help(serve::AFTER.get(lang))
}
