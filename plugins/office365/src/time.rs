//! Times as Graph writes them.
//!
//! The threat: a clock that is wrong. Nothing here asks this machine's: times of Graph's are compared with Graph's own, of which
//! each answer's `Date` tells (RFC 9110 section 6.6.1).

use crate::errors::header;
use crate::wire::Response;

/// Seconds since 1970 by Graph's clock.
pub type Seconds = i64;

const DAY: i64 = 86_400;

/// When an answer was made, where it says so.
pub fn of_answer(response: &Response) -> Option<Seconds> {
    http_date(header(response, "date")?)
}

/// A date of HTTP, in the one form that is written today (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Seconds> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, text) = text.trim().split_once(", ")?;
    let mut words = text.split(' ');
    let mut word = || words.next();
    let (day, month, year, clock, zone) = (word()?, word()?, word()?, word()?, word()?);
    let month = MONTHS.iter().position(|known| *known == month)?;
    let month = i64::try_from(month).ok()? + 1;
    (zone == "GMT").then_some(())?;
    Some(days(number(year, 4)?, month, number(day, 2)?)? * DAY + of_day(clock)?)
}

/// A time of Graph's JSON, always in UTC: `2026-11-28T10:00:00Z`, with or without parts of a second, which are left out.
pub fn timestamp(text: &str) -> Option<Seconds> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-');
    let mut part = || parts.next();
    let (year, month, day) = (part()?, part()?, part()?);
    let clock = clock.split('.').next()?;
    Some(days(number(year, 4)?, number(month, 2)?, number(day, 2)?)? * DAY + of_day(clock)?)
}

/// Seconds of `08:49:37`.
fn of_day(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// So many digits, so that nothing here can grow too large.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. The year begins in March, so that a leap day is its last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_time_mean_the_same() {
        for (http, json, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", 784_111_777),
            (
                "Tue, 29 Feb 2000 23:59:59 GMT",
                "2000-02-29T23:59:59.9999999Z",
                951_868_799,
            ),
            ("Sat, 28 Nov 2026 10:00:00 GMT", "2026-11-28T10:00:00Z", 1_795_860_000),
            ("Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(http_date(http), Some(seconds), "{http}");
            assert_eq!(timestamp(json), Some(seconds), "{json}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "120",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 36 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
        for text in [
            "",
            "1994-11-06",
            "1994-11-06T08:49:37+01:00",
            "1994-13-06T08:49:37Z",
            "T:Z",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }
}
