//! `relais:connector/log`, and the standard output and error of a guest, which are its log too.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::audit::Audit;
use crate::bindings::relais::connector::log as contract;
use crate::failure::clean;
use crate::meter::LimitHit;
use crate::observer::{Event, Level};
use crate::state::State;

/// Bytes of a line; the rest is cut.
const LINE_BYTES: usize = 4096;

/// One session's log. Bounded in lines a call and in bytes a line.
pub(crate) struct LogBook {
    audit: Audit,
    left: AtomicU32,
    /// The last lines of standard error: a guest's panic message ends up there, and `unreachable` alone helps nobody.
    last_words: Mutex<String>,
}

impl LogBook {
    pub(crate) fn new(audit: Audit) -> Self {
        Self {
            audit,
            left: AtomicU32::new(0),
            last_words: Mutex::default(),
        }
    }

    /// A call begins, with so many lines to write, and as many refusals to audit.
    pub(crate) fn begin(&self, lines: u32) {
        self.audit.begin(lines);
        self.left.store(lines, Ordering::Relaxed);
        self.last_words.lock().unwrap_or_else(|e| e.into_inner()).clear();
    }

    pub(crate) fn line(&self, level: Level, text: &str) -> Result<(), LimitHit> {
        let spent = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if spent.is_err() {
            return Err(LimitHit("log"));
        }
        let text = clean(text, LINE_BYTES).replace('\n', " ");
        self.audit.tell(Event::Log { level, text });
        Ok(())
    }

    pub(crate) fn error_line(&self, text: &str) -> Result<(), LimitHit> {
        let mut words = self.last_words.lock().unwrap_or_else(|e| e.into_inner());
        if !words.is_empty() {
            words.push('\n');
        }
        words.push_str(&clean(text, LINE_BYTES));
        let mut excess = words.len().saturating_sub(LINE_BYTES);
        while !words.is_char_boundary(excess) {
            excess += 1;
        }
        words.drain(..excess);
        drop(words);
        self.line(Level::Error, text)
    }

    /// What the guest wrote to standard error during this call.
    pub(crate) fn last_words(&self) -> String {
        self.last_words.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

impl contract::Host for State {
    fn write(&mut self, level: contract::Level, text: String) -> wasmtime::Result<()> {
        self.context.meter.call();
        let level = match level {
            contract::Level::Debug => Level::Debug,
            contract::Level::Info => Level::Info,
            contract::Level::Warn => Level::Warn,
            contract::Level::Error => Level::Error,
        };
        Ok(self.context.log.line(level, &text)?)
    }
}
