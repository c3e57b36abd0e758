//! What the command line of `relais serve` asks for.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_router::WorkspaceName;
use url::Url;

use super::group;
use super::spool::Groups;
use crate::args::LISTEN;
use crate::fault::Fault;
use crate::texts::serve as say;

/// How the daemon is reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// None where it listens on Unix sockets only.
    pub listen: Option<SocketAddr>,
    /// The chain and the key with which the HTTP API is served under TLS.
    pub listen_certificate: Option<(PathBuf, PathBuf)>,
    /// Where the figures are told without a token.
    pub metrics: Option<SocketAddr>,
    /// Where browsers reach the HTTP API: providers of accounts send them back there.
    pub public_url: Option<Url>,
    pub submission: Option<SocketAddr>,
    /// Where submission speaks TLS from the first octet.
    pub submission_tls: Option<SocketAddr>,
    /// How submission calls itself.
    pub submission_name: String,
    /// The workspace into which anybody on this machine submits.
    pub submission_open: Option<WorkspaceName>,
    /// The chain and the key with which submission speaks TLS.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub spool: Option<PathBuf>,
    /// The groups whose members may send by it.
    pub groups: Groups,
    /// The wait after a delivery's first attempt that did not send.
    pub first_retry: Option<Duration>,
    /// Requests a second that one token may make.
    pub rate: Option<u32>,
    /// How long a remote may say nothing before its connection is given up.
    pub silence: Option<Duration>,
}

impl Options {
    /// Reads them all, and refuses what does not go together.
    pub fn read(lang: Lang, matches: &ArgMatches) -> Result<Self, Fault> {
        let given = |id: &str| matches.get_one::<String>(id).map(String::as_str);
        let listen = match given("listen").unwrap_or(LISTEN) {
            "off" => None,
            text => Some(address(lang, "--listen", text)?),
        };
        let file = |id: &str| matches.get_one::<PathBuf>(id).cloned();
        let listen_certificate = file("listen-certificate").zip(file("listen-key"));
        let protected = listen_certificate.is_some() || matches.get_flag("tls-by-proxy");
        if listen.is_some_and(is_public) && !protected {
            return Err(Fault::field(lang, "--listen", "address-in-clear", say::in_clear(lang)));
        }
        let at = |id: &str| {
            let text = given(id)?;
            Some(address(lang, &format!("--{id}"), text))
        };
        let (submission, submission_tls) = (at("submission").transpose()?, at("submission-tls").transpose()?);
        let certificate = file("submission-certificate").zip(file("submission-key"));
        let open = given("submission-open")
            .map(|name| WorkspaceName::new(name).map_err(|error| Fault::router(lang, &error.into())));
        let open = open.transpose()?;
        if open.is_some() && submission.is_some_and(is_public) {
            return Err(Fault::field(
                lang,
                "--submission",
                "address-not-loopback",
                say::not_loopback(lang),
            ));
        }
        if submission.is_some_and(is_public) && certificate.is_none() {
            let text = say::submission_in_clear(lang);
            return Err(Fault::field(lang, "--submission", "address-in-clear", text));
        }
        let submission_name = match given("submission-name") {
            Some(name) if is_host_name(name) => name.to_owned(),
            Some(_) => {
                let text = say::no_name(lang);
                return Err(Fault::field(lang, "--submission-name", "name-invalid", text));
            }
            None => host_name(),
        };
        let spool = file("spool");
        let spool = spool.or_else(|| {
            let variable = env::var_os("RELAIS_SPOOL").filter(|value| !value.is_empty());
            variable.map(PathBuf::from)
        });
        let seconds = |id: &str| matches.get_one::<u64>(id).copied().map(Duration::from_secs);
        Ok(Self {
            listen,
            listen_certificate,
            metrics: at("metrics").transpose()?,
            public_url: given("public-url").map(|text| public_url(lang, text)).transpose()?,
            submission,
            submission_tls,
            submission_name,
            submission_open: open,
            certificate,
            spool,
            groups: groups(lang, matches.get_many::<String>("spool-group").into_iter().flatten())?,
            first_retry: seconds("first-retry"),
            rate: matches.get_one("rate").copied(),
            silence: seconds("silence"),
        })
    }
}

/// `GROUP`, whose members send in every workspace, and `WORKSPACE=GROUP`, whose members send in that one.
fn groups<'a>(lang: Lang, given: impl Iterator<Item = &'a String>) -> Result<Groups, Fault> {
    let mut groups = Groups::default();
    for text in given {
        let before = match text.split_once('=') {
            None => groups.all.replace(group::id(lang, text)?),
            Some((ws, group)) => {
                let ws = WorkspaceName::new(ws).map_err(|error| Fault::router(lang, &error.into()))?;
                groups.own.insert(ws, group::id(lang, group)?)
            }
        };
        if before.is_some() {
            let text = say::two_groups(lang, text);
            return Err(Fault::field(lang, "--spool-group", "given-twice", text));
        }
    }
    Ok(groups)
}

/// An address of the web without a query. In clear for loopback only: a code comes back to it.
fn public_url(lang: Lang, text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).ok().filter(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        plain && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && local))
    });
    url.ok_or_else(|| Fault::field(lang, "--public-url", "address-invalid", say::not_a_public_url(lang)))
}

fn address(lang: Lang, field: &str, text: &str) -> Result<SocketAddr, Fault> {
    text.parse()
        .map_err(|_| Fault::field(lang, field, "address-invalid", say::address(lang)))
}

/// Whether other machines reach it, also where an IPv4 address is written as an IPv6 one.
fn is_public(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// The name of this machine, or `localhost` where it is none that another server would take.
fn host_name() -> String {
    let told = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = told.trim();
    if is_host_name(name) { name } else { "localhost" }.to_owned()
}

/// RFC 5321 section 2.3.5: labels of letters, digits and hyphens.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let well = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        well && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args;

    fn read(arguments: &[&str]) -> Result<Options, Fault> {
        let matches = args::command(Lang::En)
            .try_get_matches_from([&["relais", "serve"], arguments].concat())
            .unwrap();
        let (_, serve) = matches.subcommand().unwrap();
        Options::read(Lang::En, serve)
    }

    #[test]
    fn it_listens_on_loopback_unless_told_otherwise() {
        assert!(read(&[]).unwrap().listen.unwrap().ip().is_loopback());
        assert_eq!(read(&["--listen", "off"]).unwrap().listen, None);
        assert_eq!(read(&["--listen", "localhost"]).unwrap_err().code, "address-invalid");
    }

    #[test]
    fn a_public_address_is_one_of_the_web_and_in_clear_on_this_machine_only() {
        let read = |url: &str| read(&["--public-url", url]).map(|options| options.public_url);
        assert_eq!(
            read("https://relais.mairie.example/ged").unwrap().unwrap().path(),
            "/ged"
        );
        assert!(read("http://localhost:8525").is_ok());
        for bad in [
            "relais.mairie.example",
            "http://relais.mairie.example",
            "https://x/?a=b",
            "https://u@x/",
            "",
        ] {
            assert_eq!(read(bad).unwrap_err().code, "address-invalid", "{bad}");
        }
    }

    #[test]
    fn submission_without_a_login_stays_on_this_machine() {
        let open = ["--submission-open", "default"];
        assert!(read(&[&["--submission", "[::1]:2525"][..], &open].concat()).is_ok());
        let refused = read(&[&["--submission", "0.0.0.0:2525"][..], &open].concat()).unwrap_err();
        assert_eq!(refused.code, "address-not-loopback");
    }

    #[test]
    fn tokens_cross_a_network_under_tls_or_where_somebody_says_that_a_proxy_does_it() {
        for address in ["0.0.0.0:8525", "[::]:8525", "192.0.2.1:8525", "[::ffff:192.0.2.1]:8525"] {
            let listen = ["--listen", address];
            let refused = read(&listen).unwrap_err();
            assert_eq!(refused.code, "address-in-clear", "{address}");
            assert!(refused.message.contains("--tls-by-proxy"), "{}", refused.message);
            assert!(read(&[&listen[..], &["--tls-by-proxy"]].concat()).is_ok());
            let certificate = ["--listen-certificate", "/c", "--listen-key", "/k"];
            let options = read(&[&listen[..], &certificate].concat()).unwrap();
            assert_eq!(options.listen_certificate, Some(("/c".into(), "/k".into())));
            assert_eq!(read(&["--submission", address]).unwrap_err().code, "address-in-clear");
        }
        for address in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
            assert!(
                read(&["--listen", address, "--submission", address]).is_ok(),
                "{address}"
            );
        }
    }

    #[test]
    fn submission_goes_by_a_name_that_another_server_takes() {
        assert!(is_host_name(&read(&[]).unwrap().submission_name));
        assert_eq!(
            read(&["--submission-name", "mx.example.org"]).unwrap().submission_name,
            "mx.example.org"
        );
        for bad in ["", "a b", "a..b", "-a", "a;b", "é.example"] {
            let name = format!("--submission-name={bad}");
            assert_eq!(read(&[&name]).unwrap_err().code, "name-invalid", "{bad}");
        }
    }

    #[test]
    fn a_group_sends_everywhere_or_in_one_workspace() {
        let groups = |given: &[&str]| {
            let options: Vec<&str> = given.iter().flat_map(|group| ["--spool-group", group]).collect();
            read(&options).map(|options| options.groups)
        };
        let read = groups(&["33", "mairie=34", "voisin=35"]).unwrap();
        let own: Vec<_> = read.own.iter().map(|(ws, group)| (ws.as_str(), *group)).collect();
        assert_eq!((read.all, own), (Some(33), vec![("mairie", 34), ("voisin", 35)]));
        for (given, code) in [
            (["33", "34"], "given-twice"),
            (["mairie=33", "mairie=34"], "given-twice"),
            (["33", "A=34"], "name-invalid"),
            (["33", "mairie=no-such-group-here"], "group-unknown"),
        ] {
            assert_eq!(groups(&given).unwrap_err().code, code, "{given:?}");
        }
    }
}
