//! Are the account, the mailbox and the permissions right? Asked without sending anything.

use relais_sdk::{Failure, Findings, kind};
use serde::Deserialize;

use crate::errors::Refused;
use crate::graph::{Call, Graph};
use crate::settings::{Access, Account, Sender};
use crate::wire::World;

/// What can be told of the account, the mailbox and its permissions.
///
/// # Errors
///
/// What a send would meet.
pub fn verify<W: World>(graph: &mut Graph<W>, account: &Account, sender: &Sender) -> Result<Findings, Failure> {
    let mut findings = Vec::new();
    let mut add = |name: &str, value: String| findings.push((name.to_owned(), value));
    let who = account
        .username
        .clone()
        .unwrap_or_else(|| match account.is_application {
            true => "the application itself, without a user".to_owned(),
            false => "unknown".to_owned(),
        });
    add("account", who);
    if let Some(tenant) = &account.tenant {
        add("tenant", tenant.clone());
    }
    add(
        "mailbox",
        sender.mailbox.clone().unwrap_or_else(|| "the account's own".to_owned()),
    );
    add(
        "access",
        match sender.access {
            Access::Own => "own".to_owned(),
            Access::Shared => "shared".to_owned(),
            Access::Application => "application".to_owned(),
        },
    );
    let [sending, drafting] = sender.access.permissions();
    let granted = account
        .granted
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), |granted| granted.join(", "));
    add("permissions-granted", granted);
    let asked = [Some(sending), Some(drafting).filter(|_| sender.may_draft)];
    let missing: Vec<&str> = asked
        .into_iter()
        .flatten()
        .filter(|name| account.has(name) == Some(false))
        .collect();
    add(
        "permissions-missing",
        match missing.is_empty() {
            true => "none".to_owned(),
            false => missing.join(", "),
        },
    );
    if account.has(sending) == Some(false) {
        let text = format!(
            "the permission {sending} was not granted: grant it to the application in Microsoft Entra, and associate the account again"
        );
        return Err(Failure::new(kind::CONFIGURATION, text));
    }
    let limits = limits(account, sender);
    if !limits.is_empty() {
        add("limits", limits.join("; "));
    }
    add("reached", reached(graph, account, sender, drafting)?);
    Ok(findings)
}

/// What the rights that were not granted mean: none of them is needed for a small mail from the account's own mailbox.
fn limits(account: &Account, sender: &Sender) -> Vec<String> {
    let lacks = |name: &str| account.has(name) == Some(false);
    let [_, drafting] = sender.access.permissions();
    let [shared, shared_drafting] = Access::Shared.permissions();
    let mut limits = Vec::new();
    if lacks(drafting) {
        limits.push(format!("mails of more than 3 MB cannot be sent without {drafting}"));
        limits.push(format!(
            "where Microsoft's answer is lost, a mail that was sent is not found without {drafting}, and its outcome stays unknown"
        ));
    }
    if sender.access == Access::Own && lacks(shared) {
        limits.push(format!("a shared mailbox cannot be chosen without {shared}"));
    } else if sender.access == Access::Own && lacks(shared_drafting) {
        limits.push(format!(
            "a shared mailbox could not send mails of more than 3 MB without {shared_drafting}"
        ));
    }
    if !limits.is_empty() {
        let grant = match sender.may_draft {
            true => "grant the permission to the application in Microsoft Entra",
            false => "set `rights` to `full`",
        };
        limits.push(format!("to lift this, {grant}, and associate the account again"));
    }
    limits
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    display_name: String,
}

/// Looks at the mailbox's drafts, which reads no mail. Without the right to it the token is accepted at least.
fn reached<W: World>(
    graph: &mut Graph<W>,
    account: &Account,
    sender: &Sender,
    drafting: &str,
) -> Result<String, Failure> {
    let doing = "a look at the drafts";
    let call = Call::get(format!("{}/mailFolders/drafts?$select=id,displayName", sender.base));
    let response = graph.ask(&call).map_err(|unanswered| unanswered.failure(doing))?;
    match response.status {
        200 => match serde_json::from_slice::<Folder>(&response.body) {
            Ok(folder) => Ok(format!("yes, the folder “{}”", folder.display_name)),
            Err(_) => Err(Failure::new(
                kind::UNREACHABLE,
                "what answers is not Graph: something between gives an answer of its own",
            )),
        },
        403 if account.has(drafting) == Some(false) => Ok(format!(
            "the token is accepted; the mailbox cannot be looked at without {drafting}"
        )),
        _ => Err(Refused::of(&response).failure(doing)),
    }
}
