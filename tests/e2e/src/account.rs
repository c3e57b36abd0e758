//! An account as the host keeps one, whose tokens a test deals out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use relais_sandbox::{Account, AccountFault, Kind, Secret, Token, TokenFuture};

/// Why an account may give no token, and what a session fails with then.
pub fn without_token() -> [(AccountFault, Kind); 3] {
    let unavailable = AccountFault::Unavailable {
        text: "the provider asks to wait".to_owned(),
        retry_after: Some(Duration::from_secs(30)),
    };
    [
        (
            AccountFault::NotAssociated("associate the account".to_owned()),
            Kind::Configuration,
        ),
        (
            AccountFault::Reconnect("associate the account again".to_owned()),
            Kind::Authentication,
        ),
        (unavailable, Kind::Unreachable),
    ]
}

/// Gives its tokens one after the other: the next once the last was refused. With none left it is lost.
#[derive(Debug, Default)]
pub struct DealtAccount {
    facts: Vec<(String, String)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tokens: VecDeque<Token>,
    fault: Option<AccountFault>,
    refused: Vec<Token>,
    asked: usize,
}

impl DealtAccount {
    pub fn giving(tokens: &[&str]) -> Arc<Self> {
        let tokens = tokens.iter().map(|token| Token::new(Secret::new((*token).to_owned())));
        Arc::new(Self {
            state: Mutex::new(State {
                tokens: tokens.collect(),
                ..State::default()
            }),
            ..Self::default()
        })
    }

    /// Has no token, and says why.
    pub fn failing(fault: AccountFault) -> Arc<Self> {
        let account = Self::default();
        account.state().fault = Some(fault);
        Arc::new(account)
    }

    /// An account that tells these facts of itself.
    pub fn described(tokens: &[&str], facts: &[(&str, &str)]) -> Arc<Self> {
        let facts = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut account = Arc::into_inner(Self::giving(tokens)).unwrap_or_default();
        account.facts = facts.collect();
        Arc::new(account)
    }

    /// The tokens that were refused.
    pub fn refusals(&self) -> Vec<String> {
        let refused = &self.state().refused;
        refused.iter().map(|token| token.reveal().to_owned()).collect()
    }

    /// How often a token was asked for.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Account for DealtAccount {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let mut state = self.state();
            state.asked += 1;
            if let Some(fault) = &state.fault {
                return Err(fault.clone());
            }
            let lost = || AccountFault::Reconnect("associate the account again".to_owned());
            state.tokens.front().cloned().ok_or_else(lost)
        })
    }

    fn refused(&self, token: &Token) {
        let mut state = self.state();
        state.refused.push(token.clone());
        if state.tokens.front() == Some(token) {
            state.tokens.pop_front();
        }
    }

    fn describe(&self) -> Vec<(String, String)> {
        self.facts.clone()
    }
}
