//! The log, on the standard error: nothing unless it is asked for.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use relais_manifest::Lang;
use tracing_subscriber::EnvFilter;

use crate::fault::Fault;
use crate::texts::files;

/// Starts the log where `RELAIS_LOG` or `-v` asks for it; the variable is stronger.
pub fn start(lang: Lang, verbose: u8, variable: Option<OsString>) -> Result<(), Fault> {
    let named = variable
        .filter(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().into_owned());
    let filter = match (named, verbose) {
        (Some(filter), _) => filter,
        (None, 0) => return Ok(()),
        (None, 1) => "warn,relais=debug".to_owned(),
        (None, _) => "info,relais=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(filter)
        .map_err(|_| Fault::field(lang, "RELAIS_LOG", "log-filter-invalid", files::log_filter(lang)))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // Fails only where a log was started before.
    let _ = log.with_ansi(io::stderr().is_terminal()).try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_said_by_its_name() {
        let fault = start(Lang::En, 0, Some("relais=loud".into())).unwrap_err();
        assert!(fault.message.starts_with("RELAIS_LOG"), "{}", fault.message);
        assert_eq!(fault.status.number(), 2);
    }
}
