//! Says of a message what is not so, or uses what it should have given back.

use relais_sdk::message::{Addressing, Framing};
use relais_sdk::{Failure, Message, Receipt, Refusal, kind};

use crate::smtp::{self, Line};
use crate::{Hostile, Outcome, Settings, told};

pub(crate) fn says_temporary(settings: &Settings, message: &Message) -> Outcome {
    smtp::deliver(settings, message)?.reply()?;
    Err(Failure::new(kind::TEMPORARY, "send it again, nothing was sent"))
}

/// A code that nobody said: the server's reply is not even read.
pub(crate) fn invents_a_code(settings: &Settings, message: &Message) -> Outcome {
    let _line = smtp::deliver(settings, message)?;
    Err(Failure::new(kind::TEMPORARY, "send it again, nothing was sent").with_code("451 4.3.0"))
}

/// The code of the reply that took the mail.
pub(crate) fn takes_success_for_a_refusal(settings: &Settings, message: &Message) -> Outcome {
    let reply = smtp::deliver(settings, message)?.reply()?;
    Err(temporary_by(reply))
}

/// The code that one recipient was refused with, about a mail that the others received. The text is asked for first, so that
/// the host has to take whatever is written for the message, and the refusal for an answer to it.
pub(crate) fn takes_one_recipient_for_all(settings: &Settings, message: &Message) -> Outcome {
    drop(message.text());
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    line.command("MAIL FROM:<hostile@example.org>")?;
    let mut refusal = None;
    for recipient in message.envelope().recipients {
        line.write(format!("RCPT TO:<{recipient}>\r\n"))?;
        let reply = line.reply()?;
        refusal = refusal.or((!reply.starts_with('2')).then_some(reply));
    }
    line.command("DATA")?;
    line.content(message)?;
    line.reply()?;
    Err(temporary_by(refusal.ok_or_else(|| told("nobody was refused"))?))
}

/// A failure with the code that a reply begins with: three digits, and as much of RFC 3463's.
fn temporary_by(reply: String) -> Failure {
    let code = reply.chars().take("250 2.0.0".len()).collect::<String>();
    Failure::new(kind::TEMPORARY, reply).with_code(code)
}

/// Reads every byte of the content and never asks whether that was the end, and ends the mail itself. It is a mail without
/// dots at line starts.
pub(crate) fn sends_what_it_read(settings: &Settings, message: &Message) -> Outcome {
    let line = Line::open(settings)?;
    line.envelope(&message.envelope().recipients)?;
    let content = message.mime(Addressing::Written, Framing::Raw);
    let mut left = message.size();
    while left > 0 {
        let most = u32::try_from(left).unwrap_or(u32::MAX);
        let block = content.read(most).map_err(told)?;
        let block = block.ok_or_else(|| told("the content is shorter than its size"))?;
        line.write(&block)?;
        left = left.saturating_sub(block.len() as u64);
    }
    line.write("\r\n.\r\n")?;
    Err(Failure::new(kind::TEMPORARY, line.reply()?))
}

pub(crate) fn sends_nothing() -> Outcome {
    Ok(receipt("taken".to_owned(), Vec::new()))
}

pub(crate) fn panics_after(settings: &Settings, message: &Message) -> Outcome {
    smtp::deliver(settings, message)?.reply()?;
    panics()
}

#[expect(clippy::panic, reason = "that is the attack")]
pub(crate) fn panics() -> Outcome {
    panic!("the last words of a hostile connector")
}

pub(crate) fn refuses(settings: &Settings, message: &Message, recipients: &[&str]) -> Outcome {
    smtp::deliver(settings, message)?.reply()?;
    let refusal = |recipient: &&str| Refusal {
        recipient: (*recipient).to_owned(),
        code: Some("550 5.1.1".to_owned()),
        text: "no such user".to_owned(),
    };
    Ok(receipt("taken".to_owned(), recipients.iter().map(refusal).collect()))
}

pub(crate) fn refuses_the_first(settings: &Settings, message: &Message) -> Outcome {
    refuses(settings, message, &[&first(message)?])
}

pub(crate) fn refuses_the_first_twice(settings: &Settings, message: &Message) -> Outcome {
    let first = first(message)?;
    refuses(settings, message, &[&first, &first])
}

fn first(message: &Message) -> Result<String, Failure> {
    let recipients = message.envelope().recipients;
    recipients.into_iter().next().ok_or_else(|| told("nobody to refuse"))
}

pub(crate) fn refuses_everyone(settings: &Settings, message: &Message) -> Outcome {
    let recipients = message.envelope().recipients;
    let all: Vec<&str> = recipients.iter().map(String::as_str).collect();
    refuses(settings, message, &all)
}

/// A success that says 10 MB.
pub(crate) fn huge_answer(settings: &Settings, message: &Message) -> Outcome {
    smtp::deliver(settings, message)?.reply()?;
    Ok(receipt("a".repeat(10_000_000), Vec::new()))
}

fn receipt(text: String, refused: Vec<Refusal>) -> Receipt {
    Receipt {
        id: None,
        text,
        refused,
        details: Vec::new(),
    }
}

impl Hostile {
    /// Keeps the first call's message and stream; reads that stream in the second.
    pub(crate) fn keep_and_read(&mut self, message: Message) -> Outcome {
        match &self.kept {
            None => self.keep(message),
            Some((_, stream)) => Err(told(stream.read(1 << 20))),
        }
    }

    /// Keeps the first call's message and stream; asks that message for its subject in the second.
    pub(crate) fn keep_and_ask(&mut self, message: Message) -> Outcome {
        match &self.kept {
            None => self.keep(message),
            Some((kept, _)) => Err(told(kept.subject())),
        }
    }

    fn keep(&mut self, message: Message) -> Outcome {
        let stream = message.mime(Addressing::Written, Framing::Raw);
        self.kept = Some((message, stream));
        Err(told("kept"))
    }
}
