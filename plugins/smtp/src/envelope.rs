//! MAIL, RCPT and, without CHUNKING, DATA, in as few flights as the server allows (RFC 2920), and the answers to each.

use relais_sdk::Refusal;

use crate::conversation::{Broken, Conversation};
use crate::ehlo::Offered;
use crate::failures::refused;
use crate::letter::Envelope;
use crate::reply::Reply;
use crate::wire::Wire;

/// The most commands of one write. The server may answer each before it reads the next: with this many, neither side's
/// buffers fill while both write (RFC 2920 section 3.1). 100 recipients must be accepted anyway (RFC 5321 section
/// 4.5.3.1.8).
pub const FLIGHT_COMMANDS: usize = 100;

/// What was being done when a reply to the envelope did not come.
pub const ANSWERING: &str = "while answering the envelope";

/// What the server said to the envelope.
#[derive(Debug, Default)]
pub struct Answers {
    /// The refusal of MAIL.
    pub mail: Option<Reply>,
    pub accepted: usize,
    pub refused: Vec<Refusal>,
    /// The answer to DATA; none when it was not asked, since there was nobody to write to or BDAT follows.
    pub data: Option<Reply>,
}

/// How the envelope could not be settled.
#[derive(Debug)]
pub enum Unsettled {
    /// The connection broke, or a command got a reply that it cannot have.
    Broken(Broken, &'static str),
    /// Not even the first command was answered in time.
    Unanswered,
    /// 421: the server is closing.
    Closing(Reply, &'static str),
}

/// The commands of one transaction, by position: MAIL, each RCPT, DATA.
enum Command<'a> {
    Mail,
    Rcpt(&'a str),
    Data,
}

impl<'a> Command<'a> {
    fn at(position: usize, envelope: &Envelope<'a>) -> Self {
        match position.checked_sub(1) {
            None => Self::Mail,
            Some(index) => envelope
                .recipients
                .get(index)
                .map_or(Self::Data, |recipient| Self::Rcpt(recipient)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Mail => "MAIL FROM",
            Self::Rcpt(_) => "RCPT TO",
            Self::Data => "DATA",
        }
    }
}

/// What MAIL says of the message.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    /// Bytes, not counting stuffed dots.
    pub size: u64,
    pub eight_bit: bool,
    /// An address of the envelope or the header is not ASCII, and the server takes such.
    pub utf8: bool,
}

/// Says the envelope, and asks for DATA where the server does not take BDAT.
///
/// BDAT never leaves with the envelope, although RFC 3030 section 2 allows it and it would save a round trip. What a server
/// does before it answers MAIL is today no matter of the message: an idle close, a limit of mails for one connection, a
/// restart, and the mail leaves over another connection. With the content on its way, the same close would leave an outcome
/// that nobody knows, and on a kept connection, where the round trip counts, that is how connections end. And a server that
/// refuses all recipients has the last word on the chunk (503), which says less than its word on each of them.
///
/// # Errors
///
/// The connection is of no more use; nothing of the message was sent.
pub fn settle<W: Wire>(
    talk: &mut Conversation<W>,
    offered: &Offered,
    envelope: &Envelope<'_>,
    announced: Announced,
) -> Result<Answers, Unsettled> {
    let mut answers = Answers::default();
    let flight = if offered.pipelining { FLIGHT_COMMANDS } else { 1 };
    let data = envelope.recipients.len() + 1;
    let end = if offered.chunking { data } else { data + 1 };
    let mut next = 0;
    while next < end {
        // Known only where flights are short of the whole; a pipelined DATA has left already.
        if answers.mail.is_some() || (next == data && answers.accepted == 0) {
            break;
        }
        let until = (next + flight).min(end);
        for position in next..until {
            match Command::at(position, envelope) {
                Command::Mail => add_mail(talk, offered, envelope.sender, announced),
                Command::Rcpt(recipient) => talk.add(&["RCPT TO:<", recipient, ">"]),
                Command::Data => talk.add(&["DATA"]),
            }
        }
        talk.depart().map_err(|fault| match fault {
            Broken::Silent if next == 0 => Unsettled::Unanswered,
            fault => Unsettled::Broken(fault, "while sending the envelope"),
        })?;
        for position in next..until {
            let command = Command::at(position, envelope);
            let reply = talk.reply().map_err(|fault| match fault {
                Broken::Silent if position == 0 => Unsettled::Unanswered,
                fault => Unsettled::Broken(fault, ANSWERING),
            })?;
            answers.note(&command, reply)?;
        }
        next = until;
    }
    Ok(answers)
}

fn add_mail<W: Wire>(talk: &mut Conversation<W>, offered: &Offered, sender: &str, announced: Announced) {
    let size = if offered.size {
        format!(" SIZE={}", announced.size)
    } else {
        String::new()
    };
    let body = if announced.eight_bit { " BODY=8BITMIME" } else { "" };
    let utf8 = if announced.utf8 { " SMTPUTF8" } else { "" };
    talk.add(&["MAIL FROM:<", sender, ">", &size, body, utf8]);
}

impl Answers {
    fn note(&mut self, command: &Command<'_>, reply: Reply) -> Result<(), Unsettled> {
        if reply.is_closing() {
            return Err(Unsettled::Closing(reply, command.name()));
        }
        match command {
            Command::Mail if reply.is_positive() => {}
            Command::Mail if reply.is_negative() => self.mail = Some(reply),
            Command::Rcpt(_) if reply.is_positive() => self.accepted += 1,
            Command::Rcpt(recipient) if reply.is_negative() => {
                let failure = refused(&reply, command.name());
                self.refused.push(Refusal {
                    recipient: (*recipient).to_owned(),
                    code: failure.code,
                    text: failure.text,
                });
            }
            Command::Data if reply.code() == 354 || reply.is_negative() => self.data = Some(reply),
            _ => {
                let text = format!("the server answered {} with {}", command.name(), reply.full_code());
                return Err(Unsettled::Broken(Broken::Violation(text), "which is no answer to it"));
            }
        }
        Ok(())
    }

    /// Whether the server now waits for the message.
    pub fn is_waiting(&self) -> bool {
        self.data.as_ref().is_some_and(|reply| reply.code() == 354)
    }
}
