//! The log, on the standard error: nothing unless it is asked for, or the daemon runs.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use relais_manifest::Lang;
use tracing_subscriber::EnvFilter;

use crate::fault::Fault;
use crate::texts::files;

/// What is asked of the log.
#[derive(Debug, Default)]
pub struct Log {
    /// How often `-v` is given.
    pub verbose: u8,
    /// `RELAIS_LOG`, which is stronger.
    pub filter: Option<OsString>,
    /// The daemon's: on by itself.
    pub daemon: bool,
    /// One JSON object a line.
    pub json: bool,
}

/// Starts the log where something asks for it.
pub fn start(lang: Lang, log: Log) -> Result<(), Fault> {
    let named = log
        .filter
        .filter(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().into_owned());
    let filter = match (named, log.verbose, log.daemon) {
        (Some(filter), _, _) => filter,
        (None, 0, false) => return Ok(()),
        (None, 0, true) => "warn,relais=info".to_owned(),
        (None, 1, _) => "warn,relais=debug".to_owned(),
        (None, _, _) => "info,relais=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(filter)
        .map_err(|_| Fault::field(lang, "RELAIS_LOG", "log-filter-invalid", files::log_filter(lang)))?;
    let to = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // Fails only where a log was started before.
    let _ = if log.json {
        to.json().flatten_event(true).try_init()
    } else {
        to.with_ansi(io::stderr().is_terminal()).try_init()
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_said_by_its_name() {
        let log = Log {
            filter: Some("relais=loud".into()),
            ..Log::default()
        };
        let fault = start(Lang::En, log).unwrap_err();
        assert!(fault.message.starts_with("RELAIS_LOG"), "{}", fault.message);
        assert_eq!(fault.status.number(), 2);
    }
}
