//! Has a provider take back the tokens of an account that was dissociated, and writes down what it said: here nothing is left of
//! them, and whether they are still good elsewhere is a question that may be asked a year later.

use std::sync::Arc;
use std::time::Duration;

use relais_accounts::{Fault, FaultKind};

use super::AccountPath;
use super::ends::{Given, Revocation};
use super::keeper::Keeper;
use super::problem::Problem;
use crate::audit::{self, Action};
use crate::who::Who;

/// How long a provider may take to take a token back.
const REVOKING: Duration = Duration::from_secs(35);

/// See the module.
pub(super) async fn revoke(
    keeper: Arc<Keeper>,
    by: Who,
    path: AccountPath,
    provider: String,
    back: Result<Option<Given>, Problem>,
) -> Revocation {
    let revocation = match back {
        Ok(Some((door, token))) => {
            let answer = tokio::time::timeout(REVOKING, door.revoke(&token)).await;
            match answer.unwrap_or_else(|_| Err(Fault::new(FaultKind::Unavailable, "timeout", ""))) {
                Ok(()) => Revocation::Done,
                Err(fault) => Revocation::Failed(Problem::of_fault(&fault)),
            }
        }
        Ok(None) => Revocation::NotOffered,
        Err(problem) => Revocation::Failed(problem),
    };
    let mut detail = vec![path.parameter.clone(), provider, revocation.word().to_owned()];
    if let Revocation::Failed(problem) = &revocation {
        tracing::warn!(target: "relais::accounts", account = %path, code = problem.code, "the provider did not take the tokens back; they end by themselves");
        detail.push(problem.code.clone());
    }
    let whose = path.clone();
    let noted = keeper.blocking(move |keeper| {
        let (ws, name) = (&whose.instance.workspace, whose.instance.name.as_str());
        keeper
            .store
            .write(|tables| audit::note(tables, &by, Some(ws), Action::AccountRevoke, name, detail))
    });
    // That it could not be written is no reason to say that the account is still there.
    if let Err(error) = noted.await {
        tracing::error!(target: "relais::accounts", account = %path, code = error.code(), "whether the tokens were taken back could not be written down");
    }
    revocation
}
