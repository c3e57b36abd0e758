//! One message as the conversation sees it, and what SMTP can carry of its envelope.

use relais_sdk::{Failure, Refusal, kind};

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
    /// Opens the body from its start; called once for each time that a server asked for it.
    pub body: &'a dyn Fn() -> B,
}

/// Addresses that can stand in a command.
#[derive(Debug)]
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
                Err(reason) => envelope.refused.push(Refusal {
                    recipient: recipient.clone(),
                    code: None,
                    text: format!("the recipient `{}` {reason}", recipient.escape_debug()),
                }),
            }
        }
        if envelope.recipients.is_empty() {
            return Err(all_refused(&envelope.refused));
        }
        Ok(envelope)
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
    if !address.is_ascii() {
        return Err("holds characters that are not ASCII; addresses with accents (SMTPUTF8) are not supported yet");
    }
    if address
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'<' | b'>'))
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
            body: &|| (),
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
            "é@b",
            "a\u{85}@b",
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
