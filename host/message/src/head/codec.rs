//! Numbers, texts and lists as bytes: what a head is written in.
//!
//! The reader trusts no length: each is compared with what is left before anything is taken or reserved.

use crate::address::Address;

/// Writes. Numbers in LEB128, texts behind their length.
#[derive(Default)]
pub(super) struct Put(pub(super) Vec<u8>);

impl Put {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Something that may not be there.
    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.byte(value.is_some().into());
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn list<T>(&mut self, list: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        for entry in list {
            put(self, entry);
        }
    }

    pub(super) fn address(&mut self, address: &Address) {
        self.maybe(address.name.as_deref(), Self::text);
        self.text(&address.email);
    }
}

/// Reads what [`Put`] wrote; `None` where it did not.
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(super) fn maybe<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => Some(Some(take(self)?)),
            _ => None,
        }
    }

    pub(super) fn list<T>(&mut self, mut take: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Every entry takes a byte at least, so that no list is longer than what is left.
        let count = self.number().filter(|count| *count <= self.0.len() as u64)?;
        (0..count).map(|_| take(self)).collect()
    }

    pub(super) fn address(&mut self) -> Option<Address> {
        Some(Address {
            name: self.maybe(Self::text)?,
            email: self.text()?,
        })
    }

    pub(super) fn addresses(&mut self) -> Option<Vec<Address>> {
        self.list(Self::address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        let mut put = Put::default();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        put.list(&numbers, |put, number| put.number(*number));
        put.maybe(Some("é"), Put::text);
        put.maybe(None, Put::text);
        let mut take = Take(&put.0);
        assert_eq!(take.list(Take::number).as_deref(), Some(&numbers[..]));
        assert_eq!(take.maybe(Take::text), Some(Some("é".to_owned())));
        assert_eq!(take.maybe(Take::text), Some(None));
        assert_eq!(take.byte(), None);
    }

    #[test]
    fn no_length_is_believed() {
        assert_eq!(Take(&[0xff; 9]).number(), None);
        assert_eq!(
            Take(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(),
            None
        );
        assert_eq!(Take(&[5, b'a']).bytes(), None);
        assert_eq!(Take(&[0xff, 0xff, 3, 0]).list(Take::byte), None);
        assert_eq!(Take(&[1, 0xff]).text(), None);
    }
}
