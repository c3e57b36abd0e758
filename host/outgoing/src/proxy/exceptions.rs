//! What does not go through the proxy, as an administrator writes it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::egress::canonical;
use crate::settings::SettingError;

/// Exceptions at most.
const MOST: usize = 1000;

/// Names and networks that are reached without the proxy. They print as they are read.
///
/// A network covers destinations that are given as an address: a name is not resolved to find out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// `NAME`: it, and all names below it.
    names: BTreeSet<String>,
    /// `.NAME` or `*.NAME`: the names below it.
    below: BTreeSet<String>,
    /// `ADDRESS` or `ADDRESS/BITS`.
    networks: BTreeSet<IpNet>,
}

impl Exceptions {
    /// Reads lists of them, separated by commas or blanks.
    ///
    /// # Errors
    ///
    /// The first that is none of the three.
    pub fn parse<S: AsRef<str>>(lists: &[S]) -> Result<Self, SettingError> {
        let mut exceptions = Self::default();
        let words = lists
            .iter()
            .flat_map(|list| list.as_ref().split([',', ' ', '\t']))
            .filter(|word| !word.is_empty());
        for (count, word) in words.enumerate() {
            if count == MOST || !exceptions.add(word) {
                return Err(SettingError::Exception(word.chars().take(100).collect()));
            }
        }
        Ok(exceptions)
    }

    fn add(&mut self, word: &str) -> bool {
        let bare = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            self.networks.insert(IpNet::from(canonical(ip)));
            return true;
        }
        if let Ok(network) = word.parse::<IpNet>() {
            self.networks.insert(network.trunc());
            return true;
        }
        let (name, names) = match word.strip_prefix("*.").or_else(|| word.strip_prefix('.')) {
            Some(name) => (name, &mut self.below),
            None => (word, &mut self.names),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        // Digits and dots alone are an address that somebody mistyped.
        let fit = name.len() <= 253 && name.split('.').all(is_label) && name.bytes().any(|b| b.is_ascii_alphabetic());
        if fit {
            names.insert(name.to_ascii_lowercase());
        }
        fit
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.below.is_empty() && self.networks.is_empty()
    }

    pub(super) fn cover_name(&self, name: &str) -> bool {
        let above = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above));
        self.names.contains(name)
            || above
                .skip(1)
                .any(|above| self.names.contains(above) || self.below.contains(above))
    }

    pub(super) fn cover_address(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.networks.iter().any(|network| network.contains(&ip))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl fmt::Display for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().cloned();
        let below = self.below.iter().map(|name| format!(".{name}"));
        let networks = self
            .networks
            .iter()
            .map(|network| match network.prefix_len() == network.max_prefix_len() {
                true => network.addr().to_string(),
                false => network.to_string(),
            });
        let all: Vec<String> = names.chain(below).chain(networks).collect();
        f.write_str(&all.join(","))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exceptions_print_what_they_parse() {
        let given = [
            "Mairie.example, .agglo.example",
            "*.ville.example 10.1.2.3/8,,[fd12::1]",
        ];
        let exceptions = Exceptions::parse(&given).unwrap();
        let shown = exceptions.to_string();
        assert_eq!(shown, "mairie.example,.agglo.example,.ville.example,10.0.0.0/8,fd12::1");
        assert_eq!(Exceptions::parse(&[shown]).unwrap(), exceptions);
        assert!(Exceptions::parse(&[""]).unwrap().is_empty());
    }

    #[test]
    fn what_is_neither_a_name_nor_a_network_is_named_in_the_error() {
        for bad in [
            "10.0.0.0/33",
            "10.0.0",
            "http://a.example",
            "a..b",
            "*",
            "a.example:25",
            "mairie/é",
        ] {
            let error = Exceptions::parse(&["good.example", bad]).unwrap_err();
            assert_eq!(error, SettingError::Exception(bad.to_owned()));
        }
    }
}
