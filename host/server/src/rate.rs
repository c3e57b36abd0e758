//! How often one caller may ask: a bucket of tokens each, filled at a steady rate.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use relais_router::Who;

/// Callers that are remembered. Beyond it those that have rested longest are forgotten, which gives them a full bucket.
const CALLERS: usize = 10_000;

/// Whom a bucket belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The id of a token.
    Token(String),
    /// A user of this machine.
    User(u32),
    /// Requests from this address that bring no valid token.
    Stranger(Option<IpAddr>),
}

impl Key {
    /// Of somebody who was let in.
    pub fn of(who: &Who) -> Self {
        match who {
            Who::Token { id, .. } => Self::Token(id.clone()),
            Who::Local { uid } => Self::User(*uid),
            Who::System | Who::Loopback => Self::Stranger(None),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// The buckets of all callers.
#[derive(Debug)]
pub struct Limiter {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Limiter {
    /// `burst` requests at once, `per_second` in the long run.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: f64::from(per_second.max(1)),
            burst: f64::from(burst.max(1)),
            buckets: Mutex::default(),
        }
    }

    /// Whether somebody may ask once more now, which is taken out of the bucket.
    pub fn admits(&self, who: &Who) -> bool {
        self.take(&Key::of(who), Instant::now()).is_ok()
    }

    /// Takes one request out of a bucket, or says in how many seconds there is one.
    pub fn take(&self, key: &Key, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            return bucket.take(now, self.per_second, self.burst);
        }
        if buckets.len() >= CALLERS {
            buckets.retain(|_, bucket| bucket.filled(now, self.per_second, self.burst) < self.burst);
        }
        if buckets.len() >= CALLERS {
            buckets.clear();
        }
        let mut bucket = Bucket {
            left: self.burst,
            at: now,
        };
        let taken = bucket.take(now, self.per_second, self.burst);
        buckets.insert(key.clone(), bucket);
        taken
    }
}

impl Bucket {
    fn filled(&self, now: Instant, per_second: f64, burst: f64) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * per_second).min(burst)
    }

    fn take(&mut self, now: Instant, per_second: f64, burst: f64) -> Result<(), u64> {
        self.left = self.filled(now, per_second, burst);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - self.left) / per_second).ceil();
        // At most a second a request, and at least one.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Err((wait as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_what_follows_waits_for_the_bucket_to_fill() {
        let limiter = Limiter::new(2, 3);
        let key = Key::Token("a".into());
        let start = Instant::now();
        for _ in 0..3 {
            limiter.take(&key, start).unwrap();
        }
        assert_eq!(limiter.take(&key, start), Err(1));
        let later = start + Duration::from_millis(500);
        limiter.take(&key, later).unwrap();
        assert!(limiter.take(&key, later).is_err());
    }

    #[test]
    fn callers_do_not_share_a_bucket() {
        let limiter = Limiter::new(1, 1);
        let now = Instant::now();
        limiter.take(&Key::User(0), now).unwrap();
        limiter.take(&Key::User(33), now).unwrap();
        assert!(limiter.take(&Key::User(33), now).is_err());
    }

    #[test]
    fn strangers_without_number_do_not_fill_the_memory() {
        let limiter = Limiter::new(1, 10);
        let now = Instant::now();
        for number in 0..30_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            limiter.take(&Key::Stranger(Some(address)), now).unwrap();
        }
        assert!(limiter.buckets.lock().unwrap().len() <= CALLERS);
    }
}
