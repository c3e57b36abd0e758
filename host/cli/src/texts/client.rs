//! What is said of the daemon that a command speaks to.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const NO_DAEMON: Say = say(
    "Aucun service Relais ne tourne sur ce dossier de données : il n'y a rien à suivre. Démarrez-le : relais serve",
    "No Relais daemon runs on this data folder: there is nothing to watch. Start it: relais serve",
);

pub fn not_reached(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!("Le service Relais ne répond plus ({error}). Vérifiez qu'il tourne, puis recommencez."),
        format!("The Relais daemon answers no more ({error}). Check that it runs, then try again."),
    )
}

pub fn lost(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!(
            "Le service Relais s'est interrompu avant de répondre ({error}). Vérifiez ce qui a été fait avant de recommencer."
        ),
        format!("The Relais daemon stopped before it answered ({error}). Check what was done before you try again."),
    )
}

pub fn unreadable(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!(
            "La réponse de Relais ne peut pas être lue ({error}). Vérifiez que le service et la commande ont la même version."
        ),
        format!(
            "Relais's answer cannot be read ({error}). Check that the daemon and the command have the same version."
        ),
    )
}
