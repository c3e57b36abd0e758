//! A guest that tries destinations nobody granted, to show what the sandbox answers. It sends no mail.
//!
//! Its manifest asks for one host and port. It tries the next port of that host, and the same port of another host, and
//! reports each answer word for word. Nothing here is a trick: hostile connectors are tested elsewhere.

use relais_sdk::network::{Connection, NetworkError, Security};
use relais_sdk::{Failure, Findings, MailConnector, Message, Receipt, kind};
use serde::Deserialize;

/// A host that exists (RFC 2606 section 3) and that no instance of this connector asks for.
const ANOTHER_HOST: &str = "example.com";

/// The granted destination.
#[derive(Debug, Deserialize)]
struct Granted {
    host: String,
    port: u16,
}

/// The connector.
#[derive(Debug)]
pub struct Probe(Granted);

impl MailConnector for Probe {
    fn open() -> Result<Self, Failure> {
        relais_sdk::parameters().map(Self)
    }

    /// One pair for each attempt: where to, and what the host answered.
    fn verify(&mut self) -> Result<Findings, Failure> {
        Ok(self.0.others().map(|(host, port)| attempt(&host, port)).into())
    }

    /// Always fails, since no mail is sent; the attempts are its details.
    fn send(&mut self, _message: Message) -> Result<Receipt, Failure> {
        let mut failure = Failure::new(kind::REJECTED, "the probe sends no mail: its attempts are the details");
        failure.details = self.verify()?;
        Err(failure)
    }
}

impl Granted {
    /// Two places that are not the granted one.
    fn others(&self) -> [(String, u16); 2] {
        let another_port = self.port.checked_add(1).unwrap_or(1);
        [(self.host.clone(), another_port), (ANOTHER_HOST.to_owned(), self.port)]
    }
}

fn attempt(host: &str, port: u16) -> (String, String) {
    let answer = match Connection::connect(host, port, Security::Plain) {
        Ok(_) => "connected".to_owned(),
        Err(error) => words(error),
    };
    (format!("tcp://{host}:{port}"), answer)
}

/// The contract's word for the error, and the host's text.
fn words(error: NetworkError) -> String {
    match error {
        NetworkError::Refused(text) => format!("refused: {text}"),
        NetworkError::Unresolved(text) => format!("unresolved: {text}"),
        NetworkError::Unreachable(text) => format!("unreachable: {text}"),
        NetworkError::Timeout => "timeout".to_owned(),
        NetworkError::Tls(text) => format!("tls: {text}"),
        NetworkError::NotTls => "not-tls".to_owned(),
        NetworkError::Limit(text) => format!("limit: {text}"),
        NetworkError::InUse => "in-use".to_owned(),
        NetworkError::Credential(text) => format!("credential: {text}"),
        NetworkError::Closed => "closed".to_owned(),
        NetworkError::Failed(text) => format!("failed: {text}"),
    }
}

relais_sdk::export_mail_connector!(Probe);

#[cfg(test)]
mod tests {
    use super::Granted;

    #[test]
    fn no_attempt_is_the_granted_destination() {
        for port in [1, 587, u16::MAX] {
            for host in ["mx.example.org", "127.0.0.1"] {
                let granted = Granted {
                    host: host.to_owned(),
                    port,
                };
                for other in granted.others() {
                    assert_ne!(other, (host.to_owned(), port));
                    assert_ne!(other.1, 0);
                }
            }
        }
    }
}
