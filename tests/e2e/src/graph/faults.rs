//! What goes wrong.

use std::time::Duration;

/// Something that goes wrong once.
#[derive(Debug, Clone)]
pub struct Fault {
    method: &'static str,
    /// The path's end; `upload` for the uploads' host.
    end: &'static str,
    pub(super) goes: Goes,
}

/// How it goes wrong.
#[derive(Debug, Clone)]
pub enum Goes {
    /// Nothing is done, and this is the answer: an error of Graph's where it has a code, else a page without a word.
    Instead {
        status: u16,
        code: &'static str,
        retry_after: Option<u32>,
    },
    /// It is done, and this is the answer.
    Though { status: u16, retry_after: Option<u32> },
    /// It is done, and the connection is cut before the answer.
    DoneAndCut,
    /// The connection is cut once so many bytes of the body have come. An upload keeps them.
    CutAfter(usize),
    /// Nothing is done, and no answer comes.
    Silent,
    /// It is done, and the answer never ends: so many bytes each time.
    Endless { status: u16, bytes: usize, every: Duration },
}

impl Fault {
    /// At the next request of this method whose path ends so.
    pub fn at(method: &'static str, end: &'static str, goes: Goes) -> Self {
        Self { method, end, goes }
    }

    pub(super) fn is_for(&self, method: &str, path: &str) -> bool {
        self.method == method && path.ends_with(self.end)
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The first that is for this request.
    pub(super) fn next(&mut self, method: &str, path: &str) -> Option<Goes> {
        let place = self.0.iter().position(|fault| fault.is_for(method, path))?;
        Some(self.0.remove(place).goes)
    }
}
