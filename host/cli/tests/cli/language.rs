//! Help and errors in the language of the locale, and as JSON.

use serde_json::json;

use crate::support::{Place, stderr, stdout};

#[test]
fn help_and_errors_are_french_where_the_locale_is() {
    let place = Place::empty();
    let help = place.french(&["instance", "create", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(
        stdout(&help).contains("Utilisation :") && stdout(&help).contains("Options :"),
        "{}",
        stdout(&help)
    );
    for (arguments, words) in [
        (&["instance", "shwo"][..], "la commande « shwo » n'existe pas"),
        (&["instance", "show"], "il manque"),
        (&["instance"], "il manque une commande"),
        (
            &["instance", "show", "a", "--colour"],
            "l'argument « --colour » n'existe pas ici",
        ),
        (&["instance", "show", "É"], "instance : « É » n'est pas un nom"),
        (&["connector", "install", "/none.wasm"], "il n'y a pas de fichier"),
    ] {
        let run = place.french(arguments);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert!(
            stderr(&run).starts_with("Erreur :") && stderr(&run).contains(words),
            "{}",
            stderr(&run)
        );
    }
    assert!(stdout(&place.run(&["--help"])).contains("Usage:"));
}

#[test]
fn a_command_line_that_cannot_be_read_answers_json_where_it_asks_for_it() {
    let place = Place::empty();
    let (code, answer) = place.refused(&["instance", "show"]);
    assert_eq!((code, &answer["error"]["code"]), (2, &json!("usage")));
}
