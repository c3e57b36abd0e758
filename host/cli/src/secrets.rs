//! Secrets on their way in: from a file, the standard input or a prompt.
//!
//! The threat: a command line is seen by every user of the machine and stays in the shell's history. A secret that stands
//! there is refused, and is never repeated in a message.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use relais_manifest::Lang;
use relais_router::SECRET_BYTES;
use relais_sandbox::Secret;

use crate::fault::Fault;
use crate::files;
use crate::given::{Inputs, twice};
use crate::output::complain;
use crate::texts::{self, instance};

/// A parameter's id has at most this many bytes.
const ID_BYTES: usize = 64;
const OTHERS_READ: u32 = 0o004;

/// Where a secret is.
#[derive(Debug, PartialEq, Eq)]
enum Origin<'a> {
    File(&'a Path),
    Stdin,
    Prompt,
}

/// Every `--secret`, by the id of its parameter.
pub fn read<'a>(
    lang: Lang,
    given: impl Iterator<Item = &'a String>,
    inputs: &mut Inputs,
) -> Result<BTreeMap<String, Secret>, Fault> {
    let origins: Vec<(&str, Origin<'_>)> = given.map(|text| parse(lang, text)).collect::<Result<_, _>>()?;
    let mut secrets = BTreeMap::new();
    for (id, origin) in origins {
        if secrets.contains_key(id) {
            return Err(twice(lang, id));
        }
        secrets.insert(id.to_owned(), fetch(lang, id, &origin, inputs)?);
    }
    Ok(secrets)
}

/// One secret of a field that an option names: `@FILE`, `-`, or nothing, which asks for it.
pub fn one(lang: Lang, field: &str, given: &str, inputs: &mut Inputs) -> Result<Secret, Fault> {
    let origin = match given {
        "" => Origin::Prompt,
        "-" => Origin::Stdin,
        given => match given.strip_prefix('@') {
            Some(path) if !path.is_empty() => Origin::File(Path::new(path)),
            _ => {
                let text = texts::application::ON_COMMAND_LINE.get(lang);
                return Err(Fault::field(lang, field, "secret-on-command-line", text));
            }
        },
    };
    fetch(lang, field, &origin, inputs)
}

/// A secret that is a file.
pub fn of_file(lang: Lang, field: &str, path: &Path, inputs: &mut Inputs) -> Result<Secret, Fault> {
    fetch(lang, field, &Origin::File(path), inputs)
}

fn parse(lang: Lang, text: &str) -> Result<(&str, Origin<'_>), Fault> {
    let (id, rest) = match text.split_once('=') {
        Some((id, rest)) => (id, Some(rest)),
        None => (text, None),
    };
    // Somebody may have written the secret alone, so what is no id is not repeated.
    if !is_id(id) {
        return Err(Fault::field(
            lang,
            "--secret",
            "secret-without-id",
            instance::NOT_A_KEY.get(lang),
        ));
    }
    let origin = match rest {
        None => Origin::Prompt,
        Some("-") => Origin::Stdin,
        Some(rest) => match rest.strip_prefix('@') {
            Some(path) if !path.is_empty() => Origin::File(Path::new(path)),
            _ => {
                let text = instance::SECRET_ON_COMMAND_LINE.get(lang);
                return Err(Fault::field(lang, id, "secret-on-command-line", text));
            }
        },
    };
    Ok((id, origin))
}

fn is_id(text: &str) -> bool {
    text.len() <= ID_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The secret that a file holds.
pub fn in_file(lang: Lang, field: &str, path: &Path) -> Result<Secret, Fault> {
    fetch(lang, field, &Origin::File(path), &mut Inputs::new(lang))
}

fn fetch(lang: Lang, id: &str, origin: &Origin<'_>, inputs: &mut Inputs) -> Result<Secret, Fault> {
    // A line break may follow the secret.
    let most = SECRET_BYTES as u64 + 2;
    let (bytes, shown) = match origin {
        Origin::Prompt => return prompt(lang, id),
        Origin::Stdin => (inputs.stdin(id, most), texts::files::STDIN.get(lang).to_owned()),
        Origin::File(path) => {
            warn_if_readable_by_all(lang, path);
            (files::read(lang, id, path, most), path.display().to_string())
        }
    };
    let mut text = files::text(lang, id, &shown, bytes?)?;
    strip_line_break(&mut text);
    let secret = Secret::new(text);
    if secret.reveal().len() > SECRET_BYTES {
        return Err(Fault::field(
            lang,
            id,
            "secret-too-long",
            instance::secret_too_long(lang, SECRET_BYTES),
        ));
    }
    Ok(secret)
}

/// One line break at the end belongs to the file and not to the secret.
fn strip_line_break(text: &mut String) {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
}

fn prompt(lang: Lang, id: &str) -> Result<Secret, Fault> {
    let no_terminal = || Fault::field(lang, id, "no-terminal", instance::NO_TERMINAL.get(lang));
    if !io::stdin().is_terminal() {
        return Err(no_terminal());
    }
    rpassword::prompt_password(instance::prompt(lang, id))
        .map(Secret::new)
        .map_err(|_| no_terminal())
}

fn warn_if_readable_by_all(lang: Lang, path: &Path) {
    let readable =
        fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & OTHERS_READ != 0);
    if readable {
        complain(&instance::readable_by_all(lang, &path.display().to_string()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn from_file(content: &[u8]) -> Result<Secret, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fetch(Lang::En, "password", &Origin::File(&path), &mut Inputs::new(Lang::En))
    }

    #[test]
    fn a_secret_comes_from_a_file_the_standard_input_or_a_prompt() {
        assert_eq!(
            parse(Lang::En, "password=@/x=y").unwrap(),
            ("password", Origin::File(Path::new("/x=y")))
        );
        assert_eq!(parse(Lang::En, "password=-").unwrap(), ("password", Origin::Stdin));
        assert_eq!(parse(Lang::En, "password").unwrap(), ("password", Origin::Prompt));
    }

    #[test]
    fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
        for (given, code) in [
            ("password=Hunter2", "secret-on-command-line"),
            ("password=", "secret-on-command-line"),
            ("password=@", "secret-on-command-line"),
            ("Hunter2", "secret-without-id"),
            ("Hunter2=@x", "secret-without-id"),
            ("", "secret-without-id"),
        ] {
            let fault = parse(Lang::Fr, given).unwrap_err();
            assert_eq!(fault.code, code, "{given:?}");
            assert!(!fault.message.contains("Hunter2"), "{}", fault.message);
        }
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        for (content, secret) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
        ] {
            assert_eq!(from_file(content.as_bytes()).unwrap().reveal(), secret, "{content:?}");
        }
    }

    #[test]
    fn a_secret_has_its_greatest_length_whether_or_not_a_line_break_follows() {
        let longest = "x".repeat(SECRET_BYTES);
        assert!(from_file(longest.as_bytes()).is_ok());
        assert!(from_file(format!("{longest}\r\n").as_bytes()).is_ok());
        assert_eq!(
            from_file(format!("{longest}x").as_bytes()).unwrap_err().code,
            "secret-too-long"
        );
        assert_eq!(
            from_file(format!("{longest}xxx").as_bytes()).unwrap_err().code,
            "file-too-large"
        );
    }

    #[test]
    fn one_secret_only_is_given_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let given = [
            format!("password=@{}", path.display()),
            format!("password=@{}", path.display()),
        ];
        let fault = read(Lang::En, given.iter(), &mut Inputs::new(Lang::En)).unwrap_err();
        assert_eq!(fault.code, "given-twice");
    }
}
