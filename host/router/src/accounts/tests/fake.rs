//! A provider that does as it is told. It gives numbered tokens, and can be strict: then each refresh token is good once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use relais_accounts::{Application, Fault, FaultKind, Grant};
use relais_manifest::{Flow, Lang};
use relais_sandbox::Secret;
use tokio::sync::Notify;
use url::Url;

use crate::accounts::doors::{Answer, Code, Device, DeviceCode, Door, Doors, Polled, Towards};

/// What the provider does with the next request.
#[derive(Debug, Clone)]
pub enum Do {
    Give,
    Refuse(FaultKind, &'static str),
    /// It gives, and the answer does not arrive.
    GiveUnheard,
    /// It gives once [`Fake::go`] is told.
    Await,
    /// It refuses once [`Fake::go`] is told.
    AwaitAndRefuse(FaultKind, &'static str),
    /// The user has not come yet.
    Pending,
    SlowDown,
}

#[derive(Default)]
pub struct State {
    pub script: VecDeque<Do>,
    /// Each refresh token is good once.
    pub strict: bool,
    /// The number of the last tokens.
    pub last: u64,
    /// Requests for tokens, by what they were asked with.
    pub asked: Vec<String>,
    pub at_once: usize,
    pub most_at_once: usize,
    pub revoked: Vec<String>,
    /// What it says to a revocation, after a while; none is yes, at once.
    pub on_revoking: Option<FaultKind>,
    /// Which application asked at which endpoint.
    pub doors: Vec<(String, String)>,
    pub life: Option<Duration>,
    pub missing: Vec<String>,
    pub without_refresh_token: bool,
}

#[derive(Clone, Default)]
pub struct Fake {
    state: Arc<Mutex<State>>,
    pub go: Arc<Notify>,
}

impl Fake {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn script(&self, what: &[Do]) {
        self.state().script = what.iter().cloned().collect();
    }

    pub fn asked(&self) -> usize {
        self.state().asked.len()
    }

    /// The next tokens, as if they had been given before the test began.
    pub fn grant_for_tests(&self) -> Grant {
        self.give()
    }

    fn give(&self) -> Grant {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        Grant {
            access_token: Secret::new(format!("access-{number}")),
            refresh_token: (!state.without_refresh_token).then(|| Secret::new(format!("refresh-{number}"))),
            asked: Instant::now(),
            expires_in: state.life.unwrap_or(Duration::from_secs(3600)),
            scopes: vec!["Mail.Send".to_owned()],
            missing: state.missing.clone(),
            username: Some("ged@mairie.example".to_owned()),
            tenant: Some("mairie".to_owned()),
            roles: Vec::new(),
        }
    }

    async fn answer(&self, asked: &str) -> Result<Grant, Fault> {
        let what = {
            let mut state = self.state();
            state.asked.push(asked.to_owned());
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
            let used_up = asked.strip_prefix("refresh-").is_some_and(|number| {
                let number: u64 = number.parse().unwrap();
                state.strict && number != state.last
            });
            match used_up {
                true => Do::Refuse(FaultKind::Reconnect, "invalid_grant"),
                false => state.script.pop_front().unwrap_or(Do::Give),
            }
        };
        if matches!(what, Do::Await | Do::AwaitAndRefuse(..)) {
            self.go.notified().await;
        }
        self.state().at_once -= 1;
        match what {
            Do::Refuse(kind, code) | Do::AwaitAndRefuse(kind, code) => {
                Err(Fault::new(kind, code, "the provider's words"))
            }
            Do::GiveUnheard => {
                self.give();
                let mut fault = Fault::new(FaultKind::Unavailable, "timeout", "");
                fault.unanswered = true;
                Err(fault)
            }
            _ => Ok(self.give()),
        }
    }
}

impl Doors for Fake {
    fn door(&self, to: &Towards, application: Application, _: Flow) -> Result<Arc<dyn Door>, Fault> {
        let mut state = self.state();
        state.doors.push((application.client_id, to.provider.token.url.clone()));
        Ok(Arc::new(self.clone()))
    }
}

impl Door for Fake {
    fn begin_device(&self, _: Lang) -> Answer<'_, Box<dyn Device>> {
        let device: Box<dyn Device> = Box::new(self.clone());
        Box::pin(async move { Ok(device) })
    }

    fn begin_code(&self, redirect: &Url) -> Result<Box<dyn Code>, Fault> {
        let address = format!("https://login.example.org/authorize?state=s3cret-state&redirect_uri={redirect}");
        Ok(Box::new(Page(self.clone(), address)))
    }

    fn client_credentials(&self) -> Answer<'_, Grant> {
        Box::pin(self.answer("client-credentials"))
    }

    fn refresh<'a>(&'a self, refresh_token: &'a Secret) -> Answer<'a, Grant> {
        Box::pin(self.answer(refresh_token.reveal()))
    }

    fn revoke<'a>(&'a self, token: &'a Secret) -> Answer<'a, ()> {
        self.state().revoked.push(token.reveal().to_owned());
        let says = self.state().on_revoking;
        Box::pin(async move {
            let Some(kind) = says else { return Ok(()) };
            tokio::time::sleep(Duration::from_millis(100)).await;
            Err(Fault::new(kind, "http-503", ""))
        })
    }
}

impl Device for Fake {
    fn shown(&self) -> DeviceCode {
        DeviceCode {
            user_code: "ABCD-EFGH".to_owned(),
            verification_uri: "https://login.example.org/device".to_owned(),
            verification_uri_complete: None,
            message: Some("Saisissez le code".to_owned()),
            expires_at: Timestamp::now() + Duration::from_secs(900),
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(5)
    }

    fn poll(&mut self) -> Answer<'_, Polled> {
        Box::pin(async {
            let next = self.state().script.front().cloned();
            match next {
                Some(Do::Pending) => {
                    // The last one goes on for ever.
                    let mut state = self.state();
                    if state.script.len() > 1 {
                        state.script.pop_front();
                    }
                    Ok(Polled::Pending)
                }
                Some(Do::SlowDown) => {
                    self.state().script.pop_front();
                    Ok(Polled::SlowDown)
                }
                _ => Ok(Polled::Done(Box::new(self.answer("device").await?))),
            }
        })
    }
}

struct Page(Fake, String);

impl Code for Page {
    fn state(&self) -> &str {
        "s3cret-state"
    }

    fn address(&self) -> &str {
        &self.1
    }

    fn finish(self: Box<Self>, redirected: Url) -> Answer<'static, Grant> {
        Box::pin(async move {
            assert!(redirected.query().is_some());
            self.0.answer("code").await
        })
    }
}
