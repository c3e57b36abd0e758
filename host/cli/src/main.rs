//! The one binary: administration, sending and the demonstration.
//!
//! The way through: `args` reads the command line → `site` says where to work → `commands` asks the API through `client` → `output`
//! prints what came of it, or `fault` what did not. No command prints by itself but those that stream, so that `--json` holds
//! everywhere. `serve` is the daemon, and `sendmail` a program of its own that only shares the binary.

mod args;
mod client;
mod commands;
mod demo;
mod dropbox;
mod duration;
mod exit;
mod fault;
mod files;
mod given;
mod lang;
mod logs;
mod output;
mod progress;
mod secrets;
mod sendmail;
mod serve;
mod site;
mod socket;
mod streamed;
mod texts;
mod way_out;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;
use relais_manifest::Lang;
use tokio::runtime::Runtime;

use crate::exit::Status;
use crate::fault::{Fault, Field};
use crate::logs::Log;
use crate::output::{Answer, complain};
use crate::site::Site;

fn main() -> ExitCode {
    let lang = lang::chosen(|name| env::var_os(name));
    let arguments: Vec<OsString> = env::args_os().collect();
    let first = arguments.get(1).is_some_and(|first| first == "sendmail");
    if first || sendmail::is_name(arguments.first()) {
        return sendmail::run(lang, arguments.into_iter().skip(if first { 2 } else { 1 }));
    }
    match args::command(lang).try_get_matches_from(&arguments) {
        Ok(matches) => run(lang, &matches),
        Err(error) => refuse(lang, &error, asks_for_json(&arguments)),
    }
}

fn run(lang: Lang, matches: &ArgMatches) -> ExitCode {
    if let Some(("sendmail", inner)) = matches.subcommand() {
        let arguments = inner.get_many::<OsString>("arguments").into_iter().flatten();
        return sendmail::run(lang, arguments.cloned());
    }
    let common = innermost(matches);
    let json = common.get_flag("json");
    let log = Log {
        verbose: common.get_count("verbose"),
        filter: env::var_os("RELAIS_LOG"),
        ..serve::log(matches)
    };
    if let Err(fault) = logs::start(lang, log) {
        return fail(lang, &fault, json);
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(lang, &Fault::new(Status::Failed, "runtime", error.to_string()), json),
    };
    if matches.subcommand_name() == Some("demo") {
        return runtime.block_on(demo::run(json, lang));
    }
    let answer = runtime.block_on(async {
        let site = Site::of(lang, common, |name| env::var_os(name))?;
        match matches.subcommand() {
            Some(("serve", inner)) => serve::run(&site, inner).await,
            _ => commands::run(&site, matches).await,
        }
    });
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
    if answer.is_silent() {
        return answer.status.into();
    }
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
