//! `relais token` and `relais audit`: who may call, and who changed what.

use clap::ArgMatches;
use http::Method;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use relais_manifest::Lang;
use relais_server::api::audit::{Audit, AuditEntry};
use relais_server::api::token::{CreatedToken, NewToken, Token, Tokens};

use super::{no_command, service_instance_name, time, word};
use crate::client::{Client, Path};
use crate::duration;
use crate::fault::Fault;
use crate::output::{Answer, Sheet};
use crate::site::Site;
use crate::texts::{audit, token as say};

/// Lines of the journal unless told otherwise.
const LINES: u32 = 50;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("create", inner)) => create(site, inner).await,
        Some(("revoke", inner)) => revoke(site, word(inner, "id")).await,
        _ => Err(no_command()),
    }
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Tokens = Client::open(site).await?.get(&Path::of(["tokens"])).await?;
    let now = Timestamp::now();
    let row = |one: &Token| {
        let used = one.last_used_at.as_deref();
        [
            one.id.clone(),
            one.name.clone(),
            one.role.clone(),
            one.service_instance.clone().unwrap_or_default(),
            used.map_or_else(|| say::NEVER.get(lang).to_owned(), time),
            state(lang, one, now).to_owned(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if all.tokens.is_empty() {
        sheet.line(say::NONE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &all.tokens.iter().map(row).collect::<Vec<_>>(),
        );
    }
    Answer::of(sheet, &all)
}

fn state(lang: Lang, one: &Token, now: Timestamp) -> &'static str {
    let expires = one.expires_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let state = match (&one.revoked_at, expires) {
        (Some(_), _) => say::REVOKED,
        (None, Some(at)) if at <= now => say::EXPIRED,
        _ => say::VALID,
    };
    state.get(lang)
}

async fn create(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let bound = matches.get_one::<String>("service-instance");
    let expires = matches.get_one::<String>("expires");
    let new = NewToken {
        name: word(matches, "name").to_owned(),
        role: word(matches, "role").to_owned(),
        service_instance: bound
            .map(|name| service_instance_name(site, name).map(|name| name.to_string()))
            .transpose()?,
        expires_at: expires.map(|text| expiry(lang, text)).transpose()?,
    };
    let made: CreatedToken = Client::open(site)
        .await?
        .give(Method::POST, &Path::of(["tokens"]), &new)
        .await?;
    let mut sheet = Sheet::new(lang);
    sheet
        .line(&say::created(lang, &made.view.name, &made.view.id))
        .title(&made.token)
        .title(say::SHOWN_ONCE.get(lang));
    Answer::of(sheet, &made)
}

/// The end of a day in this machine's time zone, or so long from now.
fn expiry(lang: Lang, text: &str) -> Result<String, Fault> {
    let at = match text.parse::<Date>() {
        Ok(day) => day
            .tomorrow()
            .and_then(|next| next.to_zoned(TimeZone::system()))
            .map(|end| end.timestamp())
            .ok(),
        Err(_) => duration::parse(text)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .and_then(|seconds| Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).ok()),
    };
    at.map(|at| at.to_string())
        .ok_or_else(|| Fault::field(lang, "expires", "date-invalid", say::not_a_date(lang)))
}

async fn revoke(site: &Site, id: &str) -> Result<Answer, Fault> {
    let revoked: Token = Client::open(site)
        .await?
        .act(Method::DELETE, &Path::of(["tokens", id]))
        .await?;
    Answer::line(site.lang, &say::revoked(site.lang, id), &revoked)
}

/// `relais audit`.
pub async fn audit(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let Some(("list", inner)) = matches.subcommand() else {
        return Err(no_command());
    };
    let lang = site.lang;
    let path = if inner.get_flag("all") {
        Path::host(["audit"])
    } else {
        Path::of(["audit"])
    };
    let limit = inner.get_one::<u32>("limit").copied().unwrap_or(LINES);
    let before = inner.get_one::<u64>("before").map(u64::to_string);
    let path = path
        .with("limit", &limit.to_string())
        .with_some("before", before.as_deref());
    let page: Audit = Client::open(site).await?.get(&path).await?;
    let row = |one: &AuditEntry| {
        let object = match one.detail.is_empty() {
            true => one.object.clone(),
            false => format!("{} ({})", one.object, one.detail.join(", ")),
        };
        [
            one.seq.to_string(),
            time(&one.at),
            one.by.clone(),
            one.workspace.clone().unwrap_or_default(),
            one.action.clone(),
            object,
        ]
    };
    let mut sheet = Sheet::new(lang);
    if page.entries.is_empty() {
        sheet.line(audit::NONE.get(lang));
    } else {
        sheet.table(
            audit::COLUMNS.map(|column| column.get(lang)),
            &page.entries.iter().map(row).collect::<Vec<_>>(),
        );
    }
    Answer::of(sheet, &page)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_expires_on_a_day_or_after_a_time() {
        assert!(expiry(Lang::En, "2027-01-31").unwrap().starts_with("2027-0"));
        let in_ninety_days: Timestamp = expiry(Lang::En, "90d").unwrap().parse().unwrap();
        let from_now = in_ninety_days.duration_since(Timestamp::now()).as_hours();
        assert!((89 * 24..=90 * 24).contains(&from_now), "{from_now}");
        assert_eq!(expiry(Lang::Fr, "demain").unwrap_err().code, "date-invalid");
    }
}
