//! What a session may use. Every limit is on the whole instance, and its name is what a failure's `limit` detail says.

use std::time::Duration;

/// The limits of a session.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of all linear memories together (`memory`).
    pub memory: usize,
    /// Elements of all tables together (`tables`).
    pub table_elements: usize,
    /// Time on the processor in one call (`cpu`); waiting in the host does not count.
    pub cpu: Duration,
    /// What one call to the host may hand over, in bytes of strings and lists (`host-call`).
    pub host_call: usize,
    /// Connections open at once (`connections`). By HTTP, requests of which something is not written yet or whose answer is not
    /// read.
    pub connections: usize,
    /// Handles open at once: streams, messages, attachments, requests (`resources`).
    pub resources: usize,
    /// Bytes that a session may send in its life (`bytes-out`).
    pub bytes_out: u64,
    /// Bytes of heads of HTTP requests that a session may send in its life (`heads`): the host holds those that a server does not take,
    /// and a server of the guest's own may answer them all the same. The session is replaced after a call that is beyond half of it.
    pub heads: u64,
    /// Bytes that a session may receive in its life (`bytes-in`).
    pub bytes_in: u64,
    /// Lines that one call may log (`log`).
    pub log_lines: u32,
    /// To resolve, dial and shake hands, where the instance sets no time of its own.
    pub connect: Duration,
    /// Silence on a connection before a call on it gives up. RFC 5321 section 4.5.3.2 asks for 10 minutes after the final dot.
    pub silence: Duration,
    /// After this long without a word between two calls a connection may be dead although nobody said so: a box on the way
    /// has forgotten it. RFC 5382 section 5 asks such boxes for two hours; many keep a minute or less.
    pub idle: Duration,
    /// Silence before the first answer on such a connection, where a living server is quick.
    pub idle_answer: Duration,
    /// A call is ended when fewer than [`slow_bytes`](Self::slow_bytes) have moved in this time (`slow`), however often one of
    /// them does: a server that takes or gives a byte a minute is never silent, and would hold a session for ever. Longer than
    /// [`silence`](Self::silence), so that a server may think for that long about a message that came at a bearable pace.
    pub slow_after: Duration,
    /// Bytes, in both directions together.
    pub slow_bytes: u64,
    /// A call is ended after this long, and a second more for each [`lasting_bytes`](Self::lasting_bytes) of its message, whatever
    /// moves (`lasting`): a connector with a server of its own would else hold a session for as long as it likes.
    pub lasting: Duration,
    /// Bytes.
    pub lasting_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            table_elements: 100_000,
            cpu: Duration::from_secs(10),
            host_call: 32 << 20,
            connections: 8,
            resources: 2048,
            bytes_out: 8 << 30,
            heads: 32 << 20,
            bytes_in: 1 << 30,
            log_lines: 1000,
            connect: Duration::from_secs(30),
            silence: Duration::from_secs(600),
            idle: Duration::from_secs(10),
            idle_answer: Duration::from_secs(30),
            slow_after: Duration::from_secs(900),
            // 256 bytes a second.
            slow_bytes: 900 * 256,
            lasting: Duration::from_secs(3600),
            lasting_bytes: 1024,
        }
    }
}
