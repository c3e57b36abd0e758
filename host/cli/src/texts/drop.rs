//! The words of `relais drop`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Montre les mails déposés par « relais sendmail » qui attendent, et ceux qui n'ont pas pu être acceptés",
    "Shows the mails that `relais sendmail` dropped: those that wait, and those that could not be accepted",
);
pub const LIST: Say = say(
    "Les liste, de tous les espaces ; les rejetés sont gardés 30 jours",
    "Lists them, of all workspaces; rejected ones are kept for 30 days",
);
pub const EXPORT: Say = say(
    "Écrit le message d'un mail rejeté",
    "Writes the message of a rejected mail",
);
pub const RETRY: Say = say(
    "Remet des mails rejetés dans leur dossier de dépôt, d'où le service les reprend",
    "Puts rejected mails back into their drop folder, where the daemon picks them up",
);
pub const REMOVE: Say = say("Efface des mails rejetés", "Erases rejected mails");
pub const ID: Say = say("Identifiant d'un mail rejeté", "The id of a rejected mail");
pub const SPOOL: Say = say(
    "Dossier du service ; sinon RELAIS_SPOOL, sinon /var/spool/relais",
    "The daemon's folder; else RELAIS_SPOOL, else /var/spool/relais",
);

pub const COLUMNS: [Say; 7] = [
    say("id", "id"),
    say("état", "state"),
    say("espace", "workspace"),
    say("date", "date"),
    say("uid", "uid"),
    say("octets", "bytes"),
    say("raison", "reason"),
];
pub const WAITING: Say = say("en attente", "waiting");
pub const REJECTED: Say = say("rejeté", "rejected");
pub const NONE: Say = say(
    "Aucun mail n'attend, ni n'est rejeté.",
    "No mail waits, and none is rejected.",
);

pub fn unread(lang: Lang, folder: &str, error: &str) -> String {
    pick(
        lang,
        format!("{folder} ne peut pas être lu ({error}). Seuls root et l'utilisateur du service le peuvent."),
        format!("{folder} cannot be read ({error}). Only root and the daemon's user can."),
    )
}

pub fn no_spool(lang: Lang, folder: &str) -> String {
    pick(
        lang,
        format!("{folder} n'est pas un dossier de dépôt de Relais. Nommez-le avec --spool."),
        format!("{folder} is no drop folder of Relais. Name it with --spool."),
    )
}

pub fn unknown(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("il n'y a pas de mail rejeté « {id} ». Voir : relais drop list"),
        format!("there is no rejected mail `{id}`. See: relais drop list"),
    )
}

pub fn no_workspace(lang: Lang, workspace: &str) -> String {
    pick(
        lang,
        format!("l'espace « {workspace} » n'a plus de dossier de dépôt : exportez le mail, ou effacez-le."),
        format!("workspace `{workspace}` has no drop folder any more: export the mail, or remove it."),
    )
}

pub fn unmoved(lang: Lang, id: &str, error: &str) -> String {
    pick(
        lang,
        format!("« {id} » n'a pas pu être déplacé ni effacé ({error})."),
        format!("`{id}` could not be moved or removed ({error})."),
    )
}

pub fn put_back(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("« {id} » attend de nouveau dans son dossier de dépôt."),
        format!("`{id}` waits in its drop folder again."),
    )
}

pub fn removed(lang: Lang, id: &str) -> String {
    pick(lang, format!("« {id} » est effacé."), format!("`{id}` is erased."))
}
