//! What a catcher does wrong on purpose, so that a client can be shown the servers it will meet.

use std::collections::BTreeMap;
use std::time::Duration;

/// What goes wrong. By default, nothing.
///
/// A reply is a whole SMTP reply, such as `550 5.1.1 no such user`, written as it stands, with CRLF after it. One that
/// starts with `2` lets the transaction go on, any other ends it, and `421` also closes the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Address to the reply to its RCPT. Upper and lower case are the same here.
    pub refuse_recipients: BTreeMap<String, String>,
    /// Takes and keeps the mail, then closes after the final dot without a reply: nobody can know the outcome.
    pub drop_after_data: bool,
    /// Closes without a word once a session has carried this many mails, as a server does with an idle connection.
    pub close_after_messages: Option<usize>,
    /// Answers the next command other than QUIT with 421 once a session has carried this many mails.
    pub reply_421_after_messages: Option<usize>,
    /// Waits this long between the final dot and the reply to it. The mail counts as received before the wait.
    pub delay_final_reply: Option<Duration>,
    /// The reply to the final dot, in place of 250. The mail is kept if it starts with `2`.
    pub reply_after_data: Option<String>,
    /// Octets in clear, sent in one packet with the 220 of STARTTLS: a response injection. Written as it stands, so
    /// that it must bring its own CRLF.
    pub inject_after_starttls: Option<String>,
    /// The greeting, in place of 220.
    pub greeting: Option<String>,
    /// The reply to MAIL, in place of 250.
    pub mail_reply: Option<String>,
    /// Accepts connections and never speaks, whatever the client says, TLS handshakes included.
    pub silent: bool,
}

impl Faults {
    /// The reply that is set for this recipient.
    pub(crate) fn recipient(&self, address: &str) -> Option<&str> {
        self.refuse_recipients
            .iter()
            .find(|(refused, _)| refused.eq_ignore_ascii_case(address))
            .map(|(_, reply)| reply.as_str())
    }

    /// Whether a session that has carried `messages` mails now closes without a word.
    pub(crate) fn leaves_after(&self, messages: usize) -> bool {
        self.close_after_messages.is_some_and(|limit| messages >= limit)
    }

    /// Whether a session that has carried `messages` mails answers with 421.
    pub(crate) fn is_used_up_after(&self, messages: usize) -> bool {
        self.reply_421_after_messages.is_some_and(|limit| messages >= limit)
    }
}

/// Whether a reply lets the transaction go on.
pub(crate) fn accepts(reply: &str) -> bool {
    reply.starts_with('2')
}

/// Whether a reply announces that the connection closes (RFC 5321 section 3.8).
pub(crate) fn closes(reply: &str) -> bool {
    reply.starts_with("421")
}
