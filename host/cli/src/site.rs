//! Where the program works: the data folder, the key, the workspace.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_router::{KeySource, Paths, Router, WorkspaceName};
use relais_sandbox::Config;

use crate::fault::Fault;
use crate::texts::files;
use crate::way_out::WayOut;

/// The data folder of root.
const SYSTEM: &str = "/var/lib/relais";
/// The data folder of everybody else, within the folder that XDG_DATA_HOME names.
const OWN: &str = "relais";

/// What every command knows.
#[derive(Debug)]
pub struct Site {
    pub lang: Lang,
    /// Whether the answer is for a program.
    pub json: bool,
    pub workspace: WorkspaceName,
    /// How connections leave, where this process makes them.
    pub way_out: WayOut,
    data: Option<PathBuf>,
    key: KeySource,
}

impl Site {
    /// From the options of the command and the variables of the environment; an option is stronger. A workspace's name that is
    /// none is refused.
    pub fn of(lang: Lang, matches: &ArgMatches, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Fault> {
        let workspace = matches
            .get_one::<String>("workspace")
            .cloned()
            .or_else(|| set(&variable, "RELAIS_WORKSPACE").map(|name| name.to_string_lossy().into_owned()));
        let option = |id: &str, name: &str| {
            matches
                .get_one::<PathBuf>(id)
                .cloned()
                .or_else(|| set(&variable, name).map(PathBuf::from))
        };
        Ok(Self {
            lang,
            json: matches.get_flag("json"),
            workspace: workspace.map_or_else(|| Ok(WorkspaceName::default()), |name| named(lang, &name))?,
            way_out: WayOut::of(matches, &variable),
            data: option("data", "RELAIS_DATA").or_else(|| usual_data(is_root(), &variable)),
            key: option("key", "RELAIS_KEY_FILE").map_or(KeySource::Found, KeySource::File),
        })
    }

    /// The data folder, if it is known.
    pub fn data(&self) -> Option<PathBuf> {
        self.data.clone()
    }

    /// A workspace that the command names.
    pub fn workspace_named(&self, name: &str) -> Result<WorkspaceName, Fault> {
        named(self.lang, name)
    }

    /// Opens the data folder for a command, which has one session at a time.
    pub async fn router(&self) -> Result<Router, Fault> {
        self.open(Config {
            sessions: 1,
            ..Config::default()
        })
        .await
    }

    /// Opens the data folder, with the way out that was asked for.
    pub async fn open(&self, config: Config) -> Result<Router, Fault> {
        let config = Config {
            outgoing: self.way_out.read(self.lang)?,
            ..config
        };
        let router = Router::open(self.paths()?, config).await;
        router.map_err(|error| Fault::router(self.lang, &error))
    }

    /// The data folder and the key.
    pub fn paths(&self) -> Result<Paths, Fault> {
        let Some(data) = self.data.clone() else {
            return Err(Fault::input("data-unknown", files::NO_DATA.get(self.lang)));
        };
        Ok(Paths {
            data,
            key: self.key.clone(),
        })
    }
}

fn named(lang: Lang, name: &str) -> Result<WorkspaceName, Fault> {
    WorkspaceName::new(name).map_err(|error| Fault::router(lang, &error.into()))
}

/// A variable that is set and not empty.
fn set(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    variable(name).filter(|value| !value.is_empty())
}

/// The XDG Base Directory Specification says that a relative path in XDG_DATA_HOME is to be ignored.
fn usual_data(root: bool, variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if root {
        return Some(PathBuf::from(SYSTEM));
    }
    let named = set(variable, "XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let folder = named.or_else(|| set(variable, "HOME").map(|home| PathBuf::from(home).join(".local/share")));
    folder.map(|folder| folder.join(OWN))
}

/// The owner of the entry of this process in /proc is its effective user.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args;

    fn variables<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(*value))
        }
    }

    #[test]
    fn an_option_is_stronger_than_a_variable_and_a_variable_than_the_usual_folder() {
        let at = |arguments: &[&str], pairs: &[(&str, &str)]| {
            let matches = args::command(Lang::En).try_get_matches_from(arguments).unwrap();
            let (_, demo) = matches.subcommand().unwrap();
            Site::of(Lang::En, demo, variables(pairs)).unwrap()
        };
        let site = at(
            &["relais", "demo", "--data", "/a", "--key", "/k"],
            &[("RELAIS_DATA", "/b")],
        );
        assert_eq!((site.data, site.key), (Some("/a".into()), KeySource::File("/k".into())));
        let site = at(&["relais", "--data", "/a", "demo"], &[("RELAIS_DATA", "/b")]);
        assert_eq!(site.data, Some("/a".into()));
        let site = at(&["relais", "demo"], &[("RELAIS_DATA", "/b"), ("RELAIS_KEY_FILE", "")]);
        assert_eq!((site.data, site.key), (Some("/b".into()), KeySource::Found));
        let site = at(&["relais", "demo"], &[("RELAIS_WORKSPACE", "b")]);
        assert_eq!(site.workspace.as_str(), "b");
        let site = at(&["relais", "demo", "--workspace", "a"], &[("RELAIS_WORKSPACE", "b")]);
        assert_eq!(site.workspace.as_str(), "a");
    }

    #[test]
    fn the_usual_folder_is_roots_or_the_users_own() {
        let home = [("HOME", "/home/m"), ("XDG_DATA_HOME", "/x")];
        assert_eq!(usual_data(true, &variables(&home)), Some("/var/lib/relais".into()));
        assert_eq!(usual_data(false, &variables(&home)), Some("/x/relais".into()));
        let relative = [("HOME", "/home/m"), ("XDG_DATA_HOME", "x")];
        assert_eq!(
            usual_data(false, &variables(&relative)),
            Some("/home/m/.local/share/relais".into())
        );
        assert_eq!(usual_data(false, &variables(&[])), None);
    }
}
