//! The three flows of an association, each to a grant or to its end.

use std::sync::Arc;

use jiff::Timestamp;
use relais_accounts::{Fault, FaultKind, Grant};
use relais_manifest::Flow;
use tokio::sync::{oneshot, watch};

use super::associations::{Association, Back, LIFE, Stage};
use super::choose::Ready;
use super::doors::Polled;
use super::finish::finish;
use super::keeper::Keeper;
use super::problem::Problem;

/// Carries an association on to its end.
pub(super) async fn carry(keeper: Arc<Keeper>, ready: Ready, state: watch::Sender<Association>) {
    let path = ready.path.clone();
    let limit = LIFE.unsigned_abs();
    let ended = match tokio::time::timeout(limit, granted(&keeper, &ready, &state)).await {
        Ok(Ok(grant)) => finish(&keeper, ready, grant, &state).await,
        Ok(Err(stage)) => stage,
        Err(_) => Stage::Expired,
    };
    tracing::info!(target: "relais::accounts", account = %path, state = ended.word(), "the association has ended");
    state.send_modify(|association| association.stage = ended);
}

fn refused(fault: &Fault) -> Stage {
    match fault.kind {
        FaultKind::Declined => Stage::Declined,
        FaultKind::Expired => Stage::Expired,
        _ => Stage::Failed(Problem::of_fault(fault)),
    }
}

/// The provider's grant, or how it ended without one.
async fn granted(keeper: &Keeper, ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let asked = match ready.flow {
        Flow::DeviceCode => return by_device(ready, state).await,
        Flow::AuthorizationCode => return by_page(keeper, ready, state).await,
        Flow::ClientCredentials => ready.door.client_credentials().await,
    };
    asked.map_err(|fault| refused(&fault))
}

async fn by_device(ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let begun = ready.door.begin_device(ready.lang).await;
    let mut device = begun.map_err(|fault| refused(&fault))?;
    let shown = device.shown();
    let expires_at = shown.expires_at;
    state.send_modify(|association| {
        association.expires_at = association.expires_at.min(expires_at);
        association.stage = Stage::Code {
            user_code: shown.user_code,
            verification_uri: shown.verification_uri,
            verification_uri_complete: shown.verification_uri_complete,
            message: shown.message,
            slowed: false,
        };
    });
    loop {
        tokio::time::sleep(device.interval()).await;
        if Timestamp::now() >= expires_at {
            return Err(Stage::Expired);
        }
        match device.poll().await {
            Ok(Polled::Done(grant)) => return Ok(*grant),
            Ok(Polled::Pending) => {}
            Ok(Polled::SlowDown) => state.send_modify(|association| {
                if let Stage::Code { slowed, .. } = &mut association.stage {
                    *slowed = true;
                }
            }),
            Ok(Polled::Unanswered(fault)) => {
                tracing::debug!(target: "relais::accounts", account = %ready.path, code = fault.code, "the provider did not answer");
            }
            Err(fault) => return Err(refused(&fault)),
        }
    }
}

async fn by_page(keeper: &Keeper, ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let code = ready
        .door
        .begin_code(&ready.redirect)
        .map_err(|fault| refused(&fault))?;
    let (redirected, back) = oneshot::channel();
    let expected = Back {
        state: code.state().to_owned(),
        redirect: ready.redirect.clone(),
        redirected,
    };
    if !keeper.associations.set_back(&ready.path, state, expected) {
        return Err(Stage::GivenUp);
    }
    state.send_modify(|association| {
        association.stage = Stage::Page {
            address: code.address().to_owned(),
            redirect: ready.redirect.to_string(),
            pasted: ready.pasted,
        };
    });
    let address = back.await.map_err(|_| Stage::GivenUp)?;
    code.finish(address).await.map_err(|fault| refused(&fault))
}
