//! How long something waits after it failed: a delivery before its next attempt, a connector instance before its next probe.

use std::time::Duration;

use super::DispatchConfig;

/// How long a delivery waits after its attempt number `tried`, counted from 1. What the remote asked for is obeyed where it
/// is longer, up to a limit. `draw` is a random number from -1 to 1.
pub(super) fn retry(config: &DispatchConfig, tried: u32, asked: Option<Duration>, draw: f64) -> Duration {
    let own = grown(config.retry_first, config.retry_most, tried.saturating_sub(1));
    let asked = asked.unwrap_or_default().min(config.retry_after_most);
    spread(own, config.jitter, draw).max(asked)
}

/// How long an instance pauses after `step` pauses that changed nothing.
pub(super) fn pause(config: &DispatchConfig, step: u32, asked: Option<Duration>, draw: f64) -> Duration {
    let own = spread(grown(config.pause_first, config.pause_most, step), config.jitter, draw);
    own.max(asked.unwrap_or_default().min(config.pause_most))
}

/// A random number from -1 to 1.
pub(super) fn draw() -> f64 {
    fastrand::f64() * 2.0 - 1.0
}

fn grown(first: Duration, most: Duration, doublings: u32) -> Duration {
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(most)
}

fn spread(span: Duration, jitter: f64, draw: f64) -> Duration {
    span.mul_f64((1.0 + jitter * draw).clamp(0.0, 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn a_delivery_waits_twice_as_long_each_time_up_to_an_hour() {
        let config = DispatchConfig::default();
        let waits = [1, 2, 3, 7, 8, 9, 500, u32::MAX].map(|tried| retry(&config, tried, None, 0.0));
        let seconds = waits.map(|wait| wait.as_secs());
        assert_eq!(seconds, [30, 60, 120, 1920, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn what_the_remote_asked_for_is_obeyed_up_to_a_day() {
        let config = DispatchConfig::default();
        assert_eq!(retry(&config, 1, Some(minutes(7)), 1.0), minutes(7));
        assert_eq!(retry(&config, 1, Some(Duration::from_secs(1)), 0.0).as_secs(), 30);
        assert_eq!(retry(&config, 1, Some(minutes(60 * 24 * 9)), 0.0), minutes(60 * 24));
    }

    #[test]
    fn the_random_part_is_a_fifth_and_stays_so() {
        let config = DispatchConfig::default();
        assert_eq!(retry(&config, 1, None, -1.0).as_secs(), 24);
        assert_eq!(retry(&config, 1, None, 1.0).as_secs(), 36);
        assert!((0..1000).all(|_| (-1.0..=1.0).contains(&draw())));
    }

    #[test]
    fn an_instance_pauses_from_five_seconds_to_ten_minutes() {
        let config = DispatchConfig::default();
        let pauses = [0, 1, 6, 7, 40].map(|step| pause(&config, step, None, 0.0).as_secs());
        assert_eq!(pauses, [5, 10, 320, 600, 600]);
        assert_eq!(pause(&config, 0, Some(minutes(1)), 0.0), minutes(1));
        assert_eq!(pause(&config, 0, Some(minutes(600)), 0.0), minutes(10));
    }
}
