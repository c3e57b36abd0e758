//! What the command line of `relais serve` asks for.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_router::WorkspaceName;
use url::Url;

use super::group;
use crate::args::LISTEN;
use crate::fault::Fault;
use crate::texts::serve as say;

/// How the daemon is reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// None where it listens on Unix sockets only.
    pub listen: Option<SocketAddr>,
    /// Where browsers reach the HTTP API: providers of accounts send them back there.
    pub public_url: Option<Url>,
    pub submission: Option<SocketAddr>,
    /// The workspace into which anybody on this machine submits.
    pub submission_open: Option<WorkspaceName>,
    /// The chain and the key with which submission offers STARTTLS.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub spool: Option<PathBuf>,
    /// The group whose members may send by it.
    pub group: Option<u32>,
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
        let submission = given("submission").map(|text| address(lang, "--submission", text));
        let submission = submission.transpose()?;
        let open = given("submission-open")
            .map(|name| WorkspaceName::new(name).map_err(|error| Fault::router(lang, &error.into())));
        let open = open.transpose()?;
        if open.is_some() && submission.is_some_and(|address| !address.ip().is_loopback()) {
            return Err(Fault::field(
                lang,
                "--submission",
                "address-not-loopback",
                say::not_loopback(lang),
            ));
        }
        let file = |id: &str| matches.get_one::<PathBuf>(id).cloned();
        let spool = file("spool");
        let spool = spool.or_else(|| {
            let variable = env::var_os("RELAIS_SPOOL").filter(|value| !value.is_empty());
            variable.map(PathBuf::from)
        });
        let seconds = |id: &str| matches.get_one::<u64>(id).copied().map(Duration::from_secs);
        let group = given("spool-group").map(|name| group::id(lang, name)).transpose()?;
        Ok(Self {
            listen,
            public_url: given("public-url").map(|text| public_url(lang, text)).transpose()?,
            submission,
            submission_open: open,
            certificate: file("submission-certificate").zip(file("submission-key")),
            spool,
            group,
            first_retry: seconds("first-retry"),
            rate: matches.get_one("rate").copied(),
            silence: seconds("silence"),
        })
    }
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
        for bad in ["relais.mairie.example", "http://relais.mairie.example", "https://x/?a=b", "https://u@x/", ""] {
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
}
