//! `relais account` and `relais application`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use relais_manifest::Lang;

use super::{choice, flag, group, leaf, option, positional, repeated};
use crate::texts::{account, application, general};

/// The words of the flows.
const FLOWS: [&str; 3] = ["device-code", "authorization-code", "client-credentials"];

pub fn command(lang: Lang) -> Command {
    let of_instance = |name, about| {
        leaf(lang, name, about)
            .arg(positional(lang, "instance", general::NAME, account::INSTANCE))
            .arg(option(lang, "account", account::PARAMETER, account::ACCOUNT))
    };
    group(lang, "account", account::ABOUT)
        .subcommand(
            of_instance("associate", account::ASSOCIATE)
                .arg(choice(lang, "flow", account::FLOW_VALUE, account::FLOW, &FLOWS))
                .arg(option(lang, "provider", account::PROVIDER_VALUE, account::PROVIDER))
                .arg(option(lang, "client-id", general::ID, account::OWN_CLIENT_ID))
                .args(proof(lang).map(|arg| arg.requires("client-id")))
                .arg(flag(lang, "no-wait", account::NO_WAIT))
                .after_help(account::EXAMPLE.get(lang)),
        )
        .subcommand(of_instance("status", account::STATUS))
        .subcommand(of_instance("renew", account::RENEW))
        .subcommand(of_instance("dissociate", account::DISSOCIATE))
}

pub fn application(lang: Lang) -> Command {
    let provider = || positional(lang, "provider", account::PROVIDER_VALUE, application::PROVIDER);
    group(lang, "application", application::ABOUT)
        .subcommand(leaf(lang, "list", application::LIST))
        .subcommand(
            leaf(lang, "set", application::SET)
                .arg(provider())
                .arg(option(lang, "client-id", general::ID, application::CLIENT_ID).required(true))
                .args(proof(lang))
                .arg(repeated(lang, "origin", application::ORIGIN_VALUE, application::ORIGIN))
                .after_help(application::EXAMPLE.get(lang)),
        )
        .subcommand(leaf(lang, "remove", application::REMOVE).arg(provider()))
}

/// How an application proves itself.
fn proof(lang: Lang) -> [Arg; 3] {
    [
        option(lang, "secret", application::SECRET_VALUE, application::SECRET)
            .num_args(0..=1)
            .default_missing_value("")
            .conflicts_with("certificate"),
        option(lang, "certificate", general::FILE, application::CERTIFICATE)
            .value_parser(value_parser!(PathBuf))
            .requires("certificate-key"),
        option(lang, "certificate-key", general::FILE, application::KEY)
            .value_parser(value_parser!(PathBuf))
            .requires("certificate"),
    ]
}
