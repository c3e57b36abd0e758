//! Where the benchmark's mail goes: Postfix's `smtp-sink` where it is installed, else the catcher in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Keep, Options};

use crate::Fault;

pub struct Sink {
    child: Child,
    pub address: SocketAddr,
    pub name: &'static str,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sink {
    pub fn start() -> Result<Self, Fault> {
        Self::postfix().or_else(|_| Self::own())
    }

    fn postfix() -> Result<Self, Fault> {
        // The port is free when it is asked for; if somebody else takes it meanwhile, the sink ends and says so.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("smtp-sink");
        // As root it wants another user to become.
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .arg(address.to_string())
            .arg("1024")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let sink = Self {
            child,
            address,
            name: "smtp-sink",
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

    fn own() -> Result<Self, Fault> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("sink")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the sink has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self {
            address: line.trim().parse()?,
            child,
            name: "relais-catcher",
        })
    }
}

pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The catcher as a process: prints its address, and ends with whoever started it.
pub async fn serve() -> Result<(), Fault> {
    let catcher = Catcher::start(Options {
        keep: Keep::Count,
        ..Options::default()
    })
    .await?;
    println!("{}", catcher.address());
    std::future::pending::<()>().await;
    Ok(())
}
