//! Groups of the system, by name.

use std::fs;
use std::process::{Command, Stdio};

use relais_manifest::Lang;

use crate::fault::Fault;
use crate::texts::serve as say;

/// The number of a group that is given by its name or number.
pub fn id(lang: Lang, name: &str) -> Result<u32, Fault> {
    name.parse()
        .ok()
        .or_else(|| find(&fs::read_to_string("/etc/group").unwrap_or_default(), name))
        .or_else(|| find(&directory(name), name))
        .ok_or_else(|| Fault::field(lang, "--spool-group", "group-unknown", say::no_group(lang, name)))
}

/// A line of group(5).
fn find(lines: &str, name: &str) -> Option<u32> {
    lines.lines().find_map(|line| {
        let mut parts = line.split(':');
        (parts.next() == Some(name)).then(|| parts.nth(1)?.parse().ok())?
    })
}

/// What a directory service such as LDAP knows of it, by getent(1).
fn directory(name: &str) -> String {
    let asked = Command::new("getent")
        .args(["group", "--", name])
        .stdin(Stdio::null())
        .output();
    asked.map_or_else(
        |_| String::new(),
        |told| String::from_utf8_lossy(&told.stdout).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_group_is_found_by_its_whole_name_or_its_number() {
        let lines = "root:x:0:\nwww-data:x:33:a,b\nbroken\n";
        assert_eq!(find(lines, "www-data"), Some(33));
        assert_eq!(find(lines, "www"), None);
        assert_eq!(find(lines, "broken"), None);
        assert_eq!(id(Lang::En, "33").unwrap(), 33);
        assert_eq!(id(Lang::En, "no-such-group-here").unwrap_err().code, "group-unknown");
    }
}
