//! `relais instance`: one set of parameters, secrets and grants for a connector.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::ArgMatches;
use relais_manifest::given_values;
use relais_router::{Edit, InstanceName, InstanceView, New, Router, Who};
use relais_sandbox::Grant;
use serde_json::json;

use super::{instance_name, instance_view, no_command, word, words};
use crate::fault::Fault;
use crate::given::Inputs;
use crate::output::{Answer, Sheet, named_values};
use crate::secrets;
use crate::site::Site;
use crate::texts::instance as say;

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

fn fault(site: &Site) -> impl Fn(relais_router::Error) -> Fault {
    let lang = site.lang;
    move |error| Fault::router(lang, &error)
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let instances = site.router().await?.instances(&site.workspace).map_err(fault(site))?;
    let row = |view: &InstanceView| {
        let state = if instance_view::ready(view) {
            say::READY
        } else {
            say::TO_REVIEW
        };
        let connector = format!("{} {}", view.connector, view.connector_version);
        [
            view.name.to_string(),
            connector,
            view.default_of.join(", "),
            state.get(lang).to_owned(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if instances.is_empty() {
        sheet.line(say::NO_INSTANCE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &instances.iter().map(row).collect::<Vec<_>>(),
        );
    }
    let views: Vec<_> = instances
        .iter()
        .map(|view| instance_view::as_json(lang, view))
        .collect();
    Ok(Answer::done(sheet, json!({ "instances": views })))
}

async fn show(site: &Site, name: &InstanceName) -> Result<Answer, Fault> {
    let router = site.router().await?;
    let view = router.instance(&site.workspace, name).map_err(fault(site))?;
    answer(site, &router, &view, Sheet::new(site.lang))
}

/// The instance as it is now, below what `sheet` says already.
fn answer(site: &Site, router: &Router, view: &InstanceView, mut sheet: Sheet) -> Result<Answer, Fault> {
    let connector = router.connector(&view.connector).map_err(fault(site))?;
    instance_view::sheet(site.lang, &mut sheet, view, &connector.manifest);
    Ok(Answer::done(sheet, instance_view::as_json(site.lang, view)))
}

/// Secrets are asked for before the data folder is opened, which one program at a time can do.
async fn create(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = name(site, matches)?;
    let mut inputs = Inputs::new(site.lang);
    let values = given_values(&inputs.values(words(matches, "set"))?);
    let secrets = secrets::read(site.lang, words(matches, "secret"), &mut inputs)?;
    let connector = word(matches, "connector").to_owned();
    let new = New {
        connector,
        values,
        secrets,
        grants: words(matches, "grant").cloned().collect(),
        ..New::default()
    };
    let router = site.router().await?;
    let view = router
        .create_instance(&Who::this_process(), &site.workspace, &name, new)
        .map_err(fault(site))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::saved(site.lang, name.as_str(), true)).gap();
    answer(site, &router, &view, sheet)
}

async fn edit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = name(site, matches)?;
    let changes = ["set", "secret", "grant", "unset", "forget", "revoke"];
    if changes.iter().all(|id| words(matches, id).next().is_none()) {
        return Err(Fault::input("nothing-to-change", say::NOTHING_TO_CHANGE.get(site.lang)));
    }
    let mut inputs = Inputs::new(site.lang);
    let set = given_values(&inputs.values(words(matches, "set"))?);
    let secrets = secrets::read(site.lang, words(matches, "secret"), &mut inputs)?;
    let router = site.router().await?;
    let before = router.instance(&site.workspace, &name).map_err(fault(site))?;
    let edit = Edit {
        set,
        unset: words(matches, "unset").cloned().collect(),
        secrets,
        forget: words(matches, "forget").cloned().collect(),
        grants: grants(site, &before.grants, words(matches, "grant"), words(matches, "revoke"))?,
        ..Edit::default()
    };
    let view = router
        .edit_instance(&Who::this_process(), &site.workspace, &name, edit)
        .map_err(fault(site))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::saved(site.lang, name.as_str(), false)).gap();
    answer(site, &router, &view, sheet)
}

/// All grants after the edit; nothing where it does not touch them. What is no grant is left for the router to refuse.
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
    let found = site
        .router()
        .await?
        .verify_instance(&site.workspace, name)
        .await
        .map_err(fault(site))?;
    let label = |name: &str| say::finding(name).map_or_else(|| name.to_owned(), |label| label.get(lang).to_owned());
    let pairs: Vec<(String, &String)> = found.iter().map(|(name, value)| (label(name), value)).collect();
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::works(lang, name.as_str())).pairs(&pairs);
    Ok(Answer::done(
        sheet,
        json!({ "verified": true, "instance": name, "found": named_values(&found) }),
    ))
}

async fn remove(site: &Site, name: &InstanceName) -> Result<Answer, Fault> {
    site.router()
        .await?
        .remove_instance(&Who::this_process(), &site.workspace, name)
        .map_err(fault(site))?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::removed(site.lang, name.as_str()));
    Ok(Answer::done(sheet, json!({ "removed": name })))
}
