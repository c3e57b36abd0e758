//! A token endpoint's good answer (RFC 6749 §5.1), as it is read: lenient in what does no harm, and shown to nobody.

use std::fmt;
use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::de::{Deserializer, IgnoredAny, Visitor};
use serde::{Deserialize, Serialize};

/// What came. Its own `Debug` shows no token: the crate's types hide theirs.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    pub(crate) access_token: AccessToken,
    #[serde(deserialize_with = "token_type")]
    pub(crate) token_type: BasicTokenType,
    /// Seconds. Some providers write them as text, and what is no number is none.
    #[serde(default, deserialize_with = "seconds")]
    pub(crate) expires_in: Option<u64>,
    #[serde(default)]
    pub(crate) refresh_token: Option<RefreshToken>,
    #[serde(default, rename = "scope", deserialize_with = "scopes")]
    pub(crate) scopes: Option<Vec<Scope>>,
    #[serde(default)]
    pub(crate) id_token: Option<IdToken>,
}

impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

/// An `id_token` (OpenID Connect Core §3.1.3.3). It prints as nothing: it holds personal data.
#[derive(Deserialize, Serialize)]
pub(crate) struct IdToken(pub(crate) String);

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdToken(…)")
    }
}

/// Case does not matter (RFC 6749 §5.1).
fn token_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    let word = String::deserialize(deserializer)?;
    Ok(match word.to_ascii_lowercase() {
        word if word == "bearer" => BasicTokenType::Bearer,
        word => BasicTokenType::Extension(word),
    })
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    struct Seconds;

    impl<'de> Visitor<'de> for Seconds {
        type Value = Option<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("seconds")
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(u64::try_from(value).unwrap_or(0)))
        }

        // A cast saturates, and makes nothing of what is no number.
        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(value as u64))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(value.trim().parse().ok())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }

    deserializer.deserialize_any(Seconds)
}

fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Scope>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let split = |text: String| {
        text.split_ascii_whitespace()
            .map(|scope| Scope::new(scope.to_owned()))
            .collect()
    };
    Ok(text.map(split))
}
