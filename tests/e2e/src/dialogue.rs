//! A command that shows its user something and waits for him: read line by line, and answered.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use crate::PATIENCE;
use crate::process::Running;

/// A command that runs. It is killed when it is dropped.
#[derive(Debug)]
pub struct Dialogue {
    running: Running,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    said: String,
}

impl Dialogue {
    /// Starts it. What it says on the standard error is heard too.
    pub fn begin(command: &mut Command) -> Self {
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the command starts");
        let (tell, lines) = channel();
        listen(child.stdout.take().expect("its output is a pipe"), tell.clone());
        listen(child.stderr.take().expect("its complaints are a pipe"), tell);
        Self {
            input: child.stdin.take(),
            running: Running(child),
            lines,
            said: String::new(),
        }
    }

    /// Waits for a line of which there is something to take.
    pub fn hear<T>(&mut self, take: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let line = self.lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("it did not say what is waited for: {}", self.said));
            self.note(&line);
            if let Some(taken) = take(&line) {
                return taken;
            }
        }
    }

    /// All that was heard so far.
    pub fn heard(&self) -> &str {
        &self.said
    }

    /// Answers with a line.
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("nobody closed its input");
        writeln!(input, "{line}").expect("it reads its input");
    }

    /// Waits until it ends. Whether it ended well, and all that it said.
    pub fn end(mut self) -> (bool, String) {
        self.input = None;
        let status = self.running.finish(PATIENCE);
        let status = status.unwrap_or_else(|| panic!("it does not end: {}", self.said));
        while let Ok(line) = self.lines.recv() {
            self.note(&line);
        }
        (status.success(), self.said)
    }

    fn note(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }
}

fn listen(from: impl Read + Send + 'static, tell: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
}
