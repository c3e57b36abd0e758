//! One message over one ready connection.
//!
//! The threat: a message sent twice, or lost and called sent. Until the first byte of the message is on its way everything may be
//! tried again on another connection. From then on nothing is, and only the server's own answer to the message tells how
//! it went: no answer is `unknown-outcome`.

use relais_sdk::{Failure, Receipt, Refusal, kind};

use crate::connect::Ready;
use crate::conversation::{Broken, Conversation};
use crate::ehlo::Offered;
use crate::envelope::{ANSWERING, Announced, Answers, Unsettled, settle};
use crate::failures::{broken, refused};
use crate::letter::{Envelope, Letter, all_refused, details};
use crate::reply::Reply;
use crate::wire::{Framing, StreamError, Wire};

/// What can follow on a connection after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The connection is ready for the next message.
    Reuse,
    /// It is, after RSET.
    Reset,
    /// It is of no more use.
    Drop,
    /// It is of no more use, and nothing of the message was sent: another connection may be tried at once.
    Again,
    /// The same, where it was kept from an earlier mail: not a word was answered, so that it has most likely died since. A new
    /// one that does not answer has been waited for long enough.
    AgainIfKept,
}

/// A message that was not sent.
#[derive(Debug)]
pub struct Undelivered {
    pub failure: Failure,
    pub after: After,
}

impl Undelivered {
    fn new(failure: Failure, after: After) -> Self {
        Self { failure, after }
    }

    /// Broken before any of the message was sent.
    fn before_data(fault: &Broken, doing: &str) -> Self {
        let after = if fault.is_worth_another() {
            After::Again
        } else {
            After::Drop
        };
        Self::new(broken(fault, doing), after)
    }
}

/// Sends one message.
///
/// # Errors
///
/// Nobody received it, or nobody knows.
pub fn deliver<W: Wire>(
    ready: &mut Ready<W>,
    envelope: &Envelope<'_>,
    letter: &Letter<'_, W::Body>,
) -> Result<Receipt, Undelivered> {
    let Ready { talk, offered, .. } = ready;
    if let Some(limit) = offered.size_limit.filter(|limit| letter.size > *limit) {
        let text = format!(
            "the message has {} bytes, and the server accepts {limit} at most",
            letter.size
        );
        return Err(Undelivered::new(Failure::new(kind::TOO_LARGE, text), After::Reuse));
    }
    if letter.eight_bit && !offered.eight_bit {
        let text = "the message holds octets over 127, and the server does not offer 8BITMIME";
        return Err(Undelivered::new(Failure::new(kind::REJECTED, text), After::Reuse));
    }
    let utf8 = letter.utf8_header || envelope.is_utf8();
    let ascii;
    let envelope = if utf8 && !offered.utf8 {
        let narrowed = envelope.clone().in_ascii(letter.utf8_header);
        ascii = narrowed.map_err(|failure| Undelivered::new(failure, After::Reuse))?;
        &ascii
    } else {
        envelope
    };
    let announced = Announced {
        size: letter.size,
        eight_bit: letter.eight_bit,
        utf8: utf8 && offered.utf8,
    };
    let mut answers = settle(talk, offered, envelope, announced).map_err(unsettled)?;
    answers.refused.extend_from_slice(&envelope.refused);
    if let Some(undelivered) = nobody(talk, &answers) {
        return Err(undelivered);
    }
    if !talk.is_quiet() {
        let fault = Broken::Violation("the server said more than it was asked".to_owned());
        return Err(Undelivered::before_data(&fault, "before the message"));
    }
    let reply = if offered.chunking {
        hand_over_chunk(talk, letter)?
    } else {
        hand_over(talk, (letter.body)(Framing::DotStuffed))?
    };
    if reply.is_positive() {
        return Ok(receipt(&reply, answers.refused, offered));
    }
    let after = match (reply.is_closing(), offered.chunking) {
        (true, _) => After::Drop,
        (false, false) => After::Reuse,
        // Whether a refused chunk ended the transaction, RFC 3030 section 2 does not say of every refusal.
        (false, true) => After::Reset,
    };
    let mut failure = refused(&reply, "the message");
    failure.details = details(&answers.refused);
    Err(Undelivered::new(failure, after))
}

fn unsettled(fault: Unsettled) -> Undelivered {
    match fault {
        Unsettled::Broken(fault, doing) => Undelivered::before_data(&fault, doing),
        Unsettled::Unanswered => Undelivered::new(broken(&Broken::Silent, ANSWERING), After::AgainIfKept),
        Unsettled::Closing(reply, command) => Undelivered::new(refused(&reply, command), After::Again),
    }
}

/// Whether the envelope ends the transaction: sender, all recipients or DATA refused.
fn nobody<W: Wire>(talk: &mut Conversation<W>, answers: &Answers) -> Option<Undelivered> {
    let failure = match (&answers.mail, &answers.data) {
        (Some(mail), _) => refused(mail, "MAIL FROM"),
        (None, _) if answers.accepted == 0 => all_refused(&answers.refused),
        (None, Some(data)) if !answers.is_waiting() => {
            let mut failure = refused(data, "DATA");
            failure.details = details(&answers.refused);
            failure
        }
        _ => return None,
    };
    let after = match (answers.is_waiting(), answers.accepted) {
        (false, _) => After::Reset,
        (true, 0) => finish_empty(talk),
        // The server waits for a message that has no sender but somebody to receive it: any end would send it.
        (true, _) => After::Drop,
    };
    Some(Undelivered::new(failure, after))
}

/// 354 although nobody is left to write to: the lone dot ends it, and the server refuses (RFC 2920 section 3.1).
fn finish_empty<W: Wire>(talk: &mut Conversation<W>) -> After {
    match talk.ask(&["."]) {
        Ok(reply) if !reply.is_closing() => After::Reuse,
        _ => After::Drop,
    }
}

/// Sends the message as the one and last chunk (RFC 3030 section 2): of known size, so without dots to stuff or an end to look
/// for, and without the wait for a 354.
fn hand_over_chunk<W: Wire>(talk: &mut Conversation<W>, letter: &Letter<'_, W::Body>) -> Result<Reply, Undelivered> {
    talk.add(&["BDAT ", &letter.size.to_string(), " LAST"]);
    talk.depart()
        .map_err(|fault| Undelivered::before_data(&fault, "before the message"))?;
    hand_over(talk, (letter.body)(Framing::Raw))
}

/// Sends the message and waits for the one answer that counts: 2yz, 4yz or 5yz.
fn hand_over<W: Wire>(talk: &mut Conversation<W>, body: W::Body) -> Result<Reply, Undelivered> {
    if let Err(error) = talk.wire().splice(body) {
        return Err(cut_short(talk, error));
    }
    match talk.reply() {
        Ok(reply) if reply.is_positive() || reply.is_negative() => Ok(reply),
        Ok(reply) => Err(unknown(&format!("the server answered {}", reply.full_code()))),
        Err(fault) => Err(unknown(&fault.to_string())),
    }
}

fn unknown(why: &str) -> Undelivered {
    let text = format!("{why} after the message was handed over: it may have been accepted");
    Undelivered::new(Failure::new(kind::UNKNOWN_OUTCOME, text), After::Drop)
}

/// The message did not leave whole as far as this side can tell; where it did after all, the host knows, and makes an
/// unknown outcome of a failure without a code. A server that closes early has often said why: those words count.
fn cut_short<W: Wire>(talk: &mut Conversation<W>, error: StreamError) -> Undelivered {
    if matches!(error, StreamError::Closed)
        && let Ok(reply) = talk.reply()
        && reply.is_negative()
    {
        return Undelivered::new(refused(&reply, "the message"), After::Drop);
    }
    Undelivered::new(
        broken(&Broken::from(error), "while the message was being sent"),
        After::Drop,
    )
}

fn receipt(reply: &Reply, refused: Vec<Refusal>, offered: &Offered) -> Receipt {
    let text = reply.words();
    Receipt {
        id: queue_id(&text),
        refused,
        details: vec![
            ("reply".to_owned(), reply.full_code()),
            ("pipelined".to_owned(), offered.pipelining.to_string()),
            ("chunked".to_owned(), offered.chunking.to_string()),
        ],
        text,
    }
}

/// The queue's id where the server is known to say it: Postfix `queued as X`, Exim `OK id=X`.
fn queue_id(words: &str) -> Option<String> {
    let (_, after) = words.split_once("queued as ").or_else(|| words.split_once("OK id="))?;
    let id = after.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    (!id.is_empty() && id.len() <= 64).then(|| id.to_owned())
}
