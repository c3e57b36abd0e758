//! The table of Entra's numbers: what each means for the account, and in words.

mod application;
mod user;

use crate::FaultKind;
use crate::texts::Say;

/// What stands before a number in Entra's words.
pub(crate) const PREFIX: &str = "AADSTS";

/// Numbers that mean the same for whoever administers Relais.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(crate) numbers: &'static [u64],
    pub(crate) kind: FaultKind,
    pub(crate) what: Say,
    pub(crate) next: Say,
}

/// The whole table.
pub(crate) fn meanings() -> impl Iterator<Item = &'static Meaning> {
    user::MEANINGS.iter().chain(application::MEANINGS)
}

pub(crate) fn find(number: u64) -> Option<&'static Meaning> {
    meanings().find(|meaning| meaning.numbers.contains(&number))
}

/// By code, such as `AADSTS53003`.
pub(crate) fn by_code(code: &str) -> Option<&'static Meaning> {
    find(code.strip_prefix(PREFIX)?.parse().ok()?)
}
