//! `relais instance`: one set of parameters, secrets and grants for a connector.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use clap::ArgMatches;
use http::Method;
use relais_manifest::given_values;
use relais_router::InstanceName;
use relais_sandbox::{Grant, Secret};
use relais_server::api::Removed;
use relais_server::api::connector_form::ConnectorForm;
use relais_server::api::instance::{Instance, InstanceEdit, InstanceLimits, Instances, NewInstance, Verified};

use super::{connector, instance_name, instance_view, no_command, nothing_given, word, words};
use crate::client::{Client, Path};
use crate::fault::Fault;
use crate::given::Inputs;
use crate::output::{Answer, Sheet};
use crate::progress::while_waiting;
use crate::secrets;
use crate::site::Site;
use crate::texts::instance as say;

const GIVEN: [&str; 8] = [
    "set",
    "secret",
    "grant",
    "unset",
    "forget",
    "revoke",
    "sessions",
    "per-minute",
];

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("show", inner)) => show(site, &name(site, inner)?).await,
        Some(("create", inner)) => create(site, inner).await,
        Some(("edit", inner)) => edit(site, inner).await,
        Some(("verify", inner)) => verify(site, &name(site, inner)?).await,
        Some(("remove", inner)) => remove(site, &name(site, inner)?).await,
        _ => Err(no_command()),
    }
}

fn name(site: &Site, matches: &ArgMatches) -> Result<InstanceName, Fault> {
    instance_name(site, word(matches, "name"))
}

fn at(name: &InstanceName) -> Path {
    Path::of(["instances", name.as_str()])
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Instances = Client::open(site).await?.get(&Path::of(["instances"])).await?;
    let row = |one: &Instance| {
        let state = if one.ready() { say::READY } else { say::TO_REVIEW };
        [
            one.name.clone(),
            format!("{} {}", one.connector, one.connector_version),
            one.default_of.join(", "),
            state.get(lang).to_owned(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if all.instances.is_empty() {
        sheet.line(say::NO_INSTANCE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &all.instances.iter().map(row).collect::<Vec<_>>(),
        );
    }
    Answer::of(sheet, &all)
}

async fn show(site: &Site, name: &InstanceName) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    let one = client.get(&at(name)).await?;
    answer(site, &client, &one, Sheet::new(site.lang)).await
}

/// The instance as it is now, below what `sheet` says already. Its labels are the connector's.
async fn answer(site: &Site, client: &Client, one: &Instance, mut sheet: Sheet) -> Result<Answer, Fault> {
    let form: ConnectorForm = client.get(&Path::of(connector::segments(&one.connector))).await?;
    instance_view::sheet(site.lang, &mut sheet, one, &form);
    Answer::of(sheet, one)
}

/// Secrets are asked for before the data folder is opened, which one program at a time can do.
async fn create(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = name(site, matches)?;
    let mut inputs = Inputs::new(site.lang);
    let values = given_values(&inputs.values(words(matches, "set"))?);
    let secrets = secrets::read(site.lang, words(matches, "secret"), &mut inputs)?;
    let new = NewInstance {
        name: name.to_string(),
        connector: word(matches, "connector").to_owned(),
        values,
        secrets: revealed(&secrets),
        grants: words(matches, "grant").cloned().collect(),
        limits: limits(matches, InstanceLimits::default()),
    };
    let client = Client::open(site).await?;
    let one = client.give(Method::POST, &Path::of(["instances"]), &new).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::saved(site.lang, name.as_str(), true)).gap();
    answer(site, &client, &one, sheet).await
}

async fn edit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = name(site, matches)?;
    nothing_given(site.lang, matches, &GIVEN)?;
    let mut inputs = Inputs::new(site.lang);
    let set = given_values(&inputs.values(words(matches, "set"))?);
    let secrets = secrets::read(site.lang, words(matches, "secret"), &mut inputs)?;
    let client = Client::open(site).await?;
    let before: Instance = client.get(&at(&name)).await?;
    let limited = matches.contains_id("sessions") || matches.contains_id("per-minute");
    let edit = InstanceEdit {
        set,
        unset: words(matches, "unset").cloned().collect(),
        secrets: revealed(&secrets),
        forget: words(matches, "forget").cloned().collect(),
        grants: grants(site, &before.grants, words(matches, "grant"), words(matches, "revoke"))?,
        limits: limited.then(|| limits(matches, before.limits)),
    };
    let one = client.give(Method::PATCH, &at(&name), &edit).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::saved(site.lang, name.as_str(), false)).gap();
    answer(site, &client, &one, sheet).await
}

/// They leave this process over the daemon's own socket, or not at all.
fn revealed(secrets: &BTreeMap<String, Secret>) -> BTreeMap<String, String> {
    secrets
        .iter()
        .map(|(id, secret)| (id.clone(), secret.reveal().to_owned()))
        .collect()
}

/// The limits after the command; 0 takes one away.
fn limits(matches: &ArgMatches, before: InstanceLimits) -> InstanceLimits {
    let given = |id: &str, before: Option<u32>| match matches.get_one::<u32>(id) {
        None => before,
        Some(0) => None,
        Some(most) => Some(*most),
    };
    InstanceLimits {
        sessions: given("sessions", before.sessions),
        per_minute: given("per-minute", before.per_minute),
    }
}

/// All grants after the edit; nothing where it does not touch them. What is no grant is left for the API to refuse.
fn grants<'a>(
    site: &Site,
    before: &[String],
    add: impl Iterator<Item = &'a String>,
    revoke: impl Iterator<Item = &'a String>,
) -> Result<Option<Vec<String>>, Fault> {
    let spelled = |text: &String| Grant::from_str(text).map_or_else(|_| text.clone(), |grant| grant.to_string());
    let mut after: BTreeSet<String> = before.iter().cloned().collect();
    let mut touched = false;
    for grant in revoke {
        if !after.remove(&spelled(grant)) {
            return Err(Fault::field(
                site.lang,
                "--revoke",
                "grant-absent",
                say::not_granted(site.lang, grant),
            ));
        }
        touched = true;
    }
    for grant in add {
        after.insert(spelled(grant));
        touched = true;
    }
    Ok(touched.then(|| after.into_iter().collect()))
}

async fn verify(site: &Site, name: &InstanceName) -> Result<Answer, Fault> {
    let lang = site.lang;
    let client = Client::open(site).await?;
    let path = Path::of(["instances", name.as_str(), "verify"]);
    let asking = client.act(Method::POST, &path);
    let verified: Verified = while_waiting(say::VERIFYING.get(lang), site.json, asking).await?;
    let label = |name: &str| say::finding(name).map_or_else(|| name.to_owned(), |label| label.get(lang).to_owned());
    let pairs: Vec<(String, &String)> = verified
        .found
        .iter()
        .map(|found| (label(&found.name), &found.value))
        .collect();
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::works(lang, name.as_str())).pairs(&pairs);
    Answer::of(sheet, &verified)
}

async fn remove(site: &Site, name: &InstanceName) -> Result<Answer, Fault> {
    let removed: Removed = Client::open(site).await?.act(Method::DELETE, &at(name)).await?;
    Answer::line(site.lang, &say::removed(site.lang, name.as_str()), &removed)
}
