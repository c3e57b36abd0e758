//! `relais send`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::{leaf, option, repeated};
use crate::texts::{Say, general, send};

/// No recipient is required here: an empty list is refused with the name of its field, as any other field is.
pub fn command(lang: Lang) -> Command {
    let addresses = |id, help: Say| -> Arg { repeated(lang, id, send::ADDRESS, help).num_args(1..) };
    leaf(lang, "send", send::ABOUT)
        .arg(addresses("to", send::TO))
        .arg(addresses("cc", send::CC))
        .arg(addresses("bcc", send::BCC))
        .arg(option(lang, "from", send::ADDRESS, send::FROM))
        .arg(addresses("reply-to", send::REPLY_TO))
        .arg(option(lang, "subject", send::TEXT_VALUE, send::SUBJECT))
        .arg(option(lang, "text", send::TEXT_VALUE, send::TEXT))
        .arg(option(lang, "html", send::TEXT_VALUE, send::HTML))
        .arg(
            repeated(lang, "attach", general::FILE, send::ATTACH)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(option(lang, "via", send::INSTANCE, send::VIA))
        .after_help(send::EXAMPLE.get(lang))
}
