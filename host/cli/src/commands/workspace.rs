//! `relais workspace`: one for each instance of EzGED.

use clap::ArgMatches;
use http::Method;
use relais_manifest::Lang;
use relais_server::api::Removed;
use relais_server::api::workspace::{NewWorkspace, Workspace, WorkspaceEdit, Workspaces};

use super::{cleared, no_command, nothing_given, word};
use crate::client::{Client, Path};
use crate::duration;
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector, workspace as say};

const GIVEN: [&str; 8] = [
    "title",
    "contact",
    "notices-through",
    "keep-sent",
    "keep-failed",
    "keep-journal",
    "account-flows",
    "account-providers",
];

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("show", inner)) => show(site, word(inner, "name")).await,
        Some(("create", inner)) => create(site, inner).await,
        Some(("edit", inner)) => edit(site, inner).await,
        Some(("remove", inner)) => remove(site, word(inner, "name")).await,
        _ => Err(no_command()),
    }
}

fn at(name: &str) -> Path {
    Path::host(["workspaces", name])
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Workspaces = Client::open(site).await?.get(&Path::host(["workspaces"])).await?;
    let row = |one: &Workspace| {
        [
            one.name.clone(),
            one.title.clone(),
            one.contact.clone().unwrap_or_default(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    sheet.table(
        say::COLUMNS.map(|column| column.get(lang)),
        &all.workspaces.iter().map(row).collect::<Vec<_>>(),
    );
    Answer::of(sheet, &all)
}

async fn show(site: &Site, name: &str) -> Result<Answer, Fault> {
    let name = site.workspace_named(name)?;
    let one: Workspace = Client::open(site).await?.get(&at(name.as_str())).await?;
    answer(site.lang, Sheet::new(site.lang), &one)
}

async fn create(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = site.workspace_named(word(matches, "name"))?;
    let kept = kept(site.lang, matches)?;
    let new = NewWorkspace {
        name: name.to_string(),
        title: cleared(matches, "title").flatten().unwrap_or_default(),
        contact: cleared(matches, "contact").flatten(),
        sent_body: kept.sent_body.flatten(),
        failed_body: kept.failed_body.flatten(),
        journal: kept.journal.flatten(),
    };
    // It cannot name an instance before it has one.
    let client = Client::open(site).await?;
    let mut one: Workspace = client.give(Method::POST, &Path::host(["workspaces"]), &new).await?;
    let edit = WorkspaceEdit {
        notices_through: cleared(matches, "notices-through"),
        account_flows: listed(matches, "account-flows"),
        account_providers: listed(matches, "account-providers"),
        ..WorkspaceEdit::default()
    };
    if edit != WorkspaceEdit::default() {
        one = client.give(Method::PATCH, &at(name.as_str()), &edit).await?;
    }
    saved(site.lang, &one, true)
}

async fn edit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = site.workspace_named(word(matches, "name"))?;
    nothing_given(site.lang, matches, &GIVEN)?;
    let edit = WorkspaceEdit {
        title: matches.get_one::<String>("title").cloned(),
        contact: cleared(matches, "contact"),
        notices_through: cleared(matches, "notices-through"),
        account_flows: listed(matches, "account-flows"),
        account_providers: listed(matches, "account-providers"),
        ..kept(site.lang, matches)?
    };
    let one: Workspace = Client::open(site)
        .await?
        .give(Method::PATCH, &at(name.as_str()), &edit)
        .await?;
    saved(site.lang, &one, false)
}

async fn remove(site: &Site, name: &str) -> Result<Answer, Fault> {
    let name = site.workspace_named(name)?;
    let removed: Removed = Client::open(site)
        .await?
        .act(Method::DELETE, &at(name.as_str()))
        .await?;
    Answer::line(site.lang, &say::removed(site.lang, name.as_str()), &removed)
}

/// How long what is kept; an empty text follows the host again.
fn kept(lang: Lang, matches: &ArgMatches) -> Result<WorkspaceEdit, Fault> {
    let given = |id: &str| -> Result<Option<Option<u64>>, Fault> {
        let seconds = |text: Option<String>| text.map(|text| duration::seconds(lang, id, &text)).transpose();
        cleared(matches, id).map(seconds).transpose()
    };
    Ok(WorkspaceEdit {
        sent_body: given("keep-sent")?,
        failed_body: given("keep-failed")?,
        journal: given("keep-journal")?,
        ..WorkspaceEdit::default()
    })
}

/// Words between commas; `none` is an empty list, and an empty text allows all again.
fn listed(matches: &ArgMatches, id: &str) -> Option<Option<Vec<String>>> {
    let given = cleared(matches, id)?;
    let list = |text: String| match text.trim() {
        "none" => Vec::new(),
        text => text.split(',').map(|word| word.trim().to_owned()).collect(),
    };
    Some(given.map(list))
}

fn saved(lang: Lang, one: &Workspace, created: bool) -> Result<Answer, Fault> {
    let mut sheet = Sheet::new(lang);
    sheet.line(&say::saved(lang, &one.name, created)).gap();
    answer(lang, sheet, one)
}

fn answer(lang: Lang, mut sheet: Sheet, one: &Workspace) -> Result<Answer, Fault> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| connector::NOTHING.get(lang).to_owned());
    let mut pairs = vec![
        (say::LABEL.get(lang), one.name.clone()),
        (say::TITLE_LABEL.get(lang), one.title.clone()),
        (say::CONTACT_LABEL.get(lang), text(&one.contact)),
        (say::NOTICES_LABEL.get(lang), text(&one.notices_through)),
        (say::ALERTS_LABEL.get(lang), text(&one.alerts_through)),
        (say::CONNECTORS_LABEL.get(lang), one.connectors.join(", ")),
    ];
    let kept = [
        one.retention.sent_body,
        one.retention.failed_body,
        one.retention.journal,
    ];
    for (label, kept) in say::KEPT_LABELS.into_iter().zip(kept) {
        pairs.push((label.get(lang), duration::shown(kept.seconds)));
    }
    let allowed = |words: &Option<Vec<String>>| match words {
        None => say::ALL.get(lang).to_owned(),
        Some(words) if words.is_empty() => connector::NOTHING.get(lang).to_owned(),
        Some(words) => words.join(", "),
    };
    pairs.push((say::FLOWS_LABEL.get(lang), allowed(&one.account_flows)));
    pairs.push((say::PROVIDERS_LABEL.get(lang), allowed(&one.account_providers)));
    sheet.pairs(&pairs);
    if one.alerts_through.is_none() {
        sheet.title(&say::nobody_alerted(lang, &one.name, one.contact.is_some()));
    }
    Answer::of(sheet, one)
}
