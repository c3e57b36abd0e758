//! The services that a connector can serve: what is sent, apart from how.

use relais_manifest::Lang;
use serde::Serialize;

use crate::error::ServiceError;
use crate::names::InstanceName;

/// A service that this host knows.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The word that the command line and a manifest use, permanent.
    pub name: &'static str,
    /// The title in French, as EzGED writes it.
    pub fr: &'static str,
    /// The title in English.
    pub en: &'static str,
}

impl Service {
    /// The title for people.
    pub fn title(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Fr => self.fr,
            Lang::En => self.en,
        }
    }
}

/// The service of mail.
pub const MAIL: &Service = &SERVICES[0];

/// Every service, in the order of display.
pub const SERVICES: [Service; 1] = [Service {
    name: "mail",
    fr: "Envoi de mail",
    en: "Sending mail",
}];

/// The service of that name.
pub fn service(name: &str) -> Result<&'static Service, ServiceError> {
    SERVICES
        .iter()
        .find(|service| service.name == name)
        .ok_or_else(|| ServiceError::Unknown {
            name: name.chars().take(80).collect(),
        })
}

/// A service as one workspace has it set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    pub service: &'static Service,
    /// The instance that is used when nothing names one.
    pub default: Option<InstanceName>,
    /// The instances whose connector serves it.
    pub instances: Vec<InstanceName>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn mail_is_known_by_its_word_and_titled_in_both_languages() {
        let mail = service("mail").unwrap();
        assert_eq!(mail, MAIL);
        assert_eq!(mail.title(Lang::Fr), "Envoi de mail");
        assert_eq!(mail.title(Lang::En), "Sending mail");
        assert!(service("fax").is_err());
    }
}
