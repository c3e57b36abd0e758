//! At most so many messages a minute, evenly spaced: a remote that counts by the minute, from whichever second on, never
//! counts more.

use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// When the next message may go.
#[derive(Debug, Default)]
pub(super) struct Pace {
    between: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// Without a number there is no limit.
    pub(super) fn set(&mut self, per_minute: Option<u32>) {
        self.between = per_minute.map_or(Duration::ZERO, |count| MINUTE / count.max(1));
        if self.between.is_zero() {
            self.next = None;
        }
    }

    /// When the next message may go; none: now.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        self.next.filter(|next| *next > now)
    }

    /// One message goes.
    pub(super) fn spend(&mut self, now: Instant) {
        if !self.between.is_zero() {
            self.next = Some(now + self.between);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_than_its_number() {
        let mut pace = Pace::default();
        pace.set(Some(7));
        let start = Instant::now();
        let mut gone = Vec::new();
        for tenth in 0..3000 {
            let now = start + Duration::from_millis(100 * tenth);
            if pace.wait(now).is_none() {
                pace.spend(now);
                gone.push(now);
            }
        }
        assert!((30..=35).contains(&gone.len()), "{} in five minutes", gone.len());
        for first in &gone {
            let minute = gone.iter().filter(|at| (*first..*first + MINUTE).contains(at));
            assert!(minute.count() <= 7);
        }
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut pace = Pace::default();
        let now = Instant::now();
        pace.spend(now);
        assert_eq!(pace.wait(now), None);
        pace.set(Some(1));
        pace.spend(now);
        assert_eq!(pace.wait(now), Some(now + MINUTE));
        pace.set(None);
        assert_eq!(pace.wait(now), None);
    }
}
