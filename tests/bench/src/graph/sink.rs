//! The Graph of the tests in a process of its own, so that its work is not counted as a client's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use relais_e2e::graph::{Directory, FakeGraph};
use relais_e2e::office::{TOKEN, USER};

use crate::Fault;

pub struct Sink {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    pub graph: String,
    pub upload: String,
}

/// What it has seen so far.
pub struct Counts {
    pub accepted: u64,
    /// To Graph and to the uploads' host together.
    pub connections: u64,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sink {
    pub fn start() -> Result<Self, Fault> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("graph-sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("the sink has no input")?;
        let output = child.stdout.take().ok_or("the sink has no output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let (graph, upload) = line.trim().split_once(' ').ok_or("the sink does not say where it is")?;
        Ok(Self {
            graph: graph.to_owned(),
            upload: upload.to_owned(),
            pipes: Mutex::new((input, output)),
            child,
        })
    }

    pub async fn counts(&self) -> Result<Counts, Fault> {
        let mut pipes = self.pipes.lock().unwrap_or_else(|e| e.into_inner());
        let (input, output) = &mut *pipes;
        writeln!(input, "counts")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        let (accepted, connections) = line.trim().split_once(' ').ok_or("the sink does not count")?;
        Ok(Counts {
            accepted: accepted.parse()?,
            connections: connections.parse()?,
        })
    }
}

/// The process: says where it is, then answers each line with its counts, and ends with its input.
pub async fn serve() -> Result<(), Fault> {
    let mut directory = Directory::of(USER, TOKEN);
    directory.keeps = false;
    let graph = FakeGraph::start(directory).await?;
    println!("{} {}", graph.url(), graph.upload_url());
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            line?;
            let counts = graph.counts();
            println!("{} {}", counts.accepted, counts.connections + counts.upload_connections);
        }
        Ok(())
    })
    .await?
}
