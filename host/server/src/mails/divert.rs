//! Reads a mail in JSON piece by piece, and takes the files out of it on the way: what stands under a key `content` is base64 that
//! goes, decoded, wherever the caller puts files, and a number stands in its place. So a mail of 100 MB needs the memory of its
//! texts. What is left is read by serde as ever: this scanner decides nothing about the JSON but where strings begin and end.
//!
//! The threat: a document of next to nothing, many times. An attachment `{}` is three bytes on the wire and more than a hundred
//! once it is read, and a file without a byte still has its number. So values are counted while they come.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::refusal::Request as Wrong;

/// The key whose strings are files.
const KEY: &str = "content";
/// Bytes of a key that can be [`KEY`], each of its characters written as an escape.
const KEY_BYTES: usize = 6 * KEY.len();
/// Levels of the document; a mail has three. serde_json refuses more than 127.
const DEPTH: usize = 127;
/// Values of the document. A mail within the limits of [`relais_message::Limits`] has some 6,000; a list of 10,000 recipients is
/// let through to be refused by the name of its field.
const VALUES: usize = 20_000;
/// Characters of base64 that are decoded at once.
const BLOCK: usize = 16 << 10;

/// With or without padding; what is left over at the end is zero.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is found on the way, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// More bytes of the file that has begun.
    Bytes(Vec<u8>),
    /// The file ends; its number stands in the rest. An empty file has no bytes before.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Object,
    /// The index of the element.
    Array(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Outside of strings.
    Structure,
    Key {
        escaped: bool,
    },
    Text {
        escaped: bool,
    },
    File {
        escaped: bool,
    },
}

/// The scanner.
#[derive(Debug)]
pub struct Divert {
    at: At,
    levels: Vec<Level>,
    /// Whether the next string of an object is a key.
    key_next: bool,
    key: Vec<u8>,
    /// Whether the value that comes is a file.
    file_next: bool,
    base64: Vec<u8>,
    rest: Vec<u8>,
    most: usize,
    /// Objects and lists that were opened, and commas: never fewer than there are values, but for the last of a list.
    values: usize,
}

impl Divert {
    /// At most this many bytes of JSON beside the files.
    pub fn new(most: usize) -> Self {
        Self {
            at: At::Structure,
            levels: Vec::new(),
            key_next: false,
            key: Vec::new(),
            file_next: false,
            base64: Vec::new(),
            rest: Vec::new(),
            most,
            values: 0,
        }
    }

    /// The next piece of the document; what it holds of files is added to `found`. `before` is how many files have ended so
    /// far: the number of the next.
    pub fn feed(&mut self, piece: &[u8], before: usize, found: &mut Vec<Found>) -> Result<(), Wrong> {
        let mut number = before;
        for &byte in piece {
            match self.at {
                At::Structure => self.structure(byte)?,
                At::Key { escaped } => self.key(byte, escaped),
                At::Text { escaped } => {
                    self.at = match byte {
                        b'"' if !escaped => At::Structure,
                        _ => At::Text {
                            escaped: byte == b'\\' && !escaped,
                        },
                    };
                }
                At::File { escaped } => {
                    self.file(byte, escaped, &mut number, found)?;
                    continue;
                }
            }
            if self.rest.len() >= self.most {
                return Err(Wrong::TooLarge {
                    limit: self.most as u64,
                });
            }
            self.rest.push(byte);
        }
        if self.base64.len() > BLOCK {
            self.decode(found)?;
        }
        Ok(())
    }

    /// The document, numbers as strings in place of the files.
    pub fn finish(self) -> Vec<u8> {
        self.rest
    }

    fn structure(&mut self, byte: u8) -> Result<(), Wrong> {
        match byte {
            b'"' if self.key_next => {
                self.key.clear();
                self.at = At::Key { escaped: false };
            }
            b'"' if self.file_next => self.at = At::File { escaped: false },
            b'"' => self.at = At::Text { escaped: false },
            b'{' | b'[' => {
                if self.levels.len() >= DEPTH {
                    return Err(Wrong::Syntax(format!("more than {DEPTH} levels")));
                }
                self.count()?;
                let object = byte == b'{';
                self.levels.push(if object { Level::Object } else { Level::Array(0) });
                (self.key_next, self.file_next) = (object, false);
            }
            b'}' | b']' => {
                self.levels.pop();
                (self.key_next, self.file_next) = (false, false);
            }
            b':' => self.key_next = false,
            b',' => {
                self.count()?;
                self.file_next = false;
                match self.levels.last_mut() {
                    Some(Level::Array(index)) => *index += 1,
                    Some(Level::Object) => self.key_next = true,
                    None => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Wrong> {
        self.values += 1;
        if self.values > VALUES {
            return Err(Wrong::TooManyValues { most: VALUES });
        }
        Ok(())
    }

    fn key(&mut self, byte: u8, escaped: bool) {
        if byte == b'"' && !escaped {
            self.at = At::Structure;
            self.key_next = false;
            self.file_next = self.key.len() <= KEY_BYTES && spells_content(&self.key);
            return;
        }
        if self.key.len() <= KEY_BYTES {
            self.key.push(byte);
        }
        self.at = At::Key {
            escaped: byte == b'\\' && !escaped,
        };
    }

    fn file(&mut self, byte: u8, escaped: bool, number: &mut usize, found: &mut Vec<Found>) -> Result<(), Wrong> {
        self.at = At::File { escaped: false };
        match (byte, escaped) {
            (b'"', false) => {
                self.decode_all(found)?;
                found.push(Found::End);
                // The quotation mark that opened it is in the rest already.
                self.rest.extend_from_slice(number.to_string().as_bytes());
                self.rest.push(b'"');
                *number += 1;
                self.file_next = false;
                self.at = At::Structure;
            }
            (b'\\', false) => self.at = At::File { escaped: true },
            // PHP writes every slash so.
            (b'/', true) => self.base64.push(b'/'),
            // MIME's lines of 76 characters, as `chunk_split` makes them.
            (b'n' | b'r' | b't', true) | (b'\n' | b'\r' | b'\t' | b' ', false) => {}
            (_, true) => return Err(self.not_base64()),
            (byte, false) => {
                self.base64.push(byte);
                if self.base64.len() > 2 * BLOCK {
                    self.decode(found)?;
                }
            }
        }
        Ok(())
    }

    /// All but the last four characters, which may be padding.
    fn decode(&mut self, found: &mut Vec<Found>) -> Result<(), Wrong> {
        let whole = self.base64.len().saturating_sub(4) / 4 * 4;
        let rest = self.base64.split_off(whole);
        let block = std::mem::replace(&mut self.base64, rest);
        let bytes = BASE64.decode(&block).map_err(|_| self.not_base64())?;
        if !bytes.is_empty() {
            found.push(Found::Bytes(bytes));
        }
        Ok(())
    }

    fn decode_all(&mut self, found: &mut Vec<Found>) -> Result<(), Wrong> {
        let bytes = BASE64.decode(&self.base64).map_err(|_| self.not_base64())?;
        self.base64.clear();
        if !bytes.is_empty() {
            found.push(Found::Bytes(bytes));
        }
        Ok(())
    }

    fn not_base64(&self) -> Wrong {
        let index = self.levels.iter().rev().find_map(|level| match level {
            Level::Array(index) => Some(*index),
            Level::Object => None,
        });
        let field = match index {
            Some(index) => format!("attachments[{index}].{KEY}"),
            None => KEY.to_owned(),
        };
        Wrong::NotBase64 { field }
    }
}

/// Whether a key, as it is written, reads as [`KEY`].
fn spells_content(written: &[u8]) -> bool {
    if !written.contains(&b'\\') {
        return written == KEY.as_bytes();
    }
    let quoted = [b"\"", written, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|key| key == KEY)
}

#[cfg(test)]
mod tests;
