//! Whether a login may still be run on a connection: only while the guest has written nothing but the greeting commands of
//! the protocol, and every reply to them is read.
//!
//! The threat: a guest that prepares the dialogue so that the host's login lands somewhere else, such as in a message's data
//! or after a command whose answer it holds back.

use crate::Rule;

/// Commands that change nothing about where a login goes (RFC 5321 section 4.1.1, RFC 3207, RFC 2033).
const GREETINGS: [&[u8]; 7] = [b"EHLO", b"HELO", b"LHLO", b"NOOP", b"RSET", b"STARTTLS", b"QUIT"];
/// RFC 5321 section 4.5.3.1.4, doubled for extensions.
const LINE_BYTES: usize = 1024;

/// Follows both directions of an SMTP connection up to the first command that is no greeting.
#[derive(Debug)]
pub(crate) struct Greeting {
    clean: bool,
    /// Replies that were asked for and not yet read.
    awaited: u32,
    command: Vec<u8>,
    reply: Vec<u8>,
}

impl Greeting {
    /// A new connection, whose server speaks first.
    pub(crate) fn expected() -> Self {
        Self {
            clean: true,
            awaited: 1,
            command: Vec::new(),
            reply: Vec::new(),
        }
    }

    /// A connection just upgraded: both sides start anew, and the client speaks first (RFC 3207 section 4.2).
    pub(crate) fn renewed() -> Self {
        Self {
            awaited: 0,
            ..Self::expected()
        }
    }

    /// What the guest writes.
    pub(crate) fn wrote(&mut self, bytes: &[u8]) {
        if bytes.len() > 64 * LINE_BYTES {
            self.clean = false;
        }
        for byte in bytes {
            if !self.clean {
                return;
            }
            if self.command.len() == LINE_BYTES {
                self.clean = false;
            } else if *byte == b'\n' {
                self.clean = is_greeting(&self.command);
                self.awaited = self.awaited.saturating_add(1);
                self.command.clear();
            } else {
                self.command.push(*byte);
            }
        }
    }

    /// What the guest read.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if !self.clean {
                return;
            }
            if self.reply.len() == 4 * LINE_BYTES {
                self.clean = false;
            } else if *byte == b'\n' {
                // A last line of a reply has a space, or nothing, after its code (RFC 5321 section 4.2.1).
                if self.reply.get(3) != Some(&b'-') {
                    match self.awaited.checked_sub(1) {
                        Some(left) => self.awaited = left,
                        None => self.clean = false,
                    }
                }
                self.reply.clear();
            } else {
                self.reply.push(*byte);
            }
        }
    }

    /// Whether a login may be run now; if not, the rule.
    pub(crate) fn allows_login(&self) -> Result<(), Rule> {
        if !self.clean || !self.command.is_empty() {
            Err(Rule::NotGreeting)
        } else if self.awaited > 0 || !self.reply.is_empty() {
            Err(Rule::Unread)
        } else {
            Ok(())
        }
    }
}

fn is_greeting(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let verb = line.split(|b| *b == b' ').next().unwrap_or_default();
    !line.contains(&b'\r') && GREETINGS.iter().any(|known| known.eq_ignore_ascii_case(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogue(steps: &[(&str, &str)]) -> Greeting {
        let mut greeting = Greeting::expected();
        greeting.read(b"220-one\r\n220 two\r\n");
        for (wrote, read) in steps {
            greeting.wrote(wrote.as_bytes());
            greeting.read(read.as_bytes());
        }
        greeting
    }

    #[test]
    fn a_login_follows_a_greeting_whose_answer_is_read() {
        assert!(
            dialogue(&[("EHLO a\r\n", "250-x\r\n250 AUTH PLAIN\r\n")])
                .allows_login()
                .is_ok()
        );
        assert!(Greeting::renewed().allows_login().is_ok());
    }

    #[test]
    fn no_login_before_the_server_has_spoken() {
        assert!(Greeting::expected().allows_login().is_err());
    }

    #[test]
    fn no_login_after_another_command_or_in_the_middle_of_one() {
        assert!(dialogue(&[("MAIL FROM:<>\r\n", "250 ok\r\n")]).allows_login().is_err());
        assert!(
            dialogue(&[("EHLO a\r\nMAIL FROM:<>\r\n", "250 a\r\n250 ok\r\n")])
                .allows_login()
                .is_err()
        );
        assert!(dialogue(&[("EHLO a\r\nDA", "250 a\r\n")]).allows_login().is_err());
        assert!(dialogue(&[("EHLO a\rDATA\r\n", "250 a\r\n")]).allows_login().is_err());
    }

    #[test]
    fn no_login_while_a_reply_is_owed_or_half_read() {
        assert!(dialogue(&[("EHLO a\r\n", "250-x\r\n")]).allows_login().is_err());
        assert!(dialogue(&[("EHLO a\r\n", "250 x\r\n25")]).allows_login().is_err());
        assert!(dialogue(&[("EHLO a\r\nNOOP\r\n", "250 x\r\n")]).allows_login().is_err());
    }

    #[test]
    fn no_login_after_a_reply_that_nobody_asked_for() {
        assert!(
            dialogue(&[("EHLO a\r\n", "250 x\r\n235 ok\r\n")])
                .allows_login()
                .is_err()
        );
    }
}
