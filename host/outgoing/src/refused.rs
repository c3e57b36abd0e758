//! Why a destination was refused before a byte left: for the audit, for whoever asked and for the administrator.

use std::fmt;
use std::net::IpAddr;

use relais_manifest::Lang;

use crate::egress::Reach;

/// A destination that may not be reached. It displays in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is not among those that are granted.
    NotGranted { asked: String, granted: Vec<String> },
    /// It is granted, and leads to an address that may not be dialled.
    Address {
        asked: String,
        host: String,
        ip: IpAddr,
        reach: Reach,
        /// An administrator typed the name; otherwise the manifest fixes it.
        typed: bool,
    },
}

impl Refused {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::NotGranted { .. } => "not-granted",
            Refused::Address { .. } => "address",
        }
    }

    /// A sentence without its final stop.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = self.both();
        if lang == Lang::Fr { fr } else { en }
    }

    /// The same in French, then in English.
    pub fn both(&self) -> (String, String) {
        match self {
            Refused::NotGranted { asked, granted } => not_granted(asked, granted),
            Refused::Address {
                asked,
                host,
                ip,
                reach,
                typed,
            } => address(asked, host, *ip, *reach, *typed),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Refused {}

fn not_granted(asked: &str, granted: &[String]) -> (String, String) {
    let list = granted.join(", ");
    let (fr, en) = match granted.is_empty() {
        true => ("rien", "nothing"),
        false => (list.as_str(), list.as_str()),
    };
    (
        format!("{asked} n'est pas accordé à cette instance, qui peut joindre {fr}"),
        format!("{asked} is not granted to this instance, which may reach {en}"),
    )
}

fn address(asked: &str, host: &str, ip: IpAddr, reach: Reach, typed: bool) -> (String, String) {
    let (what_fr, what_en) = match reach {
        Reach::Private => ("une adresse privée", "a private address"),
        Reach::Loopback => ("cette machine elle-même", "this machine itself"),
        Reach::LinkLocal => (
            "une adresse du lien local ou de métadonnées",
            "a link-local or metadata address",
        ),
        Reach::Public | Reach::Never => (
            "une adresse qui n'est jamais appelée",
            "an address that is never dialled",
        ),
    };
    let fixed = (
        format!(
            "un nom fixé par le manifeste ne mène qu'à des adresses publiques, sauf autorisation « private:{host} »"
        ),
        format!("a name fixed by the manifest reaches public addresses only, unless `private:{host}` is granted"),
    );
    let (rule_fr, rule_en) = match (typed, reach) {
        (false, Reach::Private | Reach::Loopback) => (fixed.0.as_str(), fixed.1.as_str()),
        (true, Reach::Loopback) => (
            "elle n'est jointe que si « localhost » ou une adresse de bouclage a été saisie telle quelle",
            "loopback is reached only as `localhost` or a loopback address typed as such",
        ),
        (_, Reach::LinkLocal) => (
            "elle n'est jointe que si l'administrateur a saisi cette adresse même",
            "it is reached only where the administrator typed that very address",
        ),
        _ => ("aucune autorisation ne le permet", "no grant allows it"),
    };
    (
        format!("{asked} mène à {ip}, {what_fr} : {rule_fr}"),
        format!("{asked} leads to {ip}, {what_en}: {rule_en}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_said_in_french_and_in_english() {
        let asked = || "tcp://a:1".to_owned();
        let address = |reach, typed| Refused::Address {
            asked: asked(),
            host: asked(),
            ip: IpAddr::from([127, 0, 0, 1]),
            reach,
            typed,
        };
        let refusals = [
            Refused::NotGranted {
                asked: asked(),
                granted: Vec::new(),
            },
            Refused::NotGranted {
                asked: asked(),
                granted: vec![asked()],
            },
            address(Reach::Private, false),
            address(Reach::Loopback, true),
            address(Reach::LinkLocal, true),
            address(Reach::Never, true),
        ];
        for (index, refused) in refusals.iter().enumerate() {
            let (fr, en) = (refused.text(Lang::Fr), refused.text(Lang::En));
            assert!(!fr.is_empty() && fr != en && en == refused.to_string(), "{refused:?}");
            let same = refusals
                .iter()
                .skip(index + 1)
                .find(|other| other.text(Lang::Fr) == fr || other.text(Lang::En) == en);
            assert_eq!(same, None, "{refused:?}");
        }
    }
}
