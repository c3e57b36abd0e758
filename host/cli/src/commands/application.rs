//! `relais application`: in whose name a workspace's accounts are asked for.

use std::path::PathBuf;

use clap::ArgMatches;
use http::Method;
use relais_manifest::Lang;
use relais_server::api::Removed;
use relais_server::api::application::{Application, Applications, NewApplication};

use super::{no_command, word, words};
use crate::client::{Client, Path};
use crate::fault::Fault;
use crate::files;
use crate::given::Inputs;
use crate::output::{Answer, Sheet};
use crate::secrets;
use crate::site::Site;
use crate::texts::application as say;

/// Bytes of a certificate at most.
const CERTIFICATE_BYTES: u64 = 64 << 10;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    match matches.subcommand() {
        Some(("list", _)) => list(site).await,
        Some(("set", inner)) => set(site, inner).await,
        Some(("remove", inner)) => remove(site, word(inner, "provider")).await,
        _ => Err(no_command()),
    }
}

/// How an application proves itself, as the command line gives it.
pub struct Proof {
    pub secret: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

impl Proof {
    /// A secret and a key come from a file, the standard input or a prompt, and never from the command line.
    pub fn read(lang: Lang, matches: &ArgMatches) -> Result<Self, Fault> {
        let mut inputs = Inputs::new(lang);
        let secret = matches.get_one::<String>("secret");
        let secret = secret.map(|given| secrets::one(lang, "secret", given, &mut inputs));
        let file = |id: &str| matches.get_one::<PathBuf>(id);
        let certificate = file("certificate").map(|path| {
            let bytes = files::read(lang, "certificate", path, CERTIFICATE_BYTES)?;
            files::text(lang, "certificate", &path.display().to_string(), bytes)
        });
        let key = file("certificate-key");
        let key = key.map(|path| secrets::of_file(lang, "certificate-key", path, &mut inputs));
        Ok(Self {
            secret: secret.transpose()?.map(|secret| secret.reveal().to_owned()),
            certificate: certificate.transpose()?,
            key: key.transpose()?.map(|key| key.reveal().to_owned()),
        })
    }
}

async fn list(site: &Site) -> Result<Answer, Fault> {
    let lang = site.lang;
    let all: Applications = Client::open(site).await?.get(&Path::of(["applications"])).await?;
    let row = |one: &Application| {
        let proof = match one.lost {
            true => say::LOST,
            false => say::proof(&one.proof),
        };
        [
            one.provider.clone(),
            one.client_id.clone(),
            proof.get(lang).to_owned(),
            one.origins.join(", "),
            one.accounts.len().to_string(),
        ]
    };
    let mut sheet = Sheet::new(lang);
    if all.applications.is_empty() {
        sheet.line(say::NONE.get(lang));
    } else {
        sheet.table(
            say::COLUMNS.map(|column| column.get(lang)),
            &all.applications.iter().map(row).collect::<Vec<_>>(),
        );
    }
    Answer::of(sheet, &all)
}

/// Secrets are asked for before the data folder is opened, which one program at a time can do.
async fn set(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let proof = Proof::read(site.lang, matches)?;
    let origins: Vec<String> = words(matches, "origin").cloned().collect();
    let new = NewApplication {
        client_id: word(matches, "client-id").to_owned(),
        secret: proof.secret,
        certificate: proof.certificate,
        key: proof.key,
        origins: (!origins.is_empty()).then_some(origins),
    };
    let path = Path::of(["applications", word(matches, "provider")]);
    let one: Application = Client::open(site).await?.give(Method::PUT, &path, &new).await?;
    let mut sheet = Sheet::new(site.lang);
    sheet.line(&say::saved(site.lang, &one.provider, &one.client_id));
    if !one.origins.is_empty() {
        sheet.line(&say::goes_to(site.lang, &one.origins.join(", ")));
    }
    Answer::of(sheet, &one)
}

async fn remove(site: &Site, provider: &str) -> Result<Answer, Fault> {
    let path = Path::of(["applications", provider]);
    let removed: Removed = Client::open(site).await?.act(Method::DELETE, &path).await?;
    Answer::line(site.lang, &say::removed(site.lang, provider), &removed)
}
