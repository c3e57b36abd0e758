//! The id of a delivery: sortable by time, safe in a URL, a file name, a log line and a mail header.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32 in lower case, without i, l, o and u.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 digits of 5 bits hold 128.
const LENGTH: usize = 26;
const RANDOM_BITS: u32 = 80;

/// 48 bits of milliseconds since 1970, then 80 random ones (the layout of a ULID). Nobody can guess the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u128);

/// A text that is no delivery's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// What was given, cut to 80 characters.
    pub given: String,
}

impl DeliveryId {
    /// A new id, at this time in milliseconds since 1970.
    pub fn new(now_ms: u64) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let random = u128::from_be_bytes(bytes) & ((1 << RANDOM_BITS) - 1);
        Ok(Self((u128::from(now_ms) << RANDOM_BITS) | random))
    }

    /// The number that the store's keys hold.
    pub fn to_u128(self) -> u128 {
        self.0
    }

    /// The id of a key of the store.
    pub fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// When it was made, in milliseconds since 1970.
    pub fn made_ms(self) -> u64 {
        u64::try_from(self.0 >> RANDOM_BITS).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = (0..LENGTH).rev().filter_map(|place| {
            let digit = usize::try_from((self.0 >> (5 * place)) & 31).ok()?;
            DIGITS.get(digit).map(|&digit| char::from(digit))
        });
        f.pad(&digits.collect::<String>())
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeliveryId({self})")
    }
}

impl FromStr for DeliveryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError {
            given: text.chars().take(80).collect(),
        };
        if text.len() != LENGTH || !text.starts_with(|first: char| ('0'..='7').contains(&first)) {
            return Err(refused());
        }
        let number = text.bytes().try_fold(0_u128, |number, byte| {
            let digit = DIGITS.iter().position(|&digit| digit == byte.to_ascii_lowercase())?;
            Some((number << 5) | u128::try_from(digit).ok()?)
        });
        number.map(Self).ok_or_else(refused)
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeliveryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_: IdError| serde::de::Error::custom("no delivery id"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_reads_what_it_prints_in_either_case() {
        for number in [0, 1, 31, 32, u128::MAX, 0x0123_4567_89ab_cdef] {
            let id = DeliveryId::from_u128(number);
            assert_eq!(id.to_string().parse::<DeliveryId>().unwrap(), id);
            assert_eq!(id.to_string().to_uppercase().parse::<DeliveryId>().unwrap(), id);
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for bad in [
            "",
            "0",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "0000000000000000000000000i",
            "0000000000000000000000000é",
        ] {
            assert!(bad.parse::<DeliveryId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn later_ids_sort_after_earlier_ones_as_numbers_and_as_texts() {
        let [early, late] = [DeliveryId::new(1_000).unwrap(), DeliveryId::new(1_001).unwrap()];
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.made_ms(), 1_001);
    }
}
