//! `relais account`: associates an account, shows it, renews it, gives it up.

use std::io::{self, BufRead};

use axum::body::Body;
use clap::ArgMatches;
use http::Method;
use http_body_util::BodyExt;
use relais_manifest::Lang;
use relais_server::api::account::{Account, Accounts, Associate, Association, Dissociated, OwnApplication, Redirected};
use tokio::sync::oneshot;

use super::application::Proof;
use super::events::Events;
use super::{instance_name, no_command, time, word};
use crate::client::{Client, Path};
use crate::exit::Status;
use crate::fault::Fault;
use crate::output::{self, Answer, Sheet, complain};
use crate::progress::while_waiting;
use crate::site::Site;
use crate::texts::{account as say, client as words};

/// How often a wrong address may be pasted.
const PASTES: usize = 5;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("associate", inner)) => associate(site, inner).await,
        Some(("status", inner)) => status(site, inner).await,
        Some(("renew", inner)) => renew(site, inner).await,
        Some(("dissociate", inner)) => dissociate(site, inner).await,
        _ => Err(no_command()),
    }
}

/// An account of an instance, in the API.
struct At {
    instance: String,
    parameter: String,
}

impl At {
    fn path<'a>(&'a self, more: impl IntoIterator<Item = &'a str>) -> Path {
        let first = ["instances", &self.instance, "accounts", &self.parameter];
        Path::of(first.into_iter().chain(more))
    }
}

/// The account that the command line names, or the only one of the instance.
async fn at(site: &Site, client: &Client, matches: &ArgMatches) -> Result<At, Fault> {
    let instance = instance_name(site, word(matches, "instance"))?.to_string();
    if let Some(parameter) = matches.get_one::<String>("account") {
        let parameter = parameter.clone();
        return Ok(At { instance, parameter });
    }
    let all: Accounts = client.get(&Path::of(["instances", &instance, "accounts"])).await?;
    let parameters: Vec<String> = all.accounts.into_iter().map(|account| account.parameter).collect();
    match parameters.as_slice() {
        [only] => Ok(At {
            instance,
            parameter: only.clone(),
        }),
        [] => Err(Fault::new(
            Status::Failed,
            "account-unknown",
            say::no_account(site.lang, &instance),
        )),
        several => Err(Fault::field(
            site.lang,
            "--account",
            "account-needed",
            say::several(site.lang, &several.join(", ")),
        )),
    }
}

/// Secrets are asked for before the data folder is opened, which one program at a time can do.
async fn associate(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let given = |id: &str| matches.get_one::<String>(id).cloned();
    let own = match given("client-id") {
        Some(client_id) => {
            let proof = Proof::read(site.lang, matches)?;
            Some(OwnApplication {
                client_id,
                secret: proof.secret,
                certificate: proof.certificate,
                key: proof.key,
            })
        }
        None => None,
    };
    let asked = Associate {
        flow: given("flow"),
        provider: given("provider"),
        application: own,
    };
    let client = Client::open(site).await?;
    let at = at(site, &client, matches).await?;
    let path = at.path(["associate"]);
    let begin = client.give(Method::POST, &path, &asked);
    let begun: Association = while_waiting(say::ASKING.get(site.lang), site.json, begin).await?;
    if matches.get_flag("no-wait") {
        if !client.is_daemon() {
            return Err(Fault::new(Status::Failed, "no-daemon", words::NO_DAEMON.get(site.lang)));
        }
        return Answer::of(shown(site.lang, &begun), &begun);
    }
    if !begun.is_over() {
        // Whoever reads needs it before the command ends.
        let text = match site.json {
            true => output::json(&serde_json::json!(begun)),
            false => shown(site.lang, &begun).text().to_owned(),
        };
        if output::print(&text).is_err() {
            return Ok(Answer::silent());
        }
    }
    let ended = match (begun.is_over(), begun.pasted) {
        (true, _) => begun,
        (false, true) => pasted(site, &client, &at).await?,
        (false, false) => followed(site, &client, &at).await?,
    };
    if ended.state != "done" {
        return Err(not_done(site.lang, &ended));
    }
    let account: Account = client.get(&at.path([])).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet
        .gap()
        .line(&say::done(site.lang, account.username.as_deref()))
        .gap();
    account_sheet(site.lang, &mut sheet, &account);
    Answer::of(sheet, &account)
}

/// What the user has to do.
fn shown(lang: Lang, association: &Association) -> Sheet {
    let mut sheet = Sheet::new(lang);
    if let (Some(code), Some(uri)) = (&association.user_code, &association.verification_uri) {
        sheet
            .line(&say::enter(lang, uri))
            .gap()
            .line(&format!("    {code}"))
            .gap();
        if let Some(complete) = &association.verification_uri_complete {
            sheet.line(&say::or_open(lang, complete)).gap();
        }
    }
    if let Some(address) = &association.address {
        sheet.line(say::OPEN.get(lang)).gap().line(address).gap();
        if association.pasted {
            sheet.line(say::PASTE.get(lang));
        }
    }
    sheet
}

/// Follows the states until the last.
async fn followed(site: &Site, client: &Client, at: &At) -> Result<Association, Fault> {
    let events = client
        .ask(
            Method::GET,
            &at.path(["association", "events"]),
            Body::empty(),
            "",
            "text/event-stream",
        )
        .await?;
    let (mut body, mut events) = (events.into_body(), Events::default());
    let follow = async {
        while let Some(frame) = body.frame().await {
            let lost = |error: String| Fault::new(Status::Failed, "daemon-lost", words::lost(site.lang, &error));
            let frame = frame.map_err(|error| lost(error.to_string()))?;
            for association in frame
                .data_ref()
                .into_iter()
                .flat_map(|data| events.read::<Association>(data))
            {
                if association.is_over() {
                    return Ok(association);
                }
            }
        }
        // The stream ended first: the API says how it stands.
        client.get(&at.path(["association"])).await
    };
    while_waiting(say::WAITING.get(site.lang), site.json, follow).await
}

/// Takes the address from whoever sits there, line by line.
async fn pasted(site: &Site, client: &Client, at: &At) -> Result<Association, Fault> {
    let path = at.path(["association", "redirected"]);
    for _ in 0..PASTES {
        let Some(address) = line().await else { break };
        let given: Result<Association, Fault> = client.give(Method::POST, &path, &Redirected { address }).await;
        match given {
            Err(fault) if fault.code == "redirected-address-wrong" => complain(&fault.text(site.lang)),
            given => return given,
        }
    }
    let given_up: Association = client.act(Method::DELETE, &at.path(["association"])).await?;
    Ok(given_up)
}

/// A line of the standard input. A thread of its own, which nobody waits for when the command ends.
async fn line() -> Option<String> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = io::stdin().lock().read_line(&mut text);
        let _ = tell.send(read.ok().filter(|bytes| *bytes > 0).map(|_| text));
    });
    told.await.ok().flatten()
}

fn not_done(lang: Lang, ended: &Association) -> Fault {
    let code = match (&ended.problem, ended.state.as_str()) {
        (Some(problem), _) => problem.code.clone(),
        (None, state) => format!("association-{state}"),
    };
    let text = match &ended.problem {
        Some(problem) => problem.message.clone(),
        None => say::ended(&ended.state).get(lang).to_owned(),
    };
    Fault::new(Status::Failed, code, text)
}

async fn status(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    if matches.contains_id("account") {
        let account: Account = client.get(&at(site, &client, matches).await?.path([])).await?;
        return answer(site.lang, Sheet::new(site.lang), &account);
    }
    let instance = instance_name(site, word(matches, "instance"))?.to_string();
    let all: Accounts = client.get(&Path::of(["instances", &instance, "accounts"])).await?;
    let mut sheet = Sheet::new(site.lang);
    if all.accounts.is_empty() {
        sheet.line(&say::no_account(site.lang, &instance));
    }
    for account in &all.accounts {
        sheet.gap();
        account_sheet(site.lang, &mut sheet, account);
    }
    Answer::of(sheet, &all)
}

async fn renew(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    let at = at(site, &client, matches).await?;
    let path = at.path(["renew"]);
    let asking = client.act(Method::POST, &path);
    let account: Account = while_waiting(say::ASKING.get(site.lang), site.json, asking).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(say::RENEWED.get(site.lang)).gap();
    answer(site.lang, sheet, &account)
}

async fn dissociate(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    let at = at(site, &client, matches).await?;
    let path = at.path([]);
    let asking = client.act(Method::DELETE, &path);
    let gone: Dissociated = while_waiting(say::ASKING.get(site.lang), site.json, asking).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::dissociated(site.lang, &gone.dissociated));
    sheet.line(say::revocation(&gone.revocation).get(site.lang));
    if let Some(problem) = &gone.problem {
        sheet.line(&problem.message);
    }
    Answer::of(sheet, &gone)
}

fn answer(lang: Lang, mut sheet: Sheet, account: &Account) -> Result<Answer, Fault> {
    account_sheet(lang, &mut sheet, account);
    Answer::of(sheet, account)
}

/// An account for people: what is there of it.
fn account_sheet(lang: Lang, sheet: &mut Sheet, account: &Account) {
    let at = |at: &Option<String>| at.as_deref().map(time);
    let scopes = |scopes: &[String]| Some(scopes.join(" ")).filter(|text| !text.is_empty());
    let own = match account.own_application {
        true => say::OWN,
        false => say::OF_WORKSPACE,
    };
    let application = account.client_id.as_ref().map(|id| format!("{id} ({})", own.get(lang)));
    let facts = [
        (say::ACCOUNT_LABEL, Some(account.parameter.clone())),
        (say::STATE_LABEL, Some(say::state(&account.state).get(lang).to_owned())),
        (say::PROVIDER_LABEL, account.provider.clone()),
        (say::FLOW_LABEL, account.flow.clone()),
        (say::USER_LABEL, account.username.clone()),
        (say::TENANT_LABEL, account.tenant.clone()),
        (say::APPLICATION_LABEL, application),
        (say::SCOPES_LABEL, scopes(&account.scopes)),
        (say::MISSING_LABEL, scopes(&account.missing)),
        (say::ROLES_LABEL, scopes(&account.roles)),
        (say::ASSOCIATED_LABEL, at(&account.associated_at)),
        (say::RENEWED_LABEL, at(&account.renewed_at)),
        (say::USED_LABEL, at(&account.last_used_at)),
    ];
    let pairs: Vec<(&str, String)> = facts
        .into_iter()
        .filter_map(|(label, value)| Some((label.get(lang), value?)))
        .collect();
    sheet.pairs(&pairs);
    if let Some(problem) = &account.problem {
        sheet.title(&problem.message);
    }
}
