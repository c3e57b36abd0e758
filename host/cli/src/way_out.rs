//! How connections leave: the one place that reads the site's proxy and its authorities, for the daemon and for every command that
//! opens the store itself.
//!
//! The threat: an environment that a caller sets (`HTTPS_PROXY`) would lead mail and tokens past whoever runs the host, so that its
//! proxy variables are not followed; and a command line shows a proxy's password to every user, so that it stands in a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_outgoing::{Exceptions, Outgoing, Proxy, Roots, SettingError, Settings};

use crate::fault::Fault;
use crate::{files, secrets};

/// Bytes of a file of authorities.
const CA_BYTES: u64 = 4 << 20;
/// The word for no proxy, stronger than a variable that names one.
const OFF: &str = "off";
/// Variables by which other programs find a proxy.
const FOREIGN: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What the command line and the environment ask for. Nothing of it is read before a connection may leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayOut {
    proxy: Option<String>,
    credentials: Option<PathBuf>,
    exceptions: Option<String>,
    authorities: Option<PathBuf>,
    /// Variables that name a proxy and are not followed.
    ignored: Vec<&'static str>,
}

impl WayOut {
    /// From the options of a command and the variables of the environment; an option is stronger.
    pub fn of(matches: &ArgMatches, variable: &impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |id: &str, name: &str| {
            let variable = || set(name).map(|value| value.to_string_lossy().into_owned());
            matches.get_one::<String>(id).cloned().or_else(variable)
        };
        let path = |id: &str, name: &str| {
            let variable = || set(name).map(PathBuf::from);
            matches.get_one::<PathBuf>(id).cloned().or_else(variable)
        };
        Self {
            proxy: text("proxy", "RELAIS_PROXY").filter(|proxy| proxy != OFF),
            credentials: path("proxy-credentials-file", "RELAIS_PROXY_CREDENTIALS_FILE"),
            exceptions: text("no-proxy", "RELAIS_NO_PROXY"),
            authorities: path("ca-file", "RELAIS_CA_FILE"),
            ignored: FOREIGN.into_iter().filter(|name| set(name).is_some()).collect(),
        }
    }

    /// Reads what it names.
    pub fn read(&self, lang: Lang) -> Result<Outgoing, Fault> {
        let proxy = self.proxy.as_deref().map(|address| self.proxy(lang, address));
        let roots = self.authorities.as_deref().map(|path| authorities(lang, path));
        Ok(Outgoing::new(Settings {
            proxy: proxy.transpose()?,
            roots: roots.transpose()?.unwrap_or_default(),
            ..Settings::default()
        }))
    }

    fn proxy(&self, lang: Lang, address: &str) -> Result<Proxy, Fault> {
        let mut proxy = Proxy::parse(address).map_err(|error| refused(lang, "--proxy", &error))?;
        if let Some(path) = &self.credentials {
            let field = "--proxy-credentials-file";
            let credentials = secrets::in_file(lang, field, path)?;
            let known = proxy.with_credentials(&credentials);
            proxy = known.map_err(|error| refused(lang, field, &error))?;
        }
        if let Some(list) = &self.exceptions {
            let exceptions = Exceptions::parse(&[list]).map_err(|error| refused(lang, "--no-proxy", &error))?;
            proxy = proxy.with_exceptions(exceptions);
        }
        Ok(proxy)
    }

    /// Says in the log which way out is used, and which variables are not followed. No value of theirs: one may hold a password.
    pub fn tell(&self, outgoing: &Outgoing) {
        let extra_authorities = outgoing.roots().extra();
        match outgoing.proxy() {
            None => tracing::info!(extra_authorities, "connections leave directly"),
            Some(proxy) => tracing::info!(
                %proxy,
                with_credentials = proxy.has_credentials(),
                no_proxy = %proxy.exceptions(),
                extra_authorities,
                "connections leave through the proxy, but for private names and addresses"
            ),
        }
        for variable in &self.ignored {
            tracing::warn!(
                variable,
                "this variable names a proxy and is not followed: use --proxy or RELAIS_PROXY"
            );
        }
    }
}

fn authorities(lang: Lang, path: &Path) -> Result<Roots, Fault> {
    let field = "--ca-file";
    let pem = files::read(lang, field, path, CA_BYTES)?;
    Roots::with_pem(&pem).map_err(|error| refused(lang, field, &error))
}

fn refused(lang: Lang, field: &str, error: &SettingError) -> Fault {
    Fault::field(lang, field, error.code(), error.text(lang))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args;

    fn of(arguments: &[&str], pairs: &[(&str, &str)]) -> WayOut {
        let arguments = [&["relais", "demo"], arguments].concat();
        let matches = args::command(Lang::En).try_get_matches_from(arguments).unwrap();
        let (_, demo) = matches.subcommand().unwrap();
        WayOut::of(demo, &|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| OsString::from(*value))
        })
    }

    const VARIABLES: [(&str, &str); 5] = [
        ("RELAIS_PROXY", "http://a.example:1"),
        ("RELAIS_PROXY_CREDENTIALS_FILE", "/a"),
        ("RELAIS_NO_PROXY", "a.example"),
        ("RELAIS_CA_FILE", "/a.pem"),
        ("HTTPS_PROXY", "http://user:Hunter2@b.example:1"),
    ];

    #[test]
    fn an_option_is_stronger_than_a_variable() {
        let way = of(&[], &VARIABLES);
        assert_eq!(way.proxy.as_deref(), Some("http://a.example:1"));
        assert_eq!(way.credentials, Some("/a".into()));
        assert_eq!(way.exceptions.as_deref(), Some("a.example"));
        assert_eq!(way.authorities, Some("/a.pem".into()));
        let options = ["--proxy", "http://b.example:2", "--proxy-credentials-file", "/b"];
        let more = ["--no-proxy", "b.example", "--ca-file", "/b.pem"];
        let way = of(&[options, more].concat(), &VARIABLES);
        assert_eq!(way.proxy.as_deref(), Some("http://b.example:2"));
        assert_eq!(way.credentials, Some("/b".into()));
        assert_eq!(way.exceptions.as_deref(), Some("b.example"));
        assert_eq!(way.authorities, Some("/b.pem".into()));
        assert_eq!(of(&["--proxy", "off"], &VARIABLES).proxy, None);
    }

    #[test]
    fn a_proxy_that_the_environment_names_for_others_is_remembered_and_not_followed() {
        let way = of(
            &[],
            &[("HTTPS_PROXY", "http://user:Hunter2@b.example:1"), ("http_proxy", "")],
        );
        assert_eq!(way.ignored, ["HTTPS_PROXY"]);
        assert!(way.read(Lang::En).unwrap().proxy().is_none());
        assert!(!format!("{way:?}").contains("Hunter2"));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_option_and_no_password_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let proxy = ["--proxy", "http://a.example:1"];
        let (bad, missing) = (file("bad", "Hunter2"), folder.path().join("none").display().to_string());
        for (options, code) in [
            (vec!["--proxy", "a.example"], "proxy-address-invalid"),
            (vec!["--proxy", "https://a.example:1"], "proxy-scheme-unknown"),
            (vec!["--proxy", "http://u:Hunter2@a.example:1"], "proxy-user-in-address"),
            (
                [&proxy[..], &["--no-proxy", "10.0.0.0/99"]].concat(),
                "proxy-exception-invalid",
            ),
            (
                [&proxy[..], &["--proxy-credentials-file", &bad]].concat(),
                "proxy-credentials-invalid",
            ),
            (
                [&proxy[..], &["--proxy-credentials-file", &missing]].concat(),
                "file-missing",
            ),
            (vec!["--ca-file", &bad], "ca-invalid"),
            (vec!["--ca-file", &missing], "file-missing"),
        ] {
            let fault = of(&options, &[]).read(Lang::Fr).unwrap_err();
            assert_eq!(fault.code, code, "{options:?}");
            assert!(!fault.message.contains("Hunter2"), "{}", fault.message);
            let named = fault.fields.iter().any(|field| options.contains(&field.field.as_str()));
            assert!(named, "{options:?}: {:?}", fault.fields);
        }
        let good = file("good", "relais:Hunter2\n");
        let way = of(&[&proxy[..], &["--proxy-credentials-file", &good]].concat(), &[]);
        let outgoing = way.read(Lang::En).unwrap();
        assert!(outgoing.proxy().unwrap().has_credentials());
        assert!(!format!("{outgoing:?}").contains("Hunter2"));
    }
}
