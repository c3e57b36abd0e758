//! `relais sendmail`, and `sendmail` as a name of this binary: what PHP's `mail()`, cron and scripts call.
//!
//! It never opens the store, so that a user who may send may not read. It hands the message to the daemon's socket for senders;
//! where that does not answer, it puts it into the drop folder, which the daemon empties. It answers as sendmail does: by its exit
//! status, and one sentence where it fails.

mod drop;
mod hand;
mod input;
mod options;
mod sysexits;
mod until_dot;

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use relais_manifest::Lang;
use relais_message::{Limits, MimeDraft};
use relais_router::WorkspaceName;
use tokio::runtime;

use crate::dropbox::{self, Envelope};
use crate::output::{complain, print};
use crate::texts::sendmail as say;

use drop::NotDropped;
use hand::Handed;
use input::{Input, NoMessage};
use options::Options;
use sysexits::Exit;

pub use options::Refused;

/// How it failed, in a sentence.
type Failed = (Exit, String);

/// Whether the binary was called by the name of sendmail.
pub fn is_name(program: Option<&OsString>) -> bool {
    let name = program.map(Path::new).and_then(Path::file_name);
    name.is_some_and(|name| name.to_string_lossy().ends_with("sendmail"))
}

/// Does what sendmail does with these arguments, and the message of the standard input.
pub fn run(lang: Lang, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned());
    let exit = Options::parse(arguments)
        .map_err(|refused| (Exit::Usage, say::refused(lang, &refused)))
        .and_then(|options| send(lang, &options));
    match exit {
        Ok(()) => Exit::Done.into(),
        Err((exit, text)) => {
            complain(&format!("sendmail: {text}"));
            exit.into()
        }
    }
}

fn send(lang: Lang, options: &Options) -> Result<(), Failed> {
    if options.help {
        return print(say::HELP.get(lang)).map_err(|error| (Exit::Io, error.to_string()));
    }
    if options.recipients.is_empty() && !options.from_header {
        return Err((Exit::Usage, say::NO_RECIPIENT.get(lang).to_owned()));
    }
    let workspace = workspace(lang, options)?;
    let mut input = Input::read(io::stdin().lock(), options.dots).map_err(|error| no_message(lang, &error))?;
    let sender = options.reverse_path();
    if let Some(address) = sender.as_deref().filter(|sender| *sender != "<>") {
        let signed = input.sign(address, options.name.as_deref());
        signed.map_err(|error| (Exit::Io, say::unread(lang, &error.to_string())))?;
    }
    let envelope = Envelope {
        sender,
        recipients: options.recipients.clone(),
        from_header: options.from_header,
        service_instance: options.instance.clone(),
        ..Envelope::new(key(lang)?)
    };
    // Nobody would tell the caller later that the daemon cannot be asked so.
    if !hand::fits(&workspace, &envelope) {
        return Err((Exit::Usage, say::LONG_ENVELOPE.get(lang).to_owned()));
    }
    let spool = options.spool.clone().unwrap_or_else(dropbox::usual_spool);
    let mail = Mail {
        lang,
        spool,
        workspace,
        envelope,
        input,
    };
    let id = mail.hand_over()?;
    if options.verbose {
        complain(&say::accepted(lang, id.as_deref()));
    }
    Ok(())
}

/// A message on its way to the daemon.
struct Mail {
    lang: Lang,
    spool: PathBuf,
    workspace: WorkspaceName,
    envelope: Envelope,
    input: Input,
}

impl Mail {
    /// By the socket, else by the drop folder. The delivery's id, where the daemon said it.
    fn hand_over(&self) -> Result<Option<String>, Failed> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| (Exit::System, error.to_string()))?;
        // Where the workspace has a socket of its own, the common one does not know it.
        let own = dropbox::socket_of(&self.spool, &self.workspace);
        let socket = if own.exists() {
            own
        } else {
            dropbox::socket(&self.spool)
        };
        let handed = runtime.block_on(hand::over(
            self.lang,
            &socket,
            &self.workspace,
            &self.envelope,
            &self.input,
        ));
        match handed {
            Handed::Accepted { id } => Ok(Some(id)),
            Handed::Refused { exit, text } => Err((exit, text)),
            Handed::Later { told } => self.put_down(told).map(|()| None),
        }
    }

    /// Nobody will tell the caller later, so what the daemon would refuse is refused now.
    fn put_down(&self, told: Option<String>) -> Result<(), Failed> {
        let lang = self.lang;
        let draft = MimeDraft {
            source: self.input.source(),
            sender: self.envelope.sender.clone(),
            recipients: self.envelope.recipients.clone(),
            recipients_from_header: self.envelope.from_header,
            // The daemon knows the instance, and the instance its sender.
            default_from: Some("relais@localhost.invalid".to_owned()),
            trace: None,
        };
        if let Err(errors) = draft.accept(&Limits::default()) {
            return Err((Exit::Data, say::fields(lang, &errors)));
        }
        let folder = dropbox::folder(&self.spool, &self.workspace);
        drop::put(&folder, &self.envelope, &self.input).map_err(|error| match error {
            // What the daemon said is nearer to the cause than the lack of a folder.
            NotDropped::NoFolder if told.is_some() => (Exit::TryAgain, told.unwrap_or_default()),
            NotDropped::NoFolder if dropbox::folders(&self.spool).exists() => {
                (Exit::Usage, say::no_workspace(lang, self.workspace.as_str()))
            }
            NotDropped::NoFolder => (
                Exit::Unavailable,
                say::no_spool(lang, &self.spool.display().to_string()),
            ),
            NotDropped::Denied => (Exit::NotPermitted, say::denied(lang, &folder.display().to_string())),
            NotDropped::Full => (Exit::TryAgain, say::FULL.get(lang).to_owned()),
            NotDropped::Create(error) => (Exit::CannotCreate, say::unwritten(lang, &error.to_string())),
            NotDropped::Write(error) => (Exit::Io, say::unwritten(lang, &error.to_string())),
        })
    }
}

fn workspace(lang: Lang, options: &Options) -> Result<WorkspaceName, Failed> {
    let variable = || env::var("RELAIS_WORKSPACE").ok().filter(|name| !name.is_empty());
    match options.workspace.clone().or_else(variable) {
        None => Ok(WorkspaceName::default()),
        Some(name) => WorkspaceName::new(&name).map_err(|_| (Exit::Usage, say::no_workspace(lang, &name))),
    }
}

/// 128 random bits: the name of the file, which nobody else may guess, and the idempotency key.
fn key(lang: Lang) -> Result<String, Failed> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| (Exit::System, say::unwritten(lang, &error.to_string())))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn no_message(lang: Lang, error: &NoMessage) -> Failed {
    match error {
        NoMessage::Empty => (Exit::NoInput, say::EMPTY.get(lang).to_owned()),
        NoMessage::TooLarge => (Exit::Data, say::too_large(lang, input::MESSAGE_BYTES)),
        NoMessage::Read(error) => (Exit::Io, say::unread(lang, &error.to_string())),
        NoMessage::Write(error) => (Exit::CannotCreate, say::unwritten(lang, &error.to_string())),
    }
}
