//! One message as the conversation sees it, and what SMTP can carry of its envelope.

use relais_sdk::{Failure, Refusal, kind};

use crate::wire::Framing;

/// The longest address. RFC 5321 section 4.5.3.1.3 allows a path of 256 octets, with its angle brackets.
const ADDRESS_BYTES: usize = 254;

/// One message.
pub struct Letter<'a, B> {
    /// None for the null reverse-path.
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    /// Bytes, not counting stuffed dots.
    pub size: u64,
    /// Whether the body holds octets over 127.
    pub eight_bit: bool,
    /// Whether its header has an address that is not ASCII (RFC 6532).
    pub utf8_header: bool,
    /// Opens the body from its start, framed for DATA or for BDAT; called once for each time that a server asked for it.
    pub body: &'a dyn Fn(Framing) -> B,
}

/// What a message whose addresses are not ASCII is told where the server cannot take them. RFC 6531 section 3.5 gives such a
/// server the words: `553 5.6.7`.
const NO_UTF8: &str = "holds letters that are not ASCII, and the server does not offer SMTPUTF8 (5.6.7)";

/// Addresses that can stand in a command.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// Empty for the null reverse-path.
    pub sender: &'a str,
    pub recipients: Vec<&'a str>,
    /// Recipients that no command can carry.
    pub refused: Vec<Refusal>,
}

impl<'a> Envelope<'a> {
    /// Looks at every address, before anything is said to a server.
    ///
    /// # Errors
    ///
    /// `rejected`: the sender, or each of the recipients, cannot be written in a command.
    pub fn of<B>(letter: &'a Letter<'_, B>) -> Result<Self, Failure> {
        let sender = letter.sender.as_deref().unwrap_or_default();
        if !sender.is_empty()
            && let Err(reason) = check(sender)
        {
            return Err(Failure::new(
                kind::REJECTED,
                format!("the sender `{}` {reason}", sender.escape_debug()),
            ));
        }
        let mut envelope = Self {
            sender,
            recipients: Vec::with_capacity(letter.recipients.len()),
            refused: Vec::new(),
        };
        for recipient in &letter.recipients {
            match check(recipient) {
                Ok(()) => envelope.recipients.push(recipient),
                Err(reason) => envelope.refused.push(unwritable(recipient, reason)),
            }
        }
        if envelope.recipients.is_empty() {
            return Err(all_refused(&envelope.refused));
        }
        Ok(envelope)
    }
}

impl Envelope<'_> {
    /// Whether it needs SMTPUTF8.
    pub fn is_utf8(&self) -> bool {
        !self.sender.is_ascii() || self.recipients.iter().any(|recipient| !recipient.is_ascii())
    }

    /// The envelope for a server without SMTPUTF8: recipients that are not ASCII are refused, the others may receive.
    ///
    /// # Errors
    ///
    /// `rejected`: the sender or an address of the header is not ASCII, or no recipient is.
    pub fn in_ascii(mut self, utf8_header: bool) -> Result<Self, Failure> {
        if !self.sender.is_ascii() {
            let text = format!("the sender `{}` {NO_UTF8}", self.sender.escape_debug());
            return Err(Failure::new(kind::REJECTED, text));
        }
        if utf8_header {
            let text = format!("an address in the header {NO_UTF8}");
            return Err(Failure::new(kind::REJECTED, text));
        }
        let (ascii, utf8): (Vec<&str>, Vec<&str>) = self.recipients.iter().partition(|recipient| recipient.is_ascii());
        self.recipients = ascii;
        self.refused
            .extend(utf8.into_iter().map(|recipient| unwritable(recipient, NO_UTF8)));
        if self.recipients.is_empty() {
            return Err(all_refused(&self.refused));
        }
        Ok(self)
    }
}

/// A recipient that this side refuses, so without a code.
fn unwritable(recipient: &str, reason: &str) -> Refusal {
    Refusal {
        recipient: recipient.to_owned(),
        code: None,
        text: format!("the recipient `{}` {reason}", recipient.escape_debug()),
    }
}

/// The failure of a message that nobody received: `temporary` when at least one recipient may be tried again. The details
/// hold a pair for each, the recipient and what was said of it.
pub fn all_refused(refused: &[Refusal]) -> Failure {
    let is_temporary = |refusal: &&Refusal| refusal.code.as_deref().is_some_and(|code| code.starts_with('4'));
    let Some(decisive) = refused.iter().find(is_temporary).or(refused.first()) else {
        return Failure::new(kind::REJECTED, "the message has no recipient");
    };
    let kind = if is_temporary(&decisive) {
        kind::TEMPORARY
    } else {
        kind::REJECTED
    };
    let text = match refused.len() {
        1 => decisive.text.clone(),
        count => format!("all {count} recipients were refused; of one: {}", decisive.text),
    };
    let mut failure = Failure::new(kind, text);
    failure.code.clone_from(&decisive.code);
    failure.details = details(refused);
    failure
}

/// A pair for each refused recipient.
pub fn details(refused: &[Refusal]) -> Vec<(String, String)> {
    let said = |refusal: &Refusal| match &refusal.code {
        Some(code) => format!("{code} {}", refusal.text),
        None => refusal.text.clone(),
    };
    refused
        .iter()
        .map(|refusal| (refusal.recipient.clone(), said(refusal)))
        .collect()
}

/// Whether an address can be written between angle brackets: anything that could end the brackets, the argument or the
/// line would be another command (RFC 5321 section 4.1.2). The host checked already; this is the last gate.
fn check(address: &str) -> Result<(), &'static str> {
    if address.is_empty() {
        return Err("is empty");
    }
    if address.len() > ADDRESS_BYTES {
        return Err("is longer than 254 bytes");
    }
    // White space and control characters of Unicode too: a server may take them for those of ASCII.
    if address
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
    {
        return Err("holds a space, a control character or an angle bracket");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::{Envelope, Letter};

    fn letter(sender: &str, recipients: &[&str]) -> Letter<'static, ()> {
        Letter {
            sender: Some(sender.to_owned()),
            recipients: recipients.iter().map(|&recipient| recipient.to_owned()).collect(),
            size: 0,
            eight_bit: false,
            utf8_header: false,
            body: &|_| (),
        }
    }

    #[test]
    fn an_address_that_would_be_another_command_is_refused_by_name() {
        for evil in [
            "a@b>\r\nRCPT TO:<c@d",
            "a b@c",
            "a@b> SIZE=1",
            "a@b\0",
            "",
            "a\u{85}@b",
            "a\u{a0}@b",
            "a\u{2028}@b",
        ] {
            let failure = Envelope::of(&letter("x@y", &[evil])).unwrap_err();
            assert_eq!(failure.kind, "rejected", "{evil:?}");
            assert!(
                failure.text.contains(&*format!("`{}`", evil.escape_debug())),
                "{}",
                failure.text
            );
            if !evil.is_empty() {
                let failure = Envelope::of(&letter(evil, &["x@y"])).unwrap_err();
                assert!(failure.text.starts_with("the sender"), "{}", failure.text);
            }
        }
    }

    #[test]
    fn an_address_of_254_bytes_passes_and_one_of_255_does_not() {
        let long = |bytes: usize| format!("{}@b", "a".repeat(bytes - 2));
        assert!(Envelope::of(&letter("x@y", &[&long(254)])).is_ok());
        assert!(Envelope::of(&letter("x@y", &[&long(255)])).is_err());
    }

    #[test]
    fn one_bad_address_does_not_stop_the_others() {
        let letter = letter("x@y", &["good@b", "bad one@b"]);
        let envelope = Envelope::of(&letter).unwrap();
        assert_eq!(envelope.recipients, ["good@b"]);
        assert_eq!(envelope.refused[0].recipient, "bad one@b");
    }

    #[test]
    fn without_smtputf8_a_recipient_with_accents_does_not_stop_the_others() {
        let letter = letter("x@y", &["good@b", "élu@b"]);
        let envelope = Envelope::of(&letter).unwrap();
        assert!(envelope.is_utf8());
        let ascii = envelope.clone().in_ascii(false).unwrap();
        assert_eq!((ascii.recipients, ascii.refused.len()), (vec!["good@b"], 1));
        let failure = envelope.in_ascii(true).unwrap_err();
        assert_eq!(failure.kind, "rejected");
        assert!(failure.text.contains("header") && failure.text.contains("SMTPUTF8"));
    }

    #[test]
    fn without_smtputf8_a_sender_with_accents_or_no_other_recipient_is_rejected() {
        for (sender, recipient) in [("élu@b", "good@b"), ("x@y", "élu@b")] {
            let letter = letter(sender, &[recipient]);
            let failure = Envelope::of(&letter).unwrap().in_ascii(false).unwrap_err();
            assert_eq!((&*failure.kind, failure.code), ("rejected", None));
            assert!(failure.text.contains("`élu@b` holds letters"), "{}", failure.text);
        }
    }

    #[test]
    fn a_message_without_recipients_is_rejected() {
        assert_eq!(Envelope::of(&letter("x@y", &[])).unwrap_err().kind, "rejected");
    }

    #[test]
    fn no_sender_is_the_null_reverse_path() {
        let mut letter = letter("", &["a@b"]);
        letter.sender = None;
        assert_eq!(Envelope::of(&letter).unwrap().sender, "");
    }
}
