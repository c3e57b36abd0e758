//! The words of `relais send`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say("Envoie un mail", "Sends a mail");
pub const TO: Say = say("Destinataires", "Recipients");
pub const CC: Say = say("Destinataires en copie", "Recipients of a copy");
pub const BCC: Say = say("Destinataires en copie cachée", "Recipients that the others do not see");
pub const FROM: Say = say(
    "Expéditeur ; sinon celui de l'instance",
    "Sender; else the instance's own",
);
pub const REPLY_TO: Say = say("Adresses pour les réponses", "Where answers go");
pub const SUBJECT: Say = say("Objet", "Subject");
pub const TEXT: Say = say(
    "Texte ; @FICHIER le lit d'un fichier, « - » de l'entrée standard, @@x vaut « @x »",
    "Text; @FILE reads it from a file, `-` from the standard input, @@x stands for `@x`",
);
pub const HTML: Say = say(
    "Le même en HTML, donné comme --text",
    "The same in HTML, given as for --text",
);
pub const ATTACH: Say = say("Pièces jointes", "Attachments");
pub const VIA: Say = say(
    "Instance de connecteur ; sinon celle par défaut du service mail",
    "Connector instance; else the default of service mail",
);
pub const SERVICE_INSTANCE: Say = say(
    "Instance de service, qui choisit l'instance de connecteur",
    "Service instance, which chooses the connector instance",
);
pub const MIME: Say = say(
    "Envoie ce message MIME tel qu'il est, « - » pour l'entrée standard ; --to nomme les destinataires, sinon ses en-têtes",
    "Sends this MIME message as it is, `-` for the standard input; --to names the recipients, else its header does",
);
pub const WAIT: Say = say(
    "Temps d'attente de la réponse du serveur quand le service tourne, 120s au plus ; sinon 60s",
    "How long to wait for the server's answer where the daemon runs, 120s at most; else 60s",
);
pub const EXAMPLE: Say = say(
    "Exemple :\n  relais send --to marie@example.org --subject \"Délibération\" --text \"Bonjour,\" \\\n    --attach deliberation.pdf",
    "Example:\n  relais send --to mary@example.org --subject \"Minutes\" --text \"Hello,\" \\\n    --attach minutes.pdf",
);

pub const HANDED_OVER: Say = say("Remis au serveur", "Handed to the server");
pub const INSTANCE_LABEL: Say = say("Instance", "Instance");
pub const SERVER_ID: Say = say("Identifiant du serveur", "Server's id");
pub const TOOK: Say = say("Durée", "Took");
pub const DELIVERY: Say = say("Envoi", "Delivery");
pub const WAITING: Say = say("Envoi en cours", "Sending");
pub const REFUSED: Say = say(
    "Refusés par le serveur ; ces destinataires ne recevront pas ce mail",
    "Refused by the server; these recipients will not receive this mail",
);

pub fn accepted(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("Accepté, et pas encore remis : envoi {id}. Pour le suivre : relais delivery show {id}"),
        format!("Accepted, and not handed over yet: delivery {id}. To follow it: relais delivery show {id}"),
    )
}

pub fn not_confirmed(lang: Lang, instance: &str) -> String {
    pick(
        lang,
        format!("L'instance « {instance} » n'a pas confirmé l'envoi"),
        format!("Instance `{instance}` did not confirm the sending"),
    )
}

pub fn kept(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!(
            "Le mail est gardé, envoi {id} : le service le réessaiera. Ne le renvoyez pas ; pour l'arrêter : relais delivery cancel {id}"
        ),
        format!(
            "The mail is kept as delivery {id}: the daemon will try it again. Do not send it again; to stop it: relais delivery cancel {id}"
        ),
    )
}
