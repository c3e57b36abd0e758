//! Programs that tests run: found, waited for with a limit, and ended by their own id.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at something that is awaited.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// The file of a program, also in the folders of system programs, which are not on every user's path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    let mut files = std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(program));
    files.find(|file| file.is_file())
}

/// A child that ends with its owner.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Waits for the child to end by itself. `None`: it did not, and was killed.
    pub(crate) fn finish(&mut self, limit: Duration) -> Option<ExitStatus> {
        let ended = until(limit, || self.0.try_wait().ok().flatten());
        if ended.is_none() {
            self.end();
        }
        ended
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command that leaves a daemon behind. Its output goes nowhere: the daemon would keep a pipe open.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Option<ExitStatus> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(quiet.spawn().ok()?).finish(limit)
}

/// Looks until there is something to see, or the limit is reached.
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if begun.elapsed() >= limit {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
