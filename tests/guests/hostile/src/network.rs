//! Goes where nobody said it may.

use std::net::TcpStream;

use relais_sdk::http::{self, Request};
use relais_sdk::network::{Connection, Security};

use crate::{Outcome, Settings, told};

/// Connects to where it aims, else to where it may, and says a word if it got there.
pub(crate) fn connect(settings: &Settings) -> Outcome {
    let host = settings.aim_host.as_ref().unwrap_or(&settings.host);
    let port = settings.aim_port.unwrap_or(settings.port);
    let connection = Connection::connect(host, port, Security::Plain).map_err(told)?;
    let output = connection.output().map_err(told)?;
    Err(told(output.write(b"hello\r\n")))
}

/// The same through what the language's own library imports.
pub(crate) fn connect_by_wasi(settings: &Settings) -> Outcome {
    let address = (settings.host.as_str(), settings.port);
    Err(told(TcpStream::connect(address).map(|_| "connected")))
}

/// Files that every machine has.
pub(crate) fn read_a_file() -> Outcome {
    let read = ["/etc/passwd", "/proc/self/environ", "."].map(|path| std::fs::read(path).map(|bytes| bytes.len()));
    let environment: Vec<(String, String)> = std::env::vars().collect();
    Err(told((read, environment)))
}

/// Asks its own service, and reports the answer's status.
pub(crate) fn get(settings: &Settings) -> Outcome {
    let request = Request {
        method: "GET".to_owned(),
        url: settings.url.clone().unwrap_or_default(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    Err(told(http::send(&request).map(|response| response.status)))
}
