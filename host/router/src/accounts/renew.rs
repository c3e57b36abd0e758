//! One renewal, step by step. The threat is a provider that replaces the refresh token with every use: whoever asks and does not
//! keep the answer has lost the account.
//!
//! 1. The intent is on the disk before the request leaves.
//! 2. The answer is on the disk before anybody has its access token. Where the disk does not take it, it stays in memory and is
//!    tried again first; nothing else is asked meanwhile.
//! 3. After a crash between the two the old refresh token is tried once more: most providers take it (Entra revokes none). One that
//!    does not has lost the account, and that is written down, told, and shown with this very reason.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::{Fault, FaultKind, Grant};
use relais_sandbox::Token;
use tokio::sync::watch;

use super::durable::Losing;
use super::keeper::Keeper;
use super::kept::{Kept, Need, Outcome, Unsaved};
use super::plan::{Asking, Planned, Stop};
use super::problem::{Problem, Trouble};
use super::timing;
use crate::store::{AccountRow, LostRow, Why};

/// How long a provider may take at most: longer than the client's own limit.
const LIMIT: Duration = Duration::from_secs(45);

/// Asks for a token and tells all who wait.
pub(super) async fn fly(
    keeper: Arc<Keeper>,
    kept: Arc<Kept>,
    need: Need,
    stored: bool,
    tell: watch::Sender<Option<Outcome>>,
) {
    let outcome = renew(&keeper, &kept, need, stored).await;
    if let Err(trouble) = &outcome {
        tracing::warn!(target: "relais::accounts", account = %kept.path, code = trouble.problem().code, "the account gives no token");
    }
    // Whoever waited may have gone.
    let _ = tell.send(Some(outcome));
}

async fn renew(keeper: &Arc<Keeper>, kept: &Arc<Kept>, need: Need, stored: bool) -> Outcome {
    if let Some(unsaved) = kept.take_unsaved() {
        return save(keeper, kept, unsaved).await;
    }
    // An end of it is that a provider is asked a few times in a minute at most.
    loop {
        if let Some(outcome) = once(keeper, kept, need, stored).await {
            return outcome;
        }
    }
}

/// Asks once; none where the answer says nothing, since the application was set anew meanwhile.
async fn once(keeper: &Arc<Keeper>, kept: &Arc<Kept>, need: Need, stored: bool) -> Option<Outcome> {
    let asking = match to_ask(keeper, kept, need, stored).await {
        Ok(Next::Have(token)) => return Some(Ok(token)),
        Ok(Next::Ask(asking)) => asking,
        Err(trouble) => return Some(Err(trouble)),
    };
    match ask(keeper, &asking).await {
        Ok(grant) => {
            let unsaved = Unsaved { asking: *asking, grant };
            Some(save(keeper, kept, Box::new(unsaved)).await)
        }
        Err(fault) => failed(keeper, kept, &asking, &fault).await.map(Err),
    }
}

/// What an asking begins with.
enum Next {
    Have(Token),
    Ask(Box<Asking>),
}

/// What the provider is to be asked with, once it may be and that it will be is on the disk.
async fn to_ask(keeper: &Arc<Keeper>, kept: &Arc<Kept>, need: Need, stored: bool) -> Result<Next, Trouble> {
    let planned = keeper.plan(&kept.path, need, stored).await;
    let asking = match planned {
        Ok(Planned::Have(access, left, associated_at)) => {
            keeper.hold(kept, associated_at)?;
            return Ok(Next::Have(kept.take_up(access, left)));
        }
        Ok(Planned::Ask(asking)) => asking,
        Err(Stop::Trouble(trouble)) => return Err(trouble),
        Err(Stop::Lose(why, row)) => {
            let trouble = lose(keeper, kept, row.as_deref(), None, lost(why, None)).await;
            return Err(trouble.unwrap_or_else(|| Trouble::Unavailable(Problem::replaced(), None)));
        }
    };
    keeper.hold(kept, asking.row.associated_at)?;
    kept.may_ask()?;
    if asking.refresh_token.is_some() {
        // Before the request leaves. It is not sent where this cannot be written.
        let noted = keeper.note_intent(&kept.path, &asking.row).await;
        noted.map_err(|error| kept.rests(Problem::here(&error), None))?;
    }
    Ok(Next::Ask(asking))
}

async fn ask(keeper: &Keeper, asking: &Asking) -> Result<Grant, Fault> {
    let door = keeper
        .doors
        .door(&asking.towards, asking.application.clone(), asking.flow)?;
    let answer = match &asking.refresh_token {
        Some(token) => tokio::time::timeout(LIMIT, door.refresh(token)).await,
        None => tokio::time::timeout(LIMIT, door.client_credentials()).await,
    };
    answer.unwrap_or_else(|_| {
        let mut fault = Fault::new(FaultKind::Unavailable, "timeout", "");
        fault.unanswered = true;
        Err(fault)
    })
}

/// Makes what the provider gave durable, and only then the current token.
async fn save(keeper: &Arc<Keeper>, kept: &Arc<Kept>, unsaved: Box<Unsaved>) -> Outcome {
    // Its life is counted from when it was asked for.
    let life = timing::usable_for(unsaved.grant.expires_in).saturating_sub(unsaved.grant.asked.elapsed());
    let access = unsaved.grant.access_token.clone();
    match keeper.save(&kept.path, unsaved).await {
        Ok(true) => Ok(kept.take_up(access, life)),
        Ok(false) => Err(Trouble::Unavailable(Problem::replaced(), None)),
        Err((unsaved, error)) => {
            tracing::error!(target: "relais::accounts", account = %kept.path, code = error.code(), "a renewed account could not be stored; it is held in memory and tried again");
            kept.keep_unsaved(unsaved);
            Err(kept.rests(Problem::here(&error), None))
        }
    }
}

/// What the provider's refusal means for the account; none where it says nothing of the application that is set now.
async fn failed(keeper: &Arc<Keeper>, kept: &Arc<Kept>, asking: &Asking, fault: &Fault) -> Option<Trouble> {
    let passes = fault.may_be_the_way() && !kept.doubted_for_long(tokio::time::Instant::now());
    if fault.kind.retries() || passes {
        unused(keeper, kept, asking, fault).await;
        return Some(kept.rests(Problem::of_fault(fault), fault.retry_after));
    }
    let interrupted = asking.row.renewing.is_some() && fault.kind == FaultKind::Reconnect;
    let why = if interrupted { Why::Interrupted } else { Why::Provider };
    let lost = lost(why, Some(fault));
    let trouble = lose(keeper, kept, Some(&asking.row), asking.set_at, lost).await;
    if trouble.is_none() {
        unused(keeper, kept, asking, fault).await;
    }
    trouble
}

/// Where the provider answered, the refresh token was not used up. What was noted of it stays where the disk does not take that: it
/// would only be explained otherwise should the account ever be lost.
async fn unused(keeper: &Arc<Keeper>, kept: &Arc<Kept>, asking: &Asking, fault: &Fault) {
    if !fault.unanswered && asking.refresh_token.is_some() {
        let _ = keeper.clear_intent(&kept.path, &asking.row).await;
    }
}

fn lost(why: Why, fault: Option<&Fault>) -> LostRow {
    let text = |text: fn(&Fault) -> &str| fault.map(text).unwrap_or_default().to_owned();
    LostRow {
        at: Timestamp::now(),
        why,
        kind: text(|fault| fault.kind.word()),
        code: text(|fault| &fault.code),
        detail: text(|fault| &fault.detail),
        told: false,
    }
}

/// Writes down that the account is lost. Where that cannot be written it is not: the provider is asked again after a rest. None where
/// the application was set anew since it was asked with.
async fn lose(
    keeper: &Arc<Keeper>,
    kept: &Arc<Kept>,
    read: Option<&AccountRow>,
    set_at: Option<Timestamp>,
    lost: LostRow,
) -> Option<Trouble> {
    let problem = Problem::of_lost(&kept.path, &lost);
    let reconsidered = kept.reconsidered();
    match keeper.lose(&kept.path, read, set_at, lost).await {
        Ok(Losing::Written) => {
            kept.lose(&problem, reconsidered);
            Some(Trouble::Lost(problem))
        }
        Ok(Losing::Replaced) => Some(Trouble::Unavailable(Problem::replaced(), None)),
        Ok(Losing::Outdated) => None,
        Err(error) => Some(kept.rests(Problem::here(&error), None)),
    }
}
