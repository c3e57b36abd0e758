//! `relais workspace`: one for each instance of EzGED.

use clap::ArgMatches;
use http::Method;
use relais_manifest::Lang;
use relais_server::api::Removed;
use relais_server::api::workspace::{NewWorkspace, Retention, Workspace, WorkspaceEdit, Workspaces};

use super::{cleared, nothing_given, no_command, word};
use crate::client::{Client, Path};
use crate::duration;
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{connector, workspace as say};

const GIVEN: [&str; 6] = ["title", "contact", "notices-through", "keep-sent", "keep-failed", "keep-journal"];

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
            one.title.clone().unwrap_or_default(),
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
    let new = NewWorkspace {
        name: name.to_string(),
        title: cleared(matches, "title").flatten(),
        contact: cleared(matches, "contact").flatten(),
        retention: retention(site.lang, matches)?.unwrap_or_default(),
    };
    // It cannot name an instance before it has one.
    let client = Client::open(site).await?;
    let mut one: Workspace = client.give(Method::POST, &Path::host(["workspaces"]), &new).await?;
    if let Some(through) = cleared(matches, "notices-through") {
        let edit = WorkspaceEdit {
            notices_through: Some(through),
            ..WorkspaceEdit::default()
        };
        one = client.give(Method::PATCH, &at(name.as_str()), &edit).await?;
    }
    saved(site.lang, &one, true)
}

async fn edit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let name = site.workspace_named(word(matches, "name"))?;
    nothing_given(site.lang, matches, &GIVEN)?;
    let client = Client::open(site).await?;
    let retention = match retention(site.lang, matches)? {
        None => None,
        // The API takes all three together.
        Some(given) => {
            let before: Workspace = client.get(&at(name.as_str())).await?;
            Some(Retention {
                sent_body_s: given.sent_body_s.or(before.retention.sent_body_s),
                failed_body_s: given.failed_body_s.or(before.retention.failed_body_s),
                journal_s: given.journal_s.or(before.retention.journal_s),
            })
        }
    };
    let edit = WorkspaceEdit {
        title: cleared(matches, "title"),
        contact: cleared(matches, "contact"),
        notices_through: cleared(matches, "notices-through"),
        retention,
    };
    let one: Workspace = client.give(Method::PATCH, &at(name.as_str()), &edit).await?;
    saved(site.lang, &one, false)
}

async fn remove(site: &Site, name: &str) -> Result<Answer, Fault> {
    let name = site.workspace_named(name)?;
    let removed: Removed = Client::open(site).await?.act(Method::DELETE, &at(name.as_str())).await?;
    Answer::line(site.lang, &say::removed(site.lang, name.as_str()), &removed)
}

fn retention(lang: Lang, matches: &ArgMatches) -> Result<Option<Retention>, Fault> {
    let given = |id: &str| -> Result<Option<u64>, Fault> {
        let text = matches.get_one::<String>(id);
        text.map(|text| duration::seconds(lang, id, text)).transpose()
    };
    let retention = Retention {
        sent_body_s: given("keep-sent")?,
        failed_body_s: given("keep-failed")?,
        journal_s: given("keep-journal")?,
    };
    Ok((retention != Retention::default()).then_some(retention))
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
        (say::TITLE_LABEL.get(lang), text(&one.title)),
        (say::CONTACT_LABEL.get(lang), text(&one.contact)),
        (say::NOTICES_LABEL.get(lang), text(&one.notices_through)),
        (say::CONNECTORS_LABEL.get(lang), one.connectors.join(", ")),
    ];
    let kept = [one.retention.sent_body_s, one.retention.failed_body_s, one.retention.journal_s];
    for (label, seconds) in say::KEPT_LABELS.into_iter().zip(kept) {
        if let Some(seconds) = seconds {
            pairs.push((label.get(lang), duration::shown(seconds)));
        }
    }
    sheet.pairs(&pairs);
    Answer::of(sheet, one)
}
