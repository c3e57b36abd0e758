//! Commands out, replies in, on one connection.
//!
//! The threat: an answer taken for the answer to something else. After a silence, a violation or an error nobody can tell
//! which command the next reply answers, so a [`Broken`] conversation is dropped by every caller, never used again.

use std::fmt;

use crate::reply::{Replies, Reply, Violation};
use crate::wire::{StreamError, Wire};

/// How a conversation ends before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// The server closed the connection.
    Closed,
    /// Nothing came for the time limit.
    Silent,
    /// What came is not a reply, or not one that this command can have.
    Violation(String),
    /// A limit of the instance; the text names it.
    Limit(String),
    /// Anything else.
    Failed(String),
}

impl Broken {
    /// Whether another connection may do better at once. A silence has lasted long enough, and a limit stays.
    pub fn is_worth_another(&self) -> bool {
        matches!(self, Self::Closed | Self::Violation(_) | Self::Failed(_))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server closed the connection"),
            Self::Silent => f.write_str("the server did not answer within the time limit"),
            Self::Violation(text) | Self::Limit(text) | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl From<StreamError> for Broken {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed => Self::Closed,
            StreamError::Timeout => Self::Silent,
            StreamError::Refused(text) => Self::Limit(text),
            StreamError::Failed(text) => Self::Failed(text),
        }
    }
}

impl From<Violation> for Broken {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation.to_string())
    }
}

/// One connection and what was read from it.
#[derive(Debug)]
pub struct Conversation<W> {
    wire: W,
    replies: Replies,
    /// The flight being composed; kept for the next one.
    flight: Vec<u8>,
}

impl<W: Wire> Conversation<W> {
    pub fn new(wire: W) -> Self {
        Self {
            wire,
            replies: Replies::default(),
            flight: Vec::new(),
        }
    }

    /// What carries it, for what is neither command nor reply.
    pub fn wire(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Adds a command to the flight; the end of the line is added here.
    pub fn add(&mut self, parts: &[&str]) {
        for part in parts {
            self.flight.extend_from_slice(part.as_bytes());
        }
        self.flight.extend_from_slice(b"\r\n");
    }

    /// Sends the flight, in one write.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn depart(&mut self) -> Result<(), Broken> {
        let sent = self.wire.write(&self.flight);
        self.flight.clear();
        Ok(sent?)
    }

    /// The next reply.
    ///
    /// # Errors
    ///
    /// The connection broke, or what came is not a reply.
    pub fn reply(&mut self) -> Result<Reply, Broken> {
        loop {
            if let Some(reply) = self.replies.next_reply()? {
                return Ok(reply);
            }
            match self.wire.read()? {
                Some(bytes) => self.replies.push(&bytes),
                None => return Err(Broken::Closed),
            }
        }
    }

    /// Sends one command and waits for its reply.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn ask(&mut self, parts: &[&str]) -> Result<Reply, Broken> {
        self.add(parts);
        self.depart()?;
        self.reply()
    }

    /// Whether nothing has arrived that no command asked for.
    pub fn is_quiet(&self) -> bool {
        self.replies.is_empty()
    }
}
