//! The words of `relais sendmail`.

use relais_manifest::Lang;
use relais_message::FieldError;

use super::{Say, pick, say};
use crate::sendmail::Refused;

pub const ABOUT: Say = say(
    "Envoie le message de l'entrée standard, comme sendmail : pour PHP et les scripts",
    "Sends the message of the standard input, as sendmail does: for PHP and scripts",
);
pub const ARGUMENT: Say = say("ARGUMENT", "ARGUMENT");
pub const ARGUMENTS: Say = say(
    "Ceux de sendmail : -t -i -f ADRESSE -F NOM DESTINATAIRE… ; relais sendmail --help les explique",
    "Those of sendmail: -t -i -f ADDRESS -F NAME RECIPIENT…; relais sendmail --help explains them",
);
#[rustfmt::skip]
pub const HELP: Say = say(
    concat!(
        "Envoie le message de l'entrée standard, comme sendmail\n",
        "\n",
        "Utilisation : relais sendmail [OPTIONS] [DESTINATAIRE]…\n",
        "\n",
        "  -t                  Les destinataires sont aussi ceux de To, Cc et Bcc\n",
        "  -i, -oi             Une ligne d'un seul point ne termine pas le message\n",
        "  -f, -r ADRESSE      Expéditeur de l'enveloppe ; « <> » pour aucun\n",
        "  -F NOM              Nom de l'expéditeur, si le message n'a pas de From\n",
        "  -v                  Dit le numéro d'envoi\n",
        "  --workspace ESPACE  Espace ; sinon RELAIS_WORKSPACE, sinon « default »\n",
        "  --instance NOM      Instance de service ; sinon le connecteur par défaut\n",
        "  --spool DOSSIER     Dossier du service ; sinon RELAIS_SPOOL, sinon /var/spool/relais\n",
        "\n",
        "-B -N -R -V -O -o… -e… -bm sont admis et sans effet.\n",
        "\n",
        "Statuts : 0 accepté ; 64 appel à corriger ; 65 message à corriger ; 66 pas de message ; 69 Relais absent ;\n",
        "71 erreur du système ; 73, 74 dépôt impossible ; 75 réessayez plus tard ; 77 pas le droit.\n",
    ),
    concat!(
        "Sends the message of the standard input, as sendmail does\n",
        "\n",
        "Usage: relais sendmail [OPTIONS] [RECIPIENT]…\n",
        "\n",
        "  -t                     To, Cc and Bcc receive too\n",
        "  -i, -oi                A line of one dot does not end the message\n",
        "  -f, -r ADDRESS         Sender of the envelope; `<>` for none\n",
        "  -F NAME                Name of the sender, where the message has no From\n",
        "  -v                     Says the delivery's id\n",
        "  --workspace WORKSPACE  Workspace; else RELAIS_WORKSPACE, else `default`\n",
        "  --instance NAME        Service instance; else the default connector\n",
        "  --spool DIR            The daemon's folder; else RELAIS_SPOOL, else /var/spool/relais\n",
        "\n",
        "-B -N -R -V -O -o… -e… -bm are allowed and do nothing.\n",
        "\n",
        "Statuses: 0 accepted; 64 the call needs correction; 65 the message does; 66 there is none; 69 no Relais;\n",
        "71 the system failed; 73, 74 the drop folder failed; 75 try again later; 77 not permitted.\n",
    ),
);

pub const NO_RECIPIENT: Say = say(
    "aucun destinataire : nommez-en un, ou ajoutez -t pour ceux des en-têtes.",
    "no recipient: name one, or add -t for those of the header.",
);
pub const LONG_ENVELOPE: Say = say(
    "les destinataires de la ligne de commande sont trop longs (60000 octets) : nommez-les dans les en-têtes, avec -t, ou en plusieurs appels.",
    "the recipients on the command line are too long (60000 bytes): name them in the header, with -t, or in several calls.",
);
pub const EMPTY: Say = say("l'entrée standard est vide.", "the standard input is empty.");
pub const FULL: Say = say(
    "vos mails en attente dans le dossier de dépôt ont atteint 1000 fichiers ou 512 Mio. Vérifiez que le service Relais tourne.",
    "your mails that wait in the drop folder have reached 1000 files or 512 MiB. Check that the Relais daemon runs.",
);

pub fn refused(lang: Lang, refused: &Refused) -> String {
    match refused {
        Refused::Unknown(word) => pick(
            lang,
            format!("l'option {word} n'existe pas."),
            format!("there is no option {word}."),
        ),
        Refused::Mode(word) => pick(
            lang,
            format!("Relais n'a pas le mode {word} de sendmail : il ne fait qu'envoyer."),
            format!("Relais does not have sendmail's mode {word}: it only sends."),
        ),
        Refused::Value(word) => pick(
            lang,
            format!("l'option {word} attend une valeur."),
            format!("option {word} needs a value."),
        ),
    }
}

/// All that is wrong with a message, on one line.
pub fn fields(lang: Lang, errors: &[FieldError]) -> String {
    let colon = pick(lang, " :", ":");
    let line = |error: &FieldError| match error.field.as_str() {
        "" => error.reason.text(pick(lang, "fr", "en")),
        field => format!("{field}{colon} {}", error.reason.text(pick(lang, "fr", "en"))),
    };
    errors.iter().map(line).collect::<Vec<_>>().join(" ")
}

pub fn too_large(lang: Lang, most: u64) -> String {
    pick(
        lang,
        format!("le message dépasse {most} octets."),
        format!("the message has more than {most} bytes."),
    )
}

pub fn unread(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!("le message n'a pas pu être lu ({error})."),
        format!("the message could not be read ({error})."),
    )
}

pub fn unwritten(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!("le message n'a pas pu être écrit ({error}). Rien n'est accepté."),
        format!("the message could not be written ({error}). Nothing is accepted."),
    )
}

pub fn no_workspace(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("l'espace « {name} » n'existe pas."),
        format!("there is no workspace `{name}`."),
    )
}

pub fn no_spool(lang: Lang, folder: &str) -> String {
    pick(
        lang,
        format!(
            "le service Relais ne répond pas, et {folder} n'est pas son dossier. Démarrez-le avec --spool {folder}."
        ),
        format!("the Relais daemon does not answer, and {folder} is not its folder. Start it with --spool {folder}."),
    )
}

pub fn denied(lang: Lang, folder: &str) -> String {
    pick(
        lang,
        format!("cet utilisateur ne peut pas écrire dans {folder}. Ajoutez-le au groupe de ce dossier."),
        format!("this user may not write to {folder}. Add it to the folder's group."),
    )
}

pub fn status(lang: Lang, status: u16) -> String {
    pick(
        lang,
        format!("le service Relais a répondu {status}."),
        format!("the Relais daemon answered {status}."),
    )
}

pub fn accepted(lang: Lang, id: Option<&str>) -> String {
    match id {
        Some(id) => pick(lang, format!("Accepté : {id}"), format!("Accepted: {id}")),
        None => pick(
            lang,
            "Déposé ; le service Relais le prendra.".to_owned(),
            "Dropped; the Relais daemon will take it.".to_owned(),
        ),
    }
}
