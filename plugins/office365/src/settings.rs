//! The parameters of one instance, and where in Graph they lead.

use relais_sdk::{Failure, kind};
use serde::Deserialize;

use crate::url::segment;

/// What the administrator set. Only what the connector itself needs: the account, the tenant and the addresses of uploads are
/// the host's.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Settings {
    /// The mailbox that sends, where it is not the account's own.
    #[serde(default)]
    pub mailbox: Option<String>,
    /// Keep a copy of what was sent.
    #[serde(default = "yes")]
    pub save_to_sent_items: bool,
    /// What the account was to be asked for.
    #[serde(default)]
    pub rights: Rights,
    #[serde(default)]
    pub cloud: Cloud,
    /// Graph, where the cloud is none that has a name.
    #[serde(default)]
    pub graph: Option<String>,
}

/// Which of Microsoft's clouds (`concepts/deployments` of Graph's documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    #[default]
    Global,
    UsGovernment,
    UsDefense,
    China,
    Custom,
}

/// The rights that a person is asked for at consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rights {
    #[default]
    Full,
    /// Mail.Send alone, for a tenant that allows nothing else.
    Send,
}

fn yes() -> bool {
    true
}

impl Settings {
    /// Graph's address with its version.
    ///
    /// # Errors
    ///
    /// The cloud has no name, and no address is set.
    pub fn root(&self) -> Result<String, Failure> {
        let origin = match self.cloud {
            Cloud::Global => "https://graph.microsoft.com",
            Cloud::UsGovernment => "https://graph.microsoft.us",
            Cloud::UsDefense => "https://dod-graph.microsoft.us",
            Cloud::China => "https://microsoftgraph.chinacloudapi.cn",
            Cloud::Custom => self
                .graph
                .as_deref()
                .ok_or_else(|| Failure::new(kind::CONFIGURATION, "`graph` is not set, and `cloud` is `custom`"))?,
        };
        Ok(format!("{}/v1.0", origin.trim_end_matches('/')))
    }

    fn mailbox(&self) -> Option<&str> {
        self.mailbox.as_deref().filter(|mailbox| !mailbox.is_empty())
    }

    /// The mailbox that sends, for an account of which the host tells this.
    ///
    /// # Errors
    ///
    /// An application that sends without a user has no mailbox of its own, and the right to send alone is for one's own.
    pub fn sender(&self, account: &Account) -> Result<Sender, Failure> {
        let root = self.root()?;
        let users = |mailbox: &str| format!("{root}/users/{}", segment(mailbox));
        let own = |mailbox: &str| {
            let name = account.username.as_deref();
            name.is_some_and(|name| name.eq_ignore_ascii_case(mailbox))
        };
        let (base, mailbox, access) = match (self.mailbox(), account.is_application) {
            (None, true) => {
                return Err(Failure::new(
                    kind::CONFIGURATION,
                    "the application sends without a user, so `mailbox` must say which mailbox sends",
                ));
            }
            (Some(mailbox), false) if !own(mailbox) => (users(mailbox), Some(mailbox.to_owned()), Access::Shared),
            (Some(mailbox), true) => (users(mailbox), Some(mailbox.to_owned()), Access::Application),
            (_, false) => (format!("{root}/me"), account.username.clone(), Access::Own),
        };
        let [sending, drafting] = access.permissions();
        if self.rights == Rights::Send && access == Access::Shared && account.has(sending) == Some(false) {
            return Err(Failure::new(
                kind::CONFIGURATION,
                "`rights` is `send`, which is for the account's own mailbox: leave `mailbox` empty, or set `rights` to `full` and associate the account again",
            ));
        }
        Ok(Sender {
            base,
            mailbox,
            access,
            // Also what was granted without being asked for.
            may_draft: self.rights == Rights::Full || account.has(drafting) == Some(true),
        })
    }
}

/// The mailbox that sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The address of the user in Graph.
    pub base: String,
    /// The mailbox's own address, where it is known.
    pub mailbox: Option<String>,
    pub access: Access,
    /// Drafts may be made and mails looked for, as far as the settings say: `rights` is not `send`, or more was granted.
    pub may_draft: bool,
}

/// By what right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The account's own mailbox.
    Own,
    /// Another's, by the rights that the account has there.
    Shared,
    /// Any mailbox, by the application's permissions.
    Application,
}

impl Access {
    /// The permissions of Graph that sending takes, and drafts for large mails.
    pub fn permissions(self) -> [&'static str; 2] {
        match self {
            Self::Own | Self::Application => ["Mail.Send", "Mail.ReadWrite"],
            Self::Shared => ["Mail.Send.Shared", "Mail.ReadWrite.Shared"],
        }
    }
}

/// What the host tells of the account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// An application that acts for itself, without a user: its paths are never `/me`.
    pub is_application: bool,
    pub username: Option<String>,
    pub tenant: Option<String>,
    /// The permissions that were really granted, where that is known.
    pub granted: Option<Vec<String>>,
}

impl Account {
    pub fn of(described: &[(String, String)]) -> Self {
        let value = |name: &str| {
            let found = described.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        let is_application = value("flow").as_deref() == Some("client-credentials");
        let granted = value(if is_application { "roles" } else { "scopes" });
        Self {
            is_application,
            username: value("username"),
            tenant: value("tenant"),
            // A scope may be written with its resource before it: `https://graph.microsoft.com/Mail.Send`.
            granted: granted.map(|words| {
                let bare = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
                words
                    .split([' ', ','])
                    .filter(|word| !word.is_empty())
                    .map(bare)
                    .collect()
            }),
        }
    }

    /// Whether a permission was granted; none where that is not known.
    pub fn has(&self, permission: &str) -> Option<bool> {
        let granted = self.granted.as_ref()?;
        Some(granted.iter().any(|word| word.eq_ignore_ascii_case(permission)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn settings(json: &str) -> Settings {
        relais_sdk::read_parameters(json).unwrap()
    }

    fn account(flow: &str, username: Option<&str>) -> Account {
        let mut described = vec![("flow".to_owned(), flow.to_owned())];
        described.extend(username.map(|name| ("username".to_owned(), name.to_owned())));
        Account::of(&described)
    }

    #[test]
    fn each_cloud_has_its_graph() {
        for (cloud, root) in [
            ("global", "https://graph.microsoft.com/v1.0"),
            ("us-government", "https://graph.microsoft.us/v1.0"),
            ("us-defense", "https://dod-graph.microsoft.us/v1.0"),
            ("china", "https://microsoftgraph.chinacloudapi.cn/v1.0"),
        ] {
            assert_eq!(settings(&format!(r#"{{"cloud":"{cloud}"}}"#)).root().unwrap(), root);
        }
        let custom = settings(r#"{"cloud":"custom","graph":"http://127.0.0.1:8080/"}"#);
        assert_eq!(custom.root().unwrap(), "http://127.0.0.1:8080/v1.0");
        let failure = settings(r#"{"cloud":"custom"}"#).root().unwrap_err();
        assert_eq!(failure.kind, "configuration");
    }

    #[test]
    fn an_application_without_a_user_never_sends_as_me() {
        let failure = settings("{}").sender(&account("client-credentials", None)).unwrap_err();
        assert_eq!(failure.kind, "configuration");
        assert!(failure.text.contains("`mailbox`"), "{}", failure.text);
        let sender = settings(r#"{"mailbox":"accueil@mairie.example"}"#)
            .sender(&account("client-credentials", None))
            .unwrap();
        assert_eq!(
            sender.base,
            "https://graph.microsoft.com/v1.0/users/accueil@mairie.example"
        );
        assert_eq!(sender.access, Access::Application);
    }

    #[test]
    fn the_accounts_own_mailbox_is_me_however_it_is_spelled_and_another_is_shared() {
        let marie = account("device-code", Some("Marie@mairie.example"));
        for json in ["{}", r#"{"mailbox":""}"#, r#"{"mailbox":"marie@MAIRIE.example"}"#] {
            let sender = settings(json).sender(&marie).unwrap();
            assert_eq!(
                (sender.base.as_str(), sender.access),
                ("https://graph.microsoft.com/v1.0/me", Access::Own)
            );
        }
        let shared = settings(r#"{"mailbox":"o'neil/x@mairie.example"}"#)
            .sender(&marie)
            .unwrap();
        assert_eq!(
            shared.base,
            "https://graph.microsoft.com/v1.0/users/o%27neil%2Fx@mairie.example"
        );
        assert_eq!(
            shared.access.permissions(),
            ["Mail.Send.Shared", "Mail.ReadWrite.Shared"]
        );
    }

    #[test]
    fn the_right_to_send_alone_is_for_ones_own_small_mails_and_what_was_granted_counts() {
        let only = settings(r#"{"rights":"send"}"#);
        let granted = |flow: &str, name: &str, list: &str| {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let described = [pair("flow", flow), pair("username", "marie@x"), pair(name, list)];
            Account::of(&described)
        };
        let by_person = |list: &str| granted("device-code", "scopes", list);
        assert!(!only.sender(&by_person("Mail.Send")).unwrap().may_draft);
        assert!(!only.sender(&account("device-code", None)).unwrap().may_draft);
        assert!(only.sender(&by_person("Mail.Send Mail.ReadWrite")).unwrap().may_draft);
        assert!(settings("{}").sender(&by_person("Mail.Send")).unwrap().may_draft);
        let shared = settings(r#"{"rights":"send","mailbox":"accueil@x"}"#);
        let failure = shared.sender(&by_person("Mail.Send")).unwrap_err();
        assert_eq!(failure.kind, "configuration");
        assert!(failure.text.contains("set `rights` to `full`"), "{}", failure.text);
        assert!(shared.sender(&by_person("Mail.Send Mail.Send.Shared")).is_ok());
        let application = granted("client-credentials", "roles", "Mail.Send,Mail.ReadWrite");
        assert!(shared.sender(&application).unwrap().may_draft);
    }

    #[test]
    fn permissions_are_read_from_scopes_or_roles_and_may_be_unknown() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let person = Account::of(&[
            pair("flow", "device-code"),
            pair("scopes", "openid https://graph.microsoft.com/Mail.Send"),
        ]);
        assert_eq!(
            (person.has("Mail.Send"), person.has("Mail.ReadWrite")),
            (Some(true), Some(false))
        );
        let application = Account::of(&[pair("flow", "client-credentials"), pair("roles", "Mail.ReadWrite")]);
        assert_eq!(application.has("Mail.ReadWrite"), Some(true));
        assert_eq!(Account::of(&[]).has("Mail.Send"), None);
    }
}
