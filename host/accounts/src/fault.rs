//! Why there is no token, and what that means for the account.

use std::fmt;
use std::time::Duration;

use relais_manifest::Lang;

use crate::text::cleaned;
use crate::texts;

/// A request to a provider that brought nothing. Everything in it may be shown and stored: no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means for the account.
    pub kind: FaultKind,
    /// `AADSTS70019`, the OAuth word, or one of our own such as `web-page`.
    pub code: String,
    /// The provider's own words, or the network's; at most [`Fault::DETAIL_CHARACTERS`], on one line.
    pub detail: String,
    /// What the provider asks to wait, at most [`Fault::RETRY_AFTER`].
    pub retry_after: Option<Duration>,
    /// The request left and no answer came: the provider may have done what it was asked, a refresh token be used up with it.
    pub unanswered: bool,
    /// Seconds that this machine's clock is ahead of the provider's (negative: behind), where that is too much.
    pub clock_ahead: Option<i64>,
}

/// What a fault means for the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The user said no. The association is over; another may be begun.
    Declined,
    /// The code of an association is too old, or is no longer known. Another association may be begun.
    Expired,
    /// The account is lost: only a new association brings it back.
    Reconnect,
    /// A rule of the organisation forbids it. What is held stays good, but helps only once their administrator changes the rule.
    Policy,
    /// The application, the address, or the provider's description is wrong. What is held may be good once it is corrected.
    Configuration,
    /// A signed assertion is out of its time: this machine's clock is wrong, not the account.
    Clock,
    /// Nothing is known of the account: the provider did not answer, or not in its protocol. To be tried again.
    Unavailable,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [FaultKind; 7] = [
        FaultKind::Declined,
        FaultKind::Expired,
        FaultKind::Reconnect,
        FaultKind::Policy,
        FaultKind::Configuration,
        FaultKind::Clock,
        FaultKind::Unavailable,
    ];

    /// A stable word, for a store and for programs.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::Declined => "declined",
            FaultKind::Expired => "expired",
            FaultKind::Reconnect => "reconnect",
            FaultKind::Policy => "policy",
            FaultKind::Configuration => "configuration",
            FaultKind::Clock => "clock",
            FaultKind::Unavailable => "unavailable",
        }
    }

    /// Reads the word back.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether the same request may succeed later with nobody doing anything.
    pub fn retries(self) -> bool {
        self == FaultKind::Unavailable
    }
}

impl Fault {
    /// Whether somebody between here and the provider may have said it: a name server that is told to answer a false address, a
    /// front end's page. An account that gave tokens before is not lost for that at once.
    pub fn may_be_the_way(&self) -> bool {
        const WAY: [&str; 4] = ["provider-refused", "web-page", "http-status", "not-json"];
        WAY.contains(&self.code.as_str())
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Fault {
    /// Characters of a provider's words; the rest is cut.
    pub const DETAIL_CHARACTERS: usize = 600;
    /// Characters of a code.
    pub const CODE_CHARACTERS: usize = 64;
    /// The longest wait that a provider may ask for.
    pub const RETRY_AFTER: Duration = Duration::from_secs(3600);

    /// A fault of these words, cleaned and cut. Also for one that was stored.
    pub fn new(kind: FaultKind, code: &str, detail: &str) -> Self {
        Self {
            kind,
            code: cleaned(code, Self::CODE_CHARACTERS),
            detail: cleaned(detail, Self::DETAIL_CHARACTERS),
            retry_after: None,
            unanswered: false,
            clock_ahead: None,
        }
    }

    /// Whether the host's own proxy does not let the request out, and will not until somebody changes its settings.
    pub fn is_shut_in(&self) -> bool {
        self.code == crate::wire::PROXY_REFUSES
    }

    /// What happened, in a sentence.
    pub fn what(&self, lang: Lang) -> String {
        texts::what(self, lang)
    }

    /// What an administrator does next, in a sentence.
    pub fn next(&self, lang: Lang) -> String {
        texts::next(self, lang)
    }

    /// Both sentences, and the provider's own words.
    pub fn text(&self, lang: Lang) -> String {
        texts::whole(self, lang)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_from_its_own_word() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::read(kind.word()), Some(kind));
        }
        assert_eq!(FaultKind::read("other"), None);
    }

    #[test]
    fn a_providers_words_are_one_short_line() {
        let fault = Fault::new(FaultKind::Unavailable, "a\nb", &"x\u{1b}".repeat(10_000));
        assert_eq!(fault.code, "a b");
        assert!(fault.detail.chars().count() <= Fault::DETAIL_CHARACTERS + 1);
        assert!(!fault.detail.contains('\u{1b}'));
    }
}
