//! `relais send`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::{leaf, option, repeated};
use crate::texts::{Say, general, send};

/// No recipient is required here: an empty list is refused with the name of its field, as any other field is.
pub fn command(lang: Lang) -> Command {
    let addresses = |id, help: Say| -> Arg { repeated(lang, id, general::ADDRESS, help).num_args(1..) };
    leaf(lang, "send", send::ABOUT)
        .arg(addresses("to", send::TO))
        .arg(addresses("cc", send::CC))
        .arg(addresses("bcc", send::BCC))
        .arg(option(lang, "from", general::ADDRESS, send::FROM))
        .arg(addresses("reply-to", send::REPLY_TO))
        .arg(option(lang, "subject", general::TEXT, send::SUBJECT))
        .arg(option(lang, "text", general::TEXT, send::TEXT))
        .arg(option(lang, "html", general::TEXT, send::HTML))
        .arg(
            repeated(lang, "attach", general::FILE, send::ATTACH)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            option(lang, "mime", general::FILE, send::MIME)
                .value_parser(value_parser!(PathBuf))
                .conflicts_with_all(["cc", "bcc", "reply-to", "subject", "text", "html", "attach"]),
        )
        .arg(option(lang, "instance", general::INSTANCE, send::VIA).alias("via"))
        .arg(option(lang, "service-instance", general::NAME, send::SERVICE_INSTANCE).conflicts_with("instance"))
        .arg(option(lang, "wait", general::DURATION, send::WAIT))
        .after_help(send::EXAMPLE.get(lang))
}
