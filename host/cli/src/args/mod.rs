//! The command line: every command, option and help text, in the language of whoever reads it.

mod account;
mod backup;
mod connector;
mod delivery;
mod drop;
mod instance;
mod send;
mod sendmail;
mod serve;
mod service;
mod service_instance;
mod token;
mod workspace;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};
use relais_manifest::Lang;

use crate::texts::{Say, general};

pub use serve::LISTEN;

/// The whole tree.
pub fn command(lang: Lang) -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help(general::VERSION.get(lang))
        .help_heading(general::COMMON_OPTIONS.get(lang));
    group(lang, "relais", general::ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .arg_required_else_help(true)
        .after_help(general::AFTER.get(lang))
        .arg(version)
        .args(common(lang))
        .subcommand(leaf(lang, "demo", general::DEMO))
        .subcommand(send::command(lang))
        .subcommand(sendmail::command(lang))
        .subcommand(delivery::command(lang))
        .subcommand(drop::command(lang))
        .subcommand(serve::command(lang))
        .subcommand(instance::command(lang))
        .subcommand(account::command(lang))
        .subcommand(account::application(lang))
        .subcommand(service::command(lang))
        .subcommand(service_instance::command(lang))
        .subcommand(connector::command(lang))
        .subcommand(workspace::command(lang))
        .subcommand(token::command(lang))
        .subcommand(token::audit(lang))
        .subcommand(backup::backup(lang))
        .subcommand(backup::restore(lang))
}

/// What every command takes.
fn common(lang: Lang) -> [Arg; 10] {
    let common = |arg: Arg| arg.global(true).help_heading(general::COMMON_OPTIONS.get(lang));
    let network = |arg: Arg| arg.global(true).help_heading(general::NETWORK_OPTIONS.get(lang));
    let file = |id, help| option(lang, id, general::FILE, help).value_parser(value_parser!(PathBuf));
    [
        common(option(lang, "data", general::FOLDER, general::DATA).value_parser(value_parser!(PathBuf))),
        common(option(lang, "workspace", general::NAME, general::WORKSPACE)),
        common(option(lang, "key", general::FILE, general::KEY).value_parser(value_parser!(PathBuf))),
        common(flag(lang, "json", general::JSON)),
        common(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::Count)
                .help(general::VERBOSE.get(lang)),
        ),
        common(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help(general::HELP.get(lang)),
        ),
        network(option(lang, "proxy", general::PROXY_ADDRESS, general::PROXY)),
        network(file("proxy-credentials-file", general::PROXY_CREDENTIALS)),
        network(option(lang, "no-proxy", general::LIST, general::NO_PROXY)),
        network(file("ca-file", general::CA_FILE)),
    ]
}

/// A command that has commands.
fn group(lang: Lang, name: &'static str, about: Say) -> Command {
    leaf(lang, name, about)
        .subcommand_required(true)
        .subcommand_help_heading(general::COMMANDS.get(lang))
        .subcommand_value_name(general::COMMAND.get(lang))
}

/// A command that does something.
fn leaf(lang: Lang, name: &'static str, about: Say) -> Command {
    Command::new(name)
        .about(about.get(lang))
        .help_template(general::TEMPLATE.get(lang))
}

/// A required argument without an option's name.
fn positional(lang: Lang, id: &'static str, value: Say, help: Say) -> Arg {
    Arg::new(id)
        .required(true)
        .value_name(value.get(lang))
        .help(help.get(lang))
        .help_heading(general::ARGUMENTS.get(lang))
}

/// `--id VALUE`.
fn option(lang: Lang, id: &'static str, value: Say, help: Say) -> Arg {
    Arg::new(id)
        .long(id)
        .value_name(value.get(lang))
        .help(help.get(lang))
        .help_heading(general::OPTIONS.get(lang))
}

/// `--id VALUE`, as often as wanted.
fn repeated(lang: Lang, id: &'static str, value: Say, help: Say) -> Arg {
    option(lang, id, value, help).action(ArgAction::Append)
}

/// `--id WORD`, where the words are few. They stand in the help's own text, in its language.
fn choice(lang: Lang, id: &'static str, value: Say, help: Say, words: &'static [&'static str]) -> Arg {
    option(lang, id, value, help)
        .value_parser(PossibleValuesParser::new(words))
        .hide_possible_values(true)
}

/// `--id`.
fn flag(lang: Lang, id: &'static str, help: Say) -> Arg {
    Arg::new(id)
        .long(id)
        .action(ArgAction::SetTrue)
        .help(help.get(lang))
        .help_heading(general::OPTIONS.get(lang))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        found.push((path.clone(), about));
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            found.push((format!("{path} {}", arg.get_id()), help));
        }
        for sub in command.get_subcommands() {
            leaves(sub, &path, found);
        }
    }

    #[test]
    fn every_command_and_option_has_help_in_both_languages() {
        let (mut fr, mut en) = (Vec::new(), Vec::new());
        leaves(&command(Lang::Fr), "", &mut fr);
        leaves(&command(Lang::En), "", &mut en);
        assert_eq!(fr.len(), en.len());
        for ((path, fr), (_, en)) in fr.iter().zip(&en) {
            assert!(!fr.is_empty(), "{path} has no French help");
            assert!(!en.is_empty(), "{path} has no English help");
            assert_ne!(fr, en, "{path} is not translated");
        }
    }

    #[test]
    fn the_tree_holds_together() {
        command(Lang::Fr).debug_assert();
        command(Lang::En).debug_assert();
    }

    #[test]
    fn the_french_help_holds_no_english_heading() {
        let mut all = command(Lang::Fr);
        all.build();
        let mut open = vec![all];
        while let Some(mut command) = open.pop() {
            let help = command.render_help().to_string();
            assert!(help.contains("Utilisation :"), "{help}");
            for english in [
                "Usage:",
                "Commands:",
                "Options:",
                "Arguments:",
                "COMMAND>",
                "Print ",
                "default:",
                "possible values",
            ] {
                assert!(!help.contains(english), "{english} in {help}");
            }
            open.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn a_common_option_may_stand_behind_the_command() {
        let matches = command(Lang::En)
            .try_get_matches_from(["relais", "service", "list", "--json", "--data", "/x"])
            .unwrap();
        let (_, service) = matches.subcommand().unwrap();
        let (_, list) = service.subcommand().unwrap();
        assert!(list.get_flag("json"));
        assert_eq!(list.get_one::<PathBuf>("data"), Some(&PathBuf::from("/x")));
    }
}
