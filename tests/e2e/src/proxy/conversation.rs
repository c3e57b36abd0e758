//! Enough of SMTP to know which reply answers a message, however much of a conversation comes in one block. It takes a
//! conversation in clear in which the server agrees to every DATA.

use relais_smtpd::{Command, Extensions, Incoming};

/// The client's side.
#[derive(Debug)]
pub(super) struct Conversation {
    /// Replies that the server owes for all that was said, its greeting among them.
    owed: u64,
    line: Vec<u8>,
    /// What comes now is content, and whether a message ends with it.
    content: Option<(Incoming, bool)>,
    /// Content that could not be judged without what follows.
    rest: Vec<u8>,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            owed: 1,
            line: Vec::new(),
            content: None,
            rest: Vec::new(),
        }
    }
}

impl Conversation {
    /// The client said more. Which reply answers the last message that is whole by now, counted from 1.
    pub(super) fn said(&mut self, octets: &[u8]) -> Option<u64> {
        let mut verdict = None;
        let joined = [std::mem::take(&mut self.rest), octets.to_vec()].concat();
        let mut left = joined.as_slice();
        loop {
            if let Some((incoming, last)) = &mut self.content {
                let step = incoming.step(left, |_| {});
                left = left.get(step.consumed..).unwrap_or_default();
                if !step.done {
                    self.rest = left.to_vec();
                    break;
                }
                self.owed += 1;
                if *last {
                    verdict = Some(self.owed);
                }
                self.content = None;
                continue;
            }
            if left.is_empty() {
                break;
            }
            let mut parts = left.splitn(2, |octet| *octet == b'\n');
            self.line.extend_from_slice(parts.next().unwrap_or_default());
            let Some(after) = parts.next() else {
                break;
            };
            left = after;
            let line = std::mem::take(&mut self.line);
            let (content, answered) = content_after(&line);
            self.content = content;
            self.owed += u64::from(answered);
        }
        verdict
    }
}

/// The content that a line announces, and whether the line is answered by itself: a chunk is answered once, behind its
/// octets, DATA twice.
fn content_after(line: &[u8]) -> (Option<(Incoming, bool)>, bool) {
    const ALL: Extensions = Extensions {
        smtputf8: true,
        chunking: true,
    };
    let line = std::str::from_utf8(line).unwrap_or_default();
    match relais_smtpd::parse(line.trim_end_matches('\r'), ALL) {
        Ok(Command::Data) => (Some((Incoming::dotted(), true)), true),
        Ok(Command::Bdat { size, last }) => (Some((Incoming::counted(size), last)), false),
        _ => (None, true),
    }
}

/// The server's side.
#[derive(Debug, Default)]
pub(super) struct Replies {
    whole: u64,
    /// The current line so far, up to the octet that says whether more lines follow.
    start: Vec<u8>,
}

impl Replies {
    /// The server said more. How many of these octets come before reply number `wanted`, if it begins among them.
    pub(super) fn heard(&mut self, octets: &[u8], wanted: u64) -> Option<usize> {
        let mut found = None;
        for (place, octet) in octets.iter().enumerate() {
            if self.start.is_empty() && self.whole + 1 == wanted && found.is_none() {
                found = Some(place);
            }
            if *octet == b'\n' {
                self.whole += u64::from(self.start.get(3) != Some(&b'-'));
                self.start.clear();
            } else if self.start.len() < 4 {
                self.start.push(*octet);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_to_a_message_is_known_wherever_the_blocks_are_cut() {
        let said = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nDATA\r\n..\r\n.\r\nQUIT\r\n";
        let heard = b"220 a\r\n250-a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n250 f\r\n221 g\r\n";
        let before = heard.len() - b"250 f\r\n221 g\r\n".len();
        for size in 1..said.len() {
            let mut conversation = Conversation::default();
            let verdicts: Vec<_> = said.chunks(size).filter_map(|block| conversation.said(block)).collect();
            assert_eq!(verdicts, [6], "by {size}");
            let mut replies = Replies::default();
            let found = heard
                .chunks(size)
                .enumerate()
                .find_map(|(nth, block)| Some(nth * size + replies.heard(block, 6)?));
            assert_eq!(found, Some(before), "by {size}");
        }
    }

    #[test]
    fn only_the_last_chunk_ends_a_message() {
        let mut conversation = Conversation::default();
        let said = b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT 2\r\n\r\nBDAT 0 LAST\r\n";
        assert_eq!(conversation.said(said), Some(5));
    }
}
