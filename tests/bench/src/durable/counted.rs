//! Where the mail goes: Postfix's `smtp-sink`, which counts what it took.

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Fault;
use crate::sink::is_root;

pub struct CountedSink {
    child: Child,
    pub address: SocketAddr,
    messages: Arc<AtomicU64>,
}

impl Drop for CountedSink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl CountedSink {
    pub fn start() -> Result<Self, Fault> {
        // The port is free when it is asked for; if somebody else takes it meanwhile, the sink ends and says so.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("/usr/sbin/smtp-sink");
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let mut child = command
            .arg("-c")
            .arg(address.to_string())
            .arg("1024")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("smtp-sink (Debian: postfix) is needed: {error}"))?;
        let mut output = child.stdout.take().ok_or("the sink has no output")?;
        let messages = Arc::new(AtomicU64::new(0));
        let counted = messages.clone();
        std::thread::spawn(move || {
            let mut reader = CounterReader::default();
            let mut block = [0; 64 << 10];
            while let Ok(length @ 1..) = output.read(&mut block) {
                for byte in block.iter().take(length) {
                    if let Some(count) = reader.take(*byte) {
                        counted.store(count, Ordering::Release);
                    }
                }
            }
        });
        let sink = Self {
            child,
            address,
            messages,
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > Duration::from_secs(5) {
                return Err("smtp-sink does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(sink)
    }

    /// Messages taken so far.
    pub fn count(&self) -> u64 {
        self.messages.load(Ordering::Acquire)
    }

    /// Waits until so many were taken.
    pub async fn reaches(&self, count: u64, patience: Duration) -> Result<(), Fault> {
        let begun = Instant::now();
        while self.count() < count {
            if begun.elapsed() > patience {
                return Err(format!("the sink has {} mails of {count}", self.count()).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match self.count() {
            more if more > count => Err(format!("the sink has {more} mails, and {count} were sent").into()),
            _ => Ok(()),
        }
    }
}

/// Reads `sess=1 quit=0 mesg=42\r`, again and again.
#[derive(Default)]
struct CounterReader {
    number: u64,
    word: Vec<u8>,
}

impl CounterReader {
    fn take(&mut self, byte: u8) -> Option<u64> {
        match byte {
            b'0'..=b'9' => {
                self.number = self.number * 10 + u64::from(byte - b'0');
                None
            }
            b'\r' | b'\n' | b' ' => {
                let ended = (self.word == b"mesg=").then_some(self.number);
                self.word.clear();
                self.number = 0;
                ended
            }
            letter => {
                self.word.push(letter);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_the_counters_is_the_messages() {
        let mut reader = CounterReader::default();
        let counts: Vec<u64> = b"sess=1 quit=0 mesg=9\rsess=12 quit=3 mesg=10\r"
            .iter()
            .filter_map(|byte| reader.take(*byte))
            .collect();
        assert_eq!(counts, [9, 10]);
    }
}
