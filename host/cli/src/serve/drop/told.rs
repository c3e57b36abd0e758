//! Rejected files in the log and in the audit journal, which has an end: so many an hour are named for each workspace, and the rest
//! is counted.

use std::time::{Duration, Instant};

/// Entries an hour.
const ENTRIES: usize = 60;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was told of one workspace.
#[derive(Debug, Default)]
pub struct Told {
    since: Option<Instant>,
    entries: usize,
    untold: u64,
}

impl Told {
    /// Whether one more is told now; with it, how many were not.
    pub fn one_more(&mut self, now: Instant) -> Option<u64> {
        let over = self.since.is_none_or(|since| now.duration_since(since) >= HOUR);
        if over {
            (self.since, self.entries) = (Some(now), 0);
        }
        if self.entries >= ENTRIES {
            self.untold += 1;
            return None;
        }
        self.entries += 1;
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_an_hour_are_told_and_the_next_says_how_many_were_not() {
        let (mut told, now) = (Told::default(), Instant::now());
        for _ in 0..ENTRIES {
            assert_eq!(told.one_more(now), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(told.one_more(now), None);
        }
        assert_eq!(told.one_more(now + HOUR), Some(7));
        assert_eq!(told.one_more(now + HOUR), Some(0));
    }
}
