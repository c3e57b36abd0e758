//! As much of SMTP as an attack needs: no pipelining, no TLS, and every reply read where it is due.

use relais_sdk::message::{Addressing, Framing, Message};
use relais_sdk::network::{Connection, Security};
use relais_sdk::streams::{InputStream, OutputStream};
use relais_sdk::{Failure, kind};

use crate::{Settings, told};

/// A connection whose greeting was read.
pub(crate) struct Line {
    // Before the connection, since streams go first.
    input: InputStream,
    output: OutputStream,
    connection: Connection,
}

impl Line {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Failure> {
        let connection = Connection::connect(&settings.host, settings.port, Security::Plain).map_err(told)?;
        let line = Self {
            input: connection.input().map_err(told)?,
            output: connection.output().map_err(told)?,
            connection,
        };
        line.reply()?;
        Ok(line)
    }

    pub(crate) fn write(&self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.output.write(bytes.as_ref()).map_err(told)
    }

    /// One command and its reply, which must not refuse it.
    pub(crate) fn command(&self, text: &str) -> Result<(), Failure> {
        self.write(format!("{text}\r\n"))?;
        let reply = self.reply()?;
        if reply.starts_with(['2', '3']) {
            Ok(())
        } else {
            Err(Failure::new(kind::OTHER, format!("{text}: {reply}")))
        }
    }

    /// A whole reply (RFC 5321 section 4.2.1).
    pub(crate) fn reply(&self) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        loop {
            let more = self.input.read(4096).map_err(told)?;
            bytes.extend(more.ok_or_else(|| told("the server hung up"))?);
            let text = String::from_utf8_lossy(&bytes);
            let last = text.lines().next_back().unwrap_or_default();
            if text.ends_with('\n') && last.as_bytes().get(3) != Some(&b'-') {
                return Ok(text.trim_end().to_owned());
            }
        }
    }

    /// Up to the point where the server waits for the content.
    pub(crate) fn envelope(&self, recipients: &[String]) -> Result<(), Failure> {
        self.command("EHLO hostile.example")?;
        self.command("MAIL FROM:<hostile@example.org>")?;
        for recipient in recipients {
            self.command(&format!("RCPT TO:<{recipient}>"))?;
        }
        self.command("DATA")
    }

    /// The content, without reading what the server says to it.
    pub(crate) fn content(&self, message: &Message) -> Result<(), Failure> {
        let content = message.mime(Addressing::Written, Framing::DotStuffed);
        self.splice(&content)
    }

    /// A stream to its end, without a word of its own.
    pub(crate) fn splice(&self, content: &InputStream) -> Result<(), Failure> {
        self.output.splice(content).map(drop).map_err(told)
    }

    /// The connection without its streams, as a login wants it.
    pub(crate) fn at_rest(self) -> Connection {
        let Self { connection, .. } = self;
        connection
    }
}

/// Delivers a message as a good connector does, up to its last byte; the reply to it is unread.
pub(crate) fn deliver(settings: &Settings, message: &Message) -> Result<Line, Failure> {
    let line = Line::open(settings)?;
    line.envelope(&message.envelope().recipients)?;
    line.content(message)?;
    Ok(line)
}
