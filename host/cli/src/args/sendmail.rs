//! `relais sendmail`, whose arguments follow another grammar: they are read by [`crate::sendmail`].

use std::ffi::OsString;

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::leaf;
use crate::texts::{general, sendmail};

pub fn command(lang: Lang) -> Command {
    let arguments = Arg::new("arguments")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(value_parser!(OsString))
        .value_name(sendmail::ARGUMENT.get(lang))
        .help(sendmail::ARGUMENTS.get(lang))
        .help_heading(general::ARGUMENTS.get(lang));
    leaf(lang, "sendmail", sendmail::ABOUT).arg(arguments)
}
