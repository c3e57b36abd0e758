//! Files that have to wait: they are tried again later and later, so that a file that will wait for an administrator costs next to
//! nothing, and does not fill the log.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

/// The wait after a first try, and at most.
const FIRST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(60);
/// Files that are remembered; with more, all are tried again.
const FILES: usize = 100_000;

/// The files of a folder that have to wait, by what each is known by.
#[derive(Debug, Default)]
pub struct Waiting(HashMap<(u64, SystemTime), Wait>);

#[derive(Debug)]
struct Wait {
    due: Instant,
    tries: u32,
}

impl Waiting {
    /// Whether a file may be tried now.
    pub fn is_due(&self, file: &(u64, SystemTime), now: Instant) -> bool {
        self.0.get(file).is_none_or(|wait| wait.due <= now)
    }

    /// A file has to wait. Whether that is worth a line in the log: at the first try, and ever more seldom.
    pub fn put_off(&mut self, file: (u64, SystemTime), now: Instant) -> bool {
        if self.0.len() >= FILES {
            self.0.clear();
        }
        let wait = self.0.entry(file).or_insert(Wait { due: now, tries: 0 });
        let pause = FIRST.saturating_mul(1 << wait.tries.min(16)).min(MOST);
        (wait.due, wait.tries) = (now + pause, wait.tries.saturating_add(1));
        wait.tries.is_power_of_two()
    }

    /// A file waits no more.
    pub fn forget(&mut self, file: &(u64, SystemTime)) {
        self.0.remove(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_waits_longer_each_time_and_is_told_of_more_seldom() {
        let (mut waiting, file) = (Waiting::default(), (7, SystemTime::UNIX_EPOCH));
        let mut now = Instant::now();
        let mut told = Vec::new();
        for pause in [2, 4, 8, 16, 32, 60, 60] {
            assert!(waiting.is_due(&file, now));
            told.push(waiting.put_off(file, now));
            assert!(!waiting.is_due(&file, now + Duration::from_secs(pause - 1)));
            now += Duration::from_secs(pause);
        }
        assert_eq!(told, [true, true, false, true, false, false, false]);
        waiting.forget(&file);
        assert!(waiting.put_off(file, now));
    }
}
