//! A reply that says no.

use std::fmt;

/// Octets of a reply's text. With code, status and CRLF it stays within the 512 of RFC 5321 section 4.5.3.1.5.
const TEXT: usize = 480;

/// A reply that says no: code, enhanced status (RFC 3463) and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: u16,
    status: &'static str,
    text: String,
}

impl Refusal {
    /// A refusal: `code` of 4xx for now or 5xx for good, a status such as `5.6.0`. The text is written in one line of
    /// printable ASCII, whatever it holds: a client has not said that it reads anything else.
    pub fn new(code: u16, status: &'static str, text: impl fmt::Display) -> Self {
        Self {
            code,
            status,
            text: one_line(&text.to_string()),
        }
    }

    /// The reply code.
    pub fn code(&self) -> u16 {
        self.code
    }
}

/// The whole reply, without CRLF.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.status, self.text)
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(TEXT));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            match character {
                '\u{2018}' | '\u{2019}' => line.push('\''),
                '\u{201c}' | '\u{201d}' | '«' | '»' => line.push('"'),
                '…' => line.push_str("..."),
                '–' | '—' => line.push('-'),
                _ if character.is_ascii() => line.push(character),
                _ => line.push('?'),
            }
        }
    }
    if line.len() > TEXT {
        line.truncate(TEXT - 3);
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_of_ascii_whatever_its_text_holds() {
        let refusal = Refusal::new(554, "5.6.0", "line 3:\r\n250 Ok\tl’en-tête «\u{7}Subject» …");
        assert_eq!(
            refusal.to_string(),
            "554 5.6.0 line 3: 250 Ok l'en-t?te \" Subject\" ..."
        );
    }

    #[test]
    fn a_refusal_stays_within_the_length_of_a_reply_line() {
        let reply = Refusal::new(451, "4.3.0", "x".repeat(5000)).to_string();
        assert!(reply.len() <= 510 && reply.ends_with("..."), "{}", reply.len());
    }
}
