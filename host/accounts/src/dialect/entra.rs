//! Entra's numbers (Microsoft, "authentication and authorization error codes"), found in a refusal.

use std::time::Duration;

use super::numbers;
use super::{Ask, PENDING, SLOW_DOWN};
use crate::FaultKind;

/// "A client loop has been detected": asking again at once makes it worse.
pub(super) const LOOP: &str = "AADSTS50196";
/// How long to be quiet then, since Entra does not say it.
pub(super) const LOOP_PAUSE: Duration = Duration::from_secs(10 * 60);

/// The first known number's meaning and its code. A word that says all (`said`: what it means) is only made more precise.
pub(super) fn read(
    ask: Ask,
    word: &str,
    said: FaultKind,
    mut numbers: impl Iterator<Item = u64>,
) -> Option<(FaultKind, String)> {
    let whole = match word {
        PENDING | SLOW_DOWN => return None,
        "authorization_declined" | "bad_verification_code" | "code_expired" | "expired_token" => true,
        _ => false,
    };
    numbers.find_map(|number| {
        if number == 70016 {
            return Some((FaultKind::Unavailable, PENDING.to_owned()));
        }
        let meaning = numbers::find(number)?;
        let kind = match (ask, number) {
            // Where no account is held yet, it is the code that is no longer good.
            (Ask::Poll | Ask::Code, 70000 | 70008) => FaultKind::Expired,
            _ => meaning.kind,
        };
        (!whole || kind == said).then(|| (kind, format!("{}{number}", numbers::PREFIX)))
    })
}

/// The numbers that a description names (`AADSTS70011: …`), at most a few.
pub(super) fn described(description: &str) -> impl Iterator<Item = u64> {
    description.split(numbers::PREFIX).skip(1).take(4).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    })
}
