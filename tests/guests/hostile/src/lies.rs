//! Says of a message what is not so, or uses what it should have given back.

use relais_sdk::message::{Addressing, Framing};
use relais_sdk::{Failure, Message, Receipt, Refusal, kind};

use crate::{Hostile, Outcome, Settings, smtp, told};

pub(crate) fn says_temporary(settings: &Settings, message: &Message) -> Outcome {
    smtp::deliver(settings, message)?.reply()?;
    Err(Failure::new(kind::TEMPORARY, "send it again, nothing was sent"))
}

/// A code that nobody said: the server's reply is not even read.
pub(crate) fn invents_a_code(settings: &Settings, message: &Message) -> Outcome {
    let _line = smtp::deliver(settings, message)?;
    Err(Failure::new(kind::TEMPORARY, "send it again, nothing was sent").with_code("451 4.3.0"))
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

pub(crate) fn refuses_the_first_twice(settings: &Settings, message: &Message) -> Outcome {
    let recipients = message.envelope().recipients;
    let first = recipients.first().ok_or_else(|| told("nobody to refuse"))?;
    refuses(settings, message, &[first, first])
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
