//! The options of sendmail(8), as PHP, cron, mailx and msmtp users write them. Its grammar is older than POSIX's: a value
//! stands behind its letter or in the next argument, and `-o` takes the rest of its word.

use std::path::PathBuf;

/// What the caller asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-t`: the message's own To, Cc and Bcc receive too.
    pub from_header: bool,
    /// `-i`, `-oi`: a line that holds one dot does not end the message.
    pub dots: bool,
    /// `-f`, `-r`: the envelope's sender; `<>` is none.
    pub sender: Option<String>,
    /// `-F`: the name for a message without From.
    pub name: Option<String>,
    pub recipients: Vec<String>,
    pub workspace: Option<String>,
    /// `--instance`: a service instance.
    pub instance: Option<String>,
    pub spool: Option<PathBuf>,
    pub verbose: bool,
    pub help: bool,
}

/// What cannot be read, as it was written.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such option here.
    Unknown(String),
    /// A mode of sendmail that Relais does not have: a daemon, a queue, aliases.
    Mode(String),
    /// The option needs a value.
    Value(String),
}

/// Letters whose value says nothing to Relais: body type, notification, return, envelope id, hops, log tag, protocol, trace.
const IGNORED_WITH_VALUE: &str = "BNRVhLpXOC";
/// Letters that say nothing to Relais: initial submission, gateway, no aliases, me too.
const IGNORED: &str = "UGnm";

impl Options {
    /// Reads all arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Refused> {
        let mut options = Self::default();
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                rest.by_ref().for_each(|recipient| options.add(&recipient));
            } else if let Some(long) = argument.strip_prefix("--") {
                options.long(long, &mut rest)?;
            } else if argument.len() > 1 && argument.starts_with('-') {
                options.letters(&argument, &mut rest)?;
            } else {
                options.add(&argument);
            }
        }
        Ok(options)
    }

    fn long(&mut self, long: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), Refused> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        if name == "help" {
            self.help = true;
            return Ok(());
        }
        if !matches!(name, "workspace" | "instance" | "spool") {
            return Err(Refused::Unknown(format!("--{name}")));
        }
        let value = value
            .or_else(|| rest.next())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refused::Value(format!("--{name}")))?;
        match name {
            "workspace" => self.workspace = Some(value),
            "instance" => self.instance = Some(value),
            _ => self.spool = Some(value.into()),
        }
        Ok(())
    }

    /// One word of letters: `-t`, `-ti`, `-fADDRESS`, `-oi`.
    fn letters(&mut self, word: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), Refused> {
        let mut letters = word.chars();
        letters.next();
        while let Some(letter) = letters.next() {
            let attached = letters.as_str().to_owned();
            let mut value = || match attached.as_str() {
                "" => rest.next().ok_or_else(|| Refused::Value(format!("-{letter}"))),
                attached => Ok(attached.to_owned()),
            };
            match letter {
                't' => self.from_header = true,
                'i' => self.dots = true,
                'v' => self.verbose = true,
                'f' | 'r' => {
                    self.sender = Some(value()?);
                    return Ok(());
                }
                'F' => {
                    self.name = Some(value()?).filter(|name| !name.trim().is_empty());
                    return Ok(());
                }
                // `-oi`; every other of these sets what Relais sets for itself, such as `-oem`.
                'o' => {
                    self.dots |= attached == "i";
                    return Ok(());
                }
                'e' => return Ok(()),
                'b' if attached == "m" => return Ok(()),
                'b' | 'q' => return Err(Refused::Mode(word.to_owned())),
                letter if IGNORED.contains(letter) => {}
                letter if IGNORED_WITH_VALUE.contains(letter) => {
                    value()?;
                    return Ok(());
                }
                _ => return Err(Refused::Unknown(word.to_owned())),
            }
        }
        Ok(())
    }

    /// A recipient, or several behind commas as in a header.
    fn add(&mut self, text: &str) {
        let (mut quoted, mut start) = (false, 0);
        for (place, c) in text.char_indices() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => {
                    self.recipients.extend(text.get(start..place).and_then(address));
                    start = place + 1;
                }
                _ => {}
            }
        }
        self.recipients.extend(text.get(start..).and_then(address));
    }

    /// The envelope's sender as the API takes it: `<>`, or an address without its brackets.
    pub fn reverse_path(&self) -> Option<String> {
        let sender = self.sender.as_deref()?;
        Some(address(sender).unwrap_or_else(|| "<>".to_owned()))
    }
}

/// The address of `Name <address>`, of `<address>` or of `address`; nothing where there is none.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
        .map_or(text, |(_, inner)| inner.trim());
    (!inner.is_empty()).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(words: &[&str]) -> Result<Options, Refused> {
        Options::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn what_php_cron_and_msmtp_users_write_is_understood() {
        let php = parsed(&["-t", "-i", "-fged@mairie.test"]).unwrap();
        assert!(php.from_header && php.dots);
        assert_eq!(php.reverse_path().unwrap(), "ged@mairie.test");
        let cron = parsed(&["-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root@mairie.test"]).unwrap();
        assert_eq!((cron.name.as_deref(), cron.dots), (Some("CronDaemon"), true));
        assert_eq!(cron.recipients, ["root@mairie.test"]);
        let mailx = parsed(&["-oi", "-bm", "-N", "failure", "-R", "hdrs", "-f", "a@x", "--", "-b@x"]).unwrap();
        assert!(mailx.dots);
        assert_eq!(mailx.recipients, ["-b@x"]);
        assert_eq!(parsed(&["-ti", "-v"]).unwrap(), parsed(&["-v", "-i", "-t"]).unwrap());
    }

    #[test]
    fn an_empty_sender_and_a_pair_of_brackets_are_the_null_reverse_path() {
        for null in [&["-f", "<>"][..], &["-f<>"], &["-f", ""], &["-r", " <> "]] {
            assert_eq!(parsed(null).unwrap().reverse_path().unwrap(), "<>", "{null:?}");
        }
        assert_eq!(parsed(&[]).unwrap().reverse_path(), None);
    }

    #[test]
    fn recipients_may_stand_behind_commas_and_in_brackets() {
        let options = parsed(&["a@x, Bé <b@x>,", "\"C, D\" <c@x>", "<d@x>"]).unwrap();
        assert_eq!(options.recipients, ["a@x", "b@x", "c@x", "d@x"]);
    }

    #[test]
    fn the_options_of_relais_take_their_value_in_either_way() {
        let options = parsed(&["--workspace=w", "--instance", "courrier", "--spool", "/s"]).unwrap();
        assert_eq!(options.workspace.as_deref(), Some("w"));
        assert_eq!(options.instance.as_deref(), Some("courrier"));
        assert_eq!(options.spool, Some("/s".into()));
    }

    #[test]
    fn modes_that_are_not_there_and_missing_values_are_refused_as_they_were_written() {
        assert_eq!(parsed(&["-bp"]).unwrap_err(), Refused::Mode("-bp".into()));
        assert_eq!(parsed(&["-q"]).unwrap_err(), Refused::Mode("-q".into()));
        assert_eq!(parsed(&["-f"]).unwrap_err(), Refused::Value("-f".into()));
        assert_eq!(parsed(&["--spool="]).unwrap_err(), Refused::Value("--spool".into()));
        assert_eq!(parsed(&["-Z"]).unwrap_err(), Refused::Unknown("-Z".into()));
        assert_eq!(parsed(&["--colour"]).unwrap_err(), Refused::Unknown("--colour".into()));
    }
}
