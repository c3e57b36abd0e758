//! Values as the command line gives them: `KEY=VALUE`, and texts that stand in a file or come by the standard input.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use relais_manifest::{Given, Lang};

use crate::fault::Fault;
use crate::files;
use crate::texts;

/// Bytes of a parameter's value at most: a bundle of certificates is the largest.
const VALUE_BYTES: u64 = 1 << 20;

/// Where texts come from. The standard input gives one of them.
#[derive(Debug)]
pub struct Inputs {
    lang: Lang,
    stdin_used: bool,
}

impl Inputs {
    pub fn new(lang: Lang) -> Self {
        Self {
            lang,
            stdin_used: false,
        }
    }

    /// The text itself; `@FILE` is what the file holds, and `@@x` is `@x`.
    pub fn value(&self, field: &str, given: &str, most: u64) -> Result<String, Fault> {
        match given.strip_prefix('@') {
            None => Ok(given.to_owned()),
            Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
            Some(path) => {
                let bytes = files::read(self.lang, field, Path::new(path), most)?;
                files::text(self.lang, field, path, bytes)
            }
        }
    }

    /// The same, where `-` is what the standard input holds.
    pub fn text(&mut self, field: &str, given: &str, most: u64) -> Result<String, Fault> {
        if given != "-" {
            return self.value(field, given, most);
        }
        let bytes = self.stdin(field, most)?;
        files::text(self.lang, field, texts::files::STDIN.get(self.lang), bytes)
    }

    /// All of the standard input, of `most` bytes at most.
    pub fn stdin(&mut self, field: &str, most: u64) -> Result<Vec<u8>, Fault> {
        if std::mem::replace(&mut self.stdin_used, true) {
            return Err(Fault::field(
                self.lang,
                field,
                "stdin-twice",
                texts::files::STDIN_TWICE.get(self.lang),
            ));
        }
        files::bounded(
            self.lang,
            field,
            texts::files::STDIN.get(self.lang),
            io::stdin().lock(),
            most,
        )
    }

    /// Every `--set KEY=VALUE`.
    pub fn values<'a>(&self, given: impl Iterator<Item = &'a String>) -> Result<Given, Fault> {
        let mut values = BTreeMap::new();
        for text in given {
            let (id, value) = pair(self.lang, text)?;
            let value = self.value(id, value, VALUE_BYTES)?;
            if values.insert(id.to_owned(), value).is_some() {
                return Err(twice(self.lang, id));
            }
        }
        Ok(values)
    }
}

/// `KEY=VALUE`, cut at the first `=`.
fn pair(lang: Lang, text: &str) -> Result<(&str, &str), Fault> {
    match text.split_once('=') {
        Some((id, value)) if !id.trim().is_empty() => Ok((id.trim(), value)),
        _ => Err(Fault::field(
            lang,
            "--set",
            "not-a-pair",
            texts::instance::NOT_A_PAIR.get(lang),
        )),
    }
}

/// One command gives a field two values.
pub fn twice(lang: Lang, id: &str) -> Fault {
    Fault::field(lang, id, "given-twice", texts::instance::TWICE.get(lang))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(given: &[&str]) -> Result<Given, Fault> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        Inputs::new(Lang::En).values(given.iter())
    }

    #[test]
    fn a_pair_is_cut_at_its_first_equals_sign_and_its_value_may_be_empty() {
        let values = values(&["host=a=b", "helo="]).unwrap();
        assert_eq!(values.get("host").unwrap(), "a=b");
        assert_eq!(values.get("helo").unwrap(), "");
    }

    #[test]
    fn what_is_no_pair_and_what_is_given_twice_are_refused() {
        for bad in ["host", "=x", " =x", ""] {
            assert_eq!(values(&[bad]).unwrap_err().code, "not-a-pair", "{bad:?}");
        }
        let fault = values(&["port=1", "port=2"]).unwrap_err();
        assert_eq!(
            (fault.code.as_ref(), fault.message.starts_with("port: ")),
            ("given-twice", true)
        );
    }

    #[test]
    fn a_value_may_stand_in_a_file_and_a_doubled_at_sign_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "PEM\nPEM\n").unwrap();
        let values = values(&[&format!("certificate=@{}", path.display()), "username=@@me"]).unwrap();
        assert_eq!(values.get("certificate").unwrap(), "PEM\nPEM\n");
        assert_eq!(values.get("username").unwrap(), "@me");
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_by_the_fields_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        let fault = values(&[&format!("certificate=@{}", path.display())]).unwrap_err();
        assert_eq!(fault.code, "not-utf8");
        assert!(fault.message.starts_with("certificate: "), "{}", fault.message);
    }
}
