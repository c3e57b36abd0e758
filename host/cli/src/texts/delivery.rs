//! The words of `relais delivery`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Suit les envois : les liste, les renvoie, les clôt, les annule",
    "Follows deliveries: lists, resends, closes and cancels them",
);
pub const LIST: Say = say(
    "Liste les envois, le dernier d'abord",
    "Lists the deliveries, the latest first",
);
pub const SHOW: Say = say(
    "Montre un envoi : l'état de chaque destinataire et les essais",
    "Shows a delivery: the state of each recipient and the attempts",
);
pub const RESEND: Say = say(
    "Remet en file ce qui a échoué, est incertain ou annulé",
    "Puts back into the queue what failed, is uncertain or was cancelled",
);
pub const CLOSE: Say = say(
    "Clôt un envoi incertain, une fois vérifié s'il est arrivé",
    "Closes an uncertain delivery, once it was checked whether it arrived",
);
pub const CANCEL: Say = say("Annule ce qui n'est pas encore parti", "Cancels what has not left yet");
pub const WATCH: Say = say(
    "Écrit une ligne à chaque changement d'état, jusqu'à Ctrl-C",
    "Writes a line at each change of state, until Ctrl-C",
);
pub const EXPORT: Say = say("Écrit le message en .eml", "Writes the message as .eml");
pub const ID: Say = say("Identifiant de l'envoi", "The delivery's id");
pub const STATE_VALUE: Say = say("ÉTAT", "STATE");
pub const STATE: Say = say(
    "Dans cet état : queued (en file), sending (en cours), sent (remis), deferred (reporté), failed (échoué), uncertain (incertain), cancelled (annulé)",
    "In this state: queued, sending, sent, deferred, failed, uncertain, cancelled",
);
pub const INSTANCE: Say = say("Par cette instance de connecteur", "Through this connector instance");
pub const SERVICE_INSTANCE: Say = say("De cette instance de service", "Of this service instance");
pub const BEFORE: Say = say("Ceux qui précèdent cet envoi", "Those before this delivery");
pub const LIMIT: Say = say("Nombre d'envois au plus ; sinon 50", "Deliveries at most; else 50");
pub const AS_SENT: Say = say("Il est arrivé", "It arrived");
pub const AS_FAILED: Say = say("Il n'est pas arrivé", "It did not arrive");
pub const OUTPUT: Say = say(
    "Écrit dans ce fichier ; sinon sur la sortie standard",
    "Writes to this file; else to the standard output",
);

pub const COLUMNS: [Say; 5] = [
    say("envoi", "delivery"),
    say("état", "state"),
    say("instance", "instance"),
    say("accepté le", "accepted"),
    say("destinataires", "recipients"),
];
pub const NONE: Say = say("Aucun envoi.", "There is no delivery.");
pub const UNREADABLE: Say = say(
    "Envois illisibles : abîmés (data-damaged), ou écrits par une version plus récente (data-newer). Ils ne sont ni envoyés ni \
     effacés ; une version de Relais qui sait les lire les reprend à son démarrage.",
    "Deliveries that cannot be read: damaged (data-damaged), or written by a later version (data-newer). They are neither sent \
     nor erased; a version of Relais that can read them goes on with them when it starts.",
);
pub const LABEL: Say = say("Envoi", "Delivery");
pub const STATE_LABEL: Say = say("État", "State");
pub const SERVICE_INSTANCE_LABEL: Say = say("Instance de service", "Service instance");
pub const SENDER: Say = say("Expéditeur", "Sender");
pub const SIZE: Say = say("Taille", "Size");
pub const ACCEPTED: Say = say("Accepté le", "Accepted");
pub const DUE: Say = say("Prochain essai", "Next attempt");
pub const GIVE_UP: Say = say("Abandon le", "Given up on");
pub const ENDED: Say = say("Terminé le", "Ended");
pub const BODY_GONE: Say = say("effacé", "erased");
pub const CONTENT: Say = say("Contenu", "Content");
pub const RECIPIENTS: Say = say("Destinataires", "Recipients");
pub const ATTEMPTS: Say = say("Essais", "Attempts");
pub const NO_SENDER: Say = say("<> (aucune réponse)", "<> (no reply)");

/// A state in words.
pub fn state(lang: Lang, word: &str) -> String {
    let (fr, en) = match word {
        "queued" => ("en file", "queued"),
        "sending" => ("en cours d'envoi", "sending"),
        "sent" => ("remis au serveur", "handed to the server"),
        "deferred" => ("reporté", "deferred"),
        "failed" => ("échoué", "failed"),
        "uncertain" => ("incertain", "uncertain"),
        "cancelled" => ("annulé", "cancelled"),
        other => return other.to_owned(),
    };
    pick(lang, fr, en).to_owned()
}

pub fn more(lang: Lang, before: &str) -> String {
    pick(
        lang,
        format!("La suite : relais delivery list --before {before}"),
        format!("More: relais delivery list --before {before}"),
    )
}

pub fn exported(lang: Lang, file: &str, size: u64) -> String {
    pick(
        lang,
        format!("{file} contient le message ({size} octets)."),
        format!("{file} holds the message ({size} bytes)."),
    )
}

pub fn now(lang: Lang, id: &str, word: &str) -> String {
    let state = state(lang, word);
    pick(lang, format!("{id} : {state}"), format!("{id}: {state}"))
}
