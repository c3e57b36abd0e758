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
use tokio::sync::watch;

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
    let planned = keeper.plan(&kept.path, need, stored).await;
    let asking = match planned {
        Ok(Planned::Have(access, left, associated_at)) => {
            keeper.hold(kept, associated_at)?;
            return Ok(kept.take_up(access, left));
        }
        Ok(Planned::Ask(asking)) => asking,
        Err(Stop::Trouble(trouble)) => return Err(trouble),
        Err(Stop::Lose(why, row)) => return Err(lose(keeper, kept, row.as_deref(), lost(why, None)).await),
    };
    keeper.hold(kept, asking.row.associated_at)?;
    kept.may_ask()?;
    if asking.refresh_token.is_some() {
        // Before the request leaves. It is not sent where this cannot be written.
        let noted = keeper.note_intent(&kept.path, &asking.row).await;
        noted.map_err(|error| kept.rests(Problem::here(&error), None))?;
    }
    match ask(keeper, &asking).await {
        Ok(grant) => {
            let unsaved = Unsaved { asking: *asking, grant };
            save(keeper, kept, Box::new(unsaved)).await
        }
        Err(fault) => Err(failed(keeper, kept, &asking, &fault).await),
    }
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

/// What the provider's refusal means for the account.
async fn failed(keeper: &Arc<Keeper>, kept: &Arc<Kept>, asking: &Asking, fault: &Fault) -> Trouble {
    let passes = fault.may_be_the_way() && !kept.doubted_for_long(tokio::time::Instant::now());
    if fault.kind.retries() || passes {
        if !fault.unanswered && asking.refresh_token.is_some() {
            // It answered, so the token was not used up. Left as it is where the disk does not take it: it would only be explained
            // otherwise should the account ever be lost.
            let _ = keeper.clear_intent(&kept.path, &asking.row).await;
        }
        return kept.rests(Problem::of_fault(fault), fault.retry_after);
    }
    let interrupted = asking.row.renewing.is_some() && fault.kind == FaultKind::Reconnect;
    let why = if interrupted { Why::Interrupted } else { Why::Provider };
    lose(keeper, kept, Some(&asking.row), lost(why, Some(fault))).await
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

/// Writes down that the account is lost. Where that cannot be written it is not: the provider is asked again after a rest.
async fn lose(keeper: &Arc<Keeper>, kept: &Arc<Kept>, read: Option<&AccountRow>, lost: LostRow) -> Trouble {
    let problem = Problem::of_lost(&kept.path, &lost);
    match keeper.lose(&kept.path, read, lost).await {
        Ok(true) => {
            kept.lose(&problem);
            Trouble::Lost(problem)
        }
        Ok(false) => Trouble::Unavailable(Problem::replaced(), None),
        Err(error) => kept.rests(Problem::here(&error), None),
    }
}
