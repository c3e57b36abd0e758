//! An account's own application, asked with again.
//!
//! The threat: its secret was given for the endpoints that the connector named then. A later version of the connector, or an edit
//! once the account is of no use any more, may name others, and an association sends the secret there, with some flows before any
//! user has seen a page. So it is taken again only where all that it was sealed for is as it was.

use relais_accounts::Application;
use relais_manifest::Lang;

use super::AccountPath;
use super::applications;
use super::choose::Chosen;
use super::plan::{self, Context};
use super::problem::{Problem, again};
use crate::binding::Stored;
use crate::error::{AccountError, Error};
use crate::store::{Part, ProofRow, Reading};
use crate::vault::Vault;

/// The application that an account at this provider brought; none where it brought none, or where it does not open any more. An
/// error where it was given for something else than the instance is now: whether to give it again is not chosen here.
pub(super) fn own(
    tables: &Reading,
    vault: &Vault,
    context: &Context,
    path: &AccountPath,
    provider: &str,
) -> Result<Option<Chosen>, Error> {
    let row = tables.account(path)?.filter(|row| row.provider == provider);
    let Some((row, own)) = row.as_ref().and_then(|row| Some((row, row.own.as_ref()?))) else {
        return Ok(None);
    };
    // One that proves nothing has no secret that could go astray.
    if *own != ProofRow::Public {
        let stored = Stored::read(row.binding.clone());
        let outdated = context.effective.binding.outdated(&stored, [&path.parameter]);
        if !outdated.is_empty() {
            return Err(AccountError::OwnApplication(needed(path, &outdated.because)).into());
        }
    }
    let opened = vault
        .to_open(tables)
        .and_then(|key| plan::open(tables, &key, path, row, Part::Application));
    let Ok(secret) = opened else { return Ok(None) };
    let proof = applications::proof(own, secret.clone());
    Ok(proof.map(|proof| Chosen {
        application: Application {
            client_id: row.client_id.clone(),
            proof,
        },
        own: Some((own.clone(), secret)),
    }))
}

fn needed(path: &AccountPath, because: &[String]) -> Problem {
    let (name, parameter) = (&path.instance.name, &path.parameter);
    let (fr, en) = (
        crate::error::changes(Lang::Fr, because),
        crate::error::changes(Lang::En, because),
    );
    Problem::new(
        "application-needed",
        format!(
            "Le compte « {parameter} » de l'instance « {name} » a sa propre application, dont le secret a été saisi avant que ceci \
             change : {fr}. Un secret ne part jamais ailleurs que là où il était destiné. Vérifiez le changement, puis indiquez \
             l'application de nouveau avec « --client-id » et « --secret » ou « --certificate », ou dissociez d'abord le compte pour \
             prendre l'application de l'espace.{}",
            again(path, Lang::Fr)
        ),
        format!(
            "Account `{parameter}` of instance `{name}` has an application of its own, whose secret was given before these changed: \
             {en}. A secret is never sent to another place than it was given for. Check the change, then give the application again \
             with `--client-id` and `--secret` or `--certificate`, or dissociate the account first, to use the workspace's \
             application.{}",
            again(path, Lang::En)
        ),
    )
}
