//! The host's network as a [`Wire`].

use relais_sdk::credentials;
use relais_sdk::network::Connection;
use relais_sdk::streams::{InputStream, OutputStream};

use crate::wire::{Dial, LoginReply, NetworkError, Security, StreamError, Wire};

/// The most bytes of one read: a flight's replies arrive in one or two of them.
const READ_BYTES: u32 = 16 * 1024;

/// Dials through the host.
#[derive(Debug)]
pub struct Network;

impl Dial for Network {
    type Wire = Line;

    fn dial(&mut self, host: &str, port: u16, security: Security) -> Result<Line, NetworkError> {
        Ok(Line {
            streams: None,
            connection: Connection::connect(host, port, security)?,
        })
    }

    fn account(&self, credential: &str) -> Vec<(String, String)> {
        // Whether it is there at all, the login tells.
        credentials::describe(credential).unwrap_or_default()
    }
}

/// A connection of the host, with its streams taken once and kept: taking them for every command would double the calls.
#[derive(Debug)]
pub struct Line {
    streams: Option<(InputStream, OutputStream)>,
    connection: Connection,
}

impl Line {
    fn streams(&mut self) -> Result<&(InputStream, OutputStream), StreamError> {
        let streams = match self.streams.take() {
            Some(streams) => streams,
            None => (
                self.connection.input().map_err(no_stream)?,
                self.connection.output().map_err(no_stream)?,
            ),
        };
        Ok(self.streams.insert(streams))
    }
}

fn no_stream(error: NetworkError) -> StreamError {
    match error {
        NetworkError::Closed => StreamError::Closed,
        NetworkError::Timeout => StreamError::Timeout,
        NetworkError::Refused(text) | NetworkError::Limit(text) => StreamError::Refused(text),
        other => StreamError::Failed(other.to_string()),
    }
}

impl Wire for Line {
    type Body = InputStream;

    fn read(&mut self) -> Result<Option<Vec<u8>>, StreamError> {
        self.streams()?.0.read(READ_BYTES)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        self.streams()?.1.write(bytes)
    }

    fn splice(&mut self, body: InputStream) -> Result<u64, StreamError> {
        self.streams()?.1.splice(&body)
    }

    fn start_tls(&mut self) -> Result<(), NetworkError> {
        self.streams = None;
        self.connection.start_tls()
    }

    fn authenticate(&mut self, credential: &str) -> Result<LoginReply, NetworkError> {
        self.streams = None;
        self.connection.authenticate(credential)
    }

    fn set_silence_limit(&mut self, seconds: u32) {
        self.connection.set_silence_limit(seconds);
    }

    fn describe(&self) -> Vec<(String, String)> {
        self.connection.describe()
    }
}
