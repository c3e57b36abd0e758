//! What the host itself writes into a delivery's journal. The journal holds the words of remotes and connectors beside them, in
//! whatever language they speak; the kinds have their titles in French and in English.

use jiff::Timestamp;
use relais_sandbox::Kind;

use crate::outbox::{Delivery, Words};

/// A delivery that was being sent when Relais ended.
pub(super) const STOPPED: &str = "Relais was stopped while the message was being handed over";
/// An attempt that ended before the message left.
pub(super) const PUT_BACK: &str = "the attempt ended before the message left; it is put back";
/// An attempt in which the host's own code panicked.
pub(super) const BROKE_OFF: &str = "the attempt broke off by a fault of Relais; its log says more";
/// A message that was accepted and cannot be read any more.
pub(super) const UNREADABLE: &str = "the stored message cannot be read any more";
/// A delivery that was never attempted.
const NEVER: &str = "it was never attempted";

/// Why a delivery is given up, with the last words that were told of it.
pub(super) fn gave_up(delivery: &Delivery, last: Option<&Words>, now: Timestamp) -> Words {
    let age = now.duration_since(delivery.accepted_at);
    let text = match last {
        Some(last) => last.text.as_str(),
        None => NEVER,
    };
    Words {
        kind: last.map_or_else(|| Kind::Timeout.word().to_owned(), |last| last.kind.clone()),
        text: format!("gave up after {}: {text}", span(age.as_secs().max(0).unsigned_abs())),
        code: last.and_then(|last| last.code.clone()),
    }
}

/// `5 d`, `2 h`, `40 s`: whole units, the largest that fits.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let told = [0, 59, 60, 7_199, 86_400, 432_000].map(span);
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 h", "1 d", "5 d"]);
    }

    #[test]
    fn who_gives_up_tells_the_last_words_and_for_how_long_it_tried() {
        let (delivery, _) = crate::dispatch::fake::delivery(1, &["a@example.org"]);
        let now = delivery.accepted_at + jiff::SignedDuration::from_hours(121);
        let last = Words::new(Kind::Unreachable, "connection refused");
        let words = gave_up(&delivery, Some(&last), now);
        assert_eq!(words.text, "gave up after 5 d: connection refused");
        assert_eq!(words.kind, "unreachable");
        assert!(gave_up(&delivery, None, now).text.ends_with("never attempted"));
    }
}
