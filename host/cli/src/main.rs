//! The one binary: administration, sending and the demonstration.
//!
//! The way through: `args` reads the command line → `site` says where to work → `commands` asks the router → `output` prints
//! what came of it, or `fault` what did not. No command prints by itself, so that `--json` holds everywhere.

mod args;
mod commands;
mod demo;
mod exit;
mod fault;
mod files;
mod given;
mod lang;
mod logs;
mod output;
mod secrets;
mod site;
mod texts;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;
use relais_manifest::Lang;
use tokio::runtime::Runtime;

use crate::exit::Status;
use crate::fault::{Fault, Field};
use crate::output::{Answer, complain};
use crate::site::Site;

fn main() -> ExitCode {
    let lang = lang::chosen(|name| env::var_os(name));
    let arguments: Vec<OsString> = env::args_os().collect();
    match args::command(lang).try_get_matches_from(&arguments) {
        Ok(matches) => run(lang, &matches),
        Err(error) => refuse(lang, &error, asks_for_json(&arguments)),
    }
}

fn run(lang: Lang, matches: &ArgMatches) -> ExitCode {
    let common = innermost(matches);
    let json = common.get_flag("json");
    if let Err(fault) = logs::start(lang, common.get_count("verbose"), env::var_os("RELAIS_LOG")) {
        return fail(lang, &fault, json);
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(lang, &Fault::new(Status::Failed, "runtime", error.to_string()), json),
    };
    if matches.subcommand_name() == Some("demo") {
        return runtime.block_on(demo::run(json, lang));
    }
    let site = Site::of(lang, common, |name| env::var_os(name));
    let answer = runtime.block_on(commands::run(&site, matches));
    match answer {
        Ok(answer) => finish(lang, &answer, json),
        Err(fault) => fail(lang, &fault, json),
    }
}

/// The matches of the command itself, where the options that all commands share are.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    let mut matches = matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    matches
}

/// The command line could not be read, so this is looked up by hand.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

fn finish(lang: Lang, answer: &Answer, json: bool) -> ExitCode {
    let printed = if json {
        output::print(&output::json(&answer.json))
    } else {
        output::print(answer.sheet.text())
    };
    match printed {
        Ok(()) => answer.status.into(),
        Err(error) => {
            complain(&texts::files::not_written(lang, &error.to_string()));
            Status::Failed.into()
        }
    }
}

fn fail(lang: Lang, fault: &Fault, json: bool) -> ExitCode {
    if json {
        // The status says the same to whoever cannot read it.
        let _ = output::print(&output::json(&fault.json()));
    } else {
        complain(&fault.text(lang));
    }
    fault.status.into()
}

/// Help and the version are answers; the rest is a command line that cannot be read.
fn refuse(lang: Lang, error: &clap::Error, json: bool) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match output::print(&error.render().to_string()) {
            Ok(()) => Status::Done.into(),
            Err(_) => Status::Failed.into(),
        };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json {
        complain(&error.render().to_string());
        return Status::BadInput.into();
    }
    let text = texts::usage::text(lang, error);
    let fields = texts::usage::fields(error).into_iter().map(|field| Field {
        field,
        message: text.clone(),
    });
    let fault = Fault {
        fields: fields.collect(),
        ..Fault::input("usage", text.clone())
    };
    fail(lang, &fault, json)
}
