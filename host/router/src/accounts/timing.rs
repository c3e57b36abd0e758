//! When a token is renewed: functions of times alone.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::AccountPath;
use crate::store::AccountRow;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// How long before its end an access token is not given out any more, at most.
const MARGIN: Duration = MINUTE;
/// A refresh token is used at least so often, or it ends by itself: Entra's does after 90 days (entra-docs, refresh-tokens).
const KEPT_ALIVE: Duration = Duration::from_secs(30 * 86_400);
/// How often a provider is asked for one account at most: [`ASKS`] times in a minute. A client that asks again and again is cut
/// off by Entra for a while (AADSTS50196).
const ASKS: usize = 4;
/// How long nothing is asked after a fault, first and at most. Each wait is twice the one before.
const REST_FIRST: Duration = Duration::from_secs(5);
const REST_MOST: Duration = Duration::from_secs(300);
/// How long until it is tried again whether a fault of the application or of a rule was mended.
pub(super) const MENDED: Duration = Duration::from_secs(3_600);

/// For how long a token that was given for so long may be given out.
pub(super) fn usable_for(life: Duration) -> Duration {
    life.saturating_sub(MARGIN.min(life / 10))
}

/// When an access token is renewed without anybody waiting for it: after 80 % of its life, or 5 minutes before its end where that
/// is earlier and leaves it half its life. `draw`, from 0 to 1, brings it forward by up to a tenth of the life, so that accounts
/// that were associated together are not renewed together.
fn ahead_at(renewed_at: Timestamp, expires_at: Timestamp, draw: f64) -> Timestamp {
    let life = Duration::try_from(expires_at.duration_since(renewed_at)).unwrap_or_default();
    let usual = life.mul_f64(0.8).min(life.saturating_sub(5 * MINUTE)).max(life / 2);
    after(renewed_at, usual.saturating_sub(life.mul_f64(0.1 * draw)))
}

/// Whether an account is to be renewed now although nobody waits for it.
pub(super) fn due(
    path: &AccountPath,
    row: &AccountRow,
    used_at: Option<Timestamp>,
    renews: bool,
    now: Timestamp,
) -> bool {
    let draw = draw(path, row.renewed_at);
    if row.lost.is_some() {
        return false;
    }
    // A clock that was wrong when the token was given tells nothing of its end.
    if row.renewing.is_some() || row.renewed_at > now {
        return true;
    }
    let used = used_at.max(row.last_used_at).is_some_and(|at| at >= row.renewed_at);
    let alive_until = after(row.renewed_at, KEPT_ALIVE.saturating_sub(DAY.mul_f64(draw)));
    let ahead = used && now >= ahead_at(row.renewed_at, row.expires_at, draw);
    ahead || (renews && now >= alive_until)
}

/// Whether a lost account is to be tried again: what took it away may have been mended since.
pub(super) fn is_old(row: &AccountRow, now: Timestamp) -> bool {
    let tried_at = row.lost.as_ref().map(|lost| lost.at);
    tried_at.is_some_and(|at| now >= after(at, MENDED) || at > now)
}

/// A number from 0 to 1 that is the same for one token of one account for as long as the process lives.
fn draw(path: &AccountPath, renewed_at: Timestamp) -> f64 {
    let mut hash = DefaultHasher::new();
    path.hash(&mut hash);
    renewed_at.as_nanosecond().hash(&mut hash);
    f64::from(u32::try_from(hash.finish() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// Notes that a provider is asked now, or answers how long to wait until it may be.
pub(super) fn may_ask(asked: &mut VecDeque<Instant>, now: Instant) -> Result<(), Duration> {
    while asked.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
        asked.pop_front();
    }
    match asked.front() {
        Some(first) if asked.len() >= ASKS => Err(MINUTE.saturating_sub(now.duration_since(*first))),
        _ => {
            asked.push_back(now);
            Ok(())
        }
    }
}

/// How long nothing is asked after the fault number `step`, counted from 0. What the provider asked for is obeyed where it is
/// longer. `draw` is from 0 to 1.
pub(super) fn rest(step: u32, asked: Option<Duration>, draw: f64) -> Duration {
    let factor = 1_u32.checked_shl(step).unwrap_or(u32::MAX);
    let own = REST_FIRST.saturating_mul(factor).min(REST_MOST);
    own.mul_f64(0.8 + 0.4 * draw).max(asked.unwrap_or_default())
}

/// So long after; a span that the calendar cannot hold ends with the calendar.
pub(super) fn after(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::accounts::tests::{path, row};

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn at(second: u64) -> Timestamp {
        after(Timestamp::from_second(1_800_000_000).unwrap(), seconds(second))
    }

    #[test]
    fn a_token_is_not_given_out_in_its_last_minute_or_the_last_tenth_of_a_short_life() {
        assert_eq!(usable_for(seconds(3600)), seconds(3540));
        assert_eq!(usable_for(seconds(100)), seconds(90));
        assert_eq!(usable_for(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn a_token_is_renewed_after_four_fifths_of_its_life_but_five_minutes_before_its_end() {
        assert_eq!(ahead_at(at(0), at(3600), 0.0), at(2880));
        assert_eq!(ahead_at(at(0), at(1200), 0.0), at(900));
        assert_eq!(ahead_at(at(0), at(400), 0.0), at(200));
        assert_eq!(ahead_at(at(0), at(3600), 1.0), at(2520));
        // A token that never lived is due.
        assert_eq!(ahead_at(at(0), at(0), 0.5), at(0));
    }

    #[test]
    fn only_what_was_used_is_renewed_ahead_and_a_refresh_token_is_used_once_in_thirty_days() {
        let mut row = row();
        (row.renewed_at, row.expires_at) = (at(0), at(3600));
        let day = 86_400;
        assert!(!due(&path(), &row, None, true, at(3000)));
        assert!(due(&path(), &row, Some(at(10)), true, at(3000)));
        assert!(!due(&path(), &row, Some(at(10)), true, at(2000)));
        assert!(!due(&path(), &row, None, true, at(28 * day)));
        assert!(due(&path(), &row, None, true, at(30 * day)));
        assert!(
            !due(&path(), &row, None, false, at(300 * day)),
            "there is nothing to keep alive"
        );
        row.renewing = Some(at(1));
        assert!(due(&path(), &row, None, true, at(2)), "a renewal was interrupted");
    }

    #[test]
    fn a_clock_that_went_back_a_day_makes_a_token_due_and_not_good_for_a_day_more() {
        let mut row = row();
        (row.renewed_at, row.expires_at) = (at(86_400), at(90_000));
        assert!(due(&path(), &row, None, true, at(0)));
    }

    #[test]
    fn a_provider_is_asked_four_times_in_a_minute_at_most() {
        let start = Instant::now();
        let mut asked = VecDeque::new();
        for second in 0..4 {
            may_ask(&mut asked, start + seconds(second)).unwrap();
        }
        assert_eq!(may_ask(&mut asked, start + seconds(10)), Err(seconds(50)));
        assert_eq!(may_ask(&mut asked, start + seconds(60)), Ok(()));
        assert_eq!(may_ask(&mut asked, start + seconds(60)), Err(seconds(1)));
    }

    #[test]
    fn rests_grow_to_five_minutes_and_obey_the_provider() {
        let rests = [0, 1, 5, 6, 60].map(|step| rest(step, None, 0.5).as_secs());
        assert_eq!(rests, [5, 10, 160, 300, 300]);
        assert_eq!(rest(0, Some(seconds(900)), 0.5), seconds(900));
    }
}
