//! What a server offers, from its reply to EHLO (RFC 5321 section 4.1.1.1).

use crate::reply::Reply;

/// What this server offers on this connection. It is forgotten at STARTTLS (RFC 3207 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offered {
    /// The name that the server greets with.
    pub name: String,
    /// Every extension with its parameters, as the server wrote it.
    pub extensions: Vec<String>,
    /// RFC 2920: commands may be sent before the replies to earlier ones.
    pub pipelining: bool,
    /// RFC 6152: octets over 127 in the message.
    pub eight_bit: bool,
    /// RFC 3030: the message may be handed over as a chunk of known size.
    pub chunking: bool,
    /// RFC 6531: addresses may hold letters that are not ASCII.
    pub utf8: bool,
    /// RFC 3207.
    pub starttls: bool,
    /// RFC 1870: the SIZE parameter of MAIL is understood.
    pub size: bool,
    /// RFC 1870: the largest message in bytes, when there is a fixed limit.
    pub size_limit: Option<u64>,
    /// The login mechanisms (RFC 4954), in capitals.
    pub mechanisms: Vec<String>,
}

impl Offered {
    /// Reads a positive reply to EHLO.
    pub fn by_ehlo(reply: &Reply) -> Self {
        let mut offered = Self::by_helo(reply);
        for line in reply.lines().skip(1) {
            offered.add(line.trim());
        }
        offered
    }

    /// Reads a positive reply to HELO: there are no extensions.
    pub fn by_helo(reply: &Reply) -> Self {
        let name = reply.lines().next().and_then(|line| line.split_whitespace().next());
        Self {
            name: name.unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, line: &str) {
        // Old Exchange and its imitators write `AUTH=LOGIN`.
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next() else { return };
        self.extensions.push(line.to_owned());
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit = true,
            "CHUNKING" => self.chunking = true,
            "SMTPUTF8" => self.utf8 = true,
            "STARTTLS" => self.starttls = true,
            "SIZE" => {
                self.size = true;
                // Zero is "no fixed limit" (RFC 1870 section 4).
                self.size_limit = words
                    .next()
                    .and_then(|number| number.parse().ok())
                    .filter(|limit| *limit > 0);
            }
            "AUTH" => {
                for word in words.map(str::to_ascii_uppercase) {
                    if !self.mechanisms.contains(&word) {
                        self.mechanisms.push(word);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::Offered;
    use crate::reply::Replies;

    fn offered(text: &str) -> Offered {
        let mut replies = Replies::default();
        replies.push(text.as_bytes());
        Offered::by_ehlo(&replies.next_reply().unwrap().unwrap())
    }

    #[test]
    fn extensions_are_read_whatever_their_case() {
        let offered = offered(
            "250-mx.example.org greets you\r\n250-pipelining\r\n250-SIZE 1000\r\n250-8BitMime\r\n250-Chunking\r\n\
             250-smtputf8\r\n250 STARTTLS\r\n",
        );
        assert_eq!(offered.name, "mx.example.org");
        assert!(offered.pipelining && offered.eight_bit && offered.starttls && offered.size);
        assert!(offered.chunking && offered.utf8);
        assert_eq!(offered.size_limit, Some(1000));
        assert_eq!(offered.extensions.len(), 6);
        assert_eq!(offered.extensions[..3], ["pipelining", "SIZE 1000", "8BitMime"]);
    }

    #[test]
    fn a_size_of_zero_or_nonsense_is_no_limit() {
        for line in ["SIZE", "SIZE 0", "SIZE many", "SIZE 99999999999999999999999"] {
            let offered = offered(&format!("250-a\r\n250 {line}\r\n"));
            assert!(offered.size, "{line}");
            assert_eq!(offered.size_limit, None, "{line}");
        }
    }

    #[test]
    fn mechanisms_are_read_from_both_spellings_once() {
        let offered = offered("250-a\r\n250-AUTH PLAIN login\r\n250 AUTH=LOGIN XOAUTH2\r\n");
        assert_eq!(offered.mechanisms, ["PLAIN", "LOGIN", "XOAUTH2"]);
    }

    #[test]
    fn the_greeting_line_is_no_extension() {
        let offered = offered("250 PIPELINING\r\n");
        assert_eq!(offered.name, "PIPELINING");
        assert!(!offered.pipelining);
    }
}
