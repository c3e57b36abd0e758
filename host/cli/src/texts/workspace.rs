//! The words of `relais workspace`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Crée, modifie et supprime des espaces : un par instance d'EzGED",
    "Creates, edits and removes workspaces: one for each instance of EzGED",
);
pub const LIST: Say = say("Liste les espaces", "Lists the workspaces");
pub const SHOW: Say = say("Montre un espace", "Shows a workspace");
pub const CREATE: Say = say("Crée un espace", "Creates a workspace");
pub const EDIT: Say = say(
    "Modifie un espace ; ce qui n'est pas nommé ne change pas, et un texte vide efface",
    "Edits a workspace; what is not named stays as it is, and an empty text erases",
);
pub const REMOVE: Say = say(
    "Supprime un espace qui n'a plus ni instance ni envoi en attente",
    "Removes a workspace that has neither an instance nor a pending delivery left",
);
pub const NAME: Say = say("Nom de l'espace", "The workspace's name");
pub const TITLE: Say = say("Titre, pour les personnes", "Title, for people");
pub const CONTACT: Say = say(
    "Adresse à prévenir quand un envoi reste incertain",
    "Address to tell when a delivery stays uncertain",
);
pub const NOTICES: Say = say(
    "Instance de connecteur par laquelle partent les avis d'échec et les alertes ; sinon les alertes partent par celle par défaut",
    "Connector instance through which failure notices and alerts leave; else alerts leave through the default",
);
pub const KEEP_SENT: Say = say(
    "Durée de conservation du contenu d'un envoi remis : 0, 12h, 30d ; sinon 0",
    "How long the content of a sent delivery is kept: 0, 12h, 30d; else 0",
);
pub const KEEP_FAILED: Say = say(
    "La même pour un envoi échoué ou incertain ; sinon 30d",
    "The same for a failed or uncertain delivery; else 30d",
);
pub const KEEP_JOURNAL: Say = say(
    "Durée de conservation du journal d'un envoi ; sinon 90d. Celui d'un envoi reçu avec une clé d'idempotence reste 7d au moins",
    "How long the journal of a delivery is kept; else 90d. That of one with an idempotency key stays for 7d at least",
);

pub const LIST_VALUE: Say = say("MOTS", "WORDS");
pub const ACCOUNT_FLOWS: Say = say(
    "Méthodes permises pour associer un compte, séparées par des virgules : device-code, authorization-code, client-credentials ; « none » n'en permet aucune",
    "Flows by which an account may come, separated by commas: device-code, authorization-code, client-credentials; `none` allows none",
);
pub const ACCOUNT_PROVIDERS: Say = say(
    "Fournisseurs dont les comptes sont permis, séparés par des virgules : microsoft, google ; « none » n'en permet aucun",
    "Providers whose accounts are allowed, separated by commas: microsoft, google; `none` allows none",
);
pub const FLOWS_LABEL: Say = say("Méthodes de compte", "Account flows");
pub const PROVIDERS_LABEL: Say = say("Fournisseurs de compte", "Account providers");
pub const ALL: Say = say("toutes et tous", "all");

pub const COLUMNS: [Say; 3] = [say("nom", "name"), say("titre", "title"), say("contact", "contact")];
pub const LABEL: Say = say("Espace", "Workspace");
pub const TITLE_LABEL: Say = say("Titre", "Title");
pub const CONTACT_LABEL: Say = say("Contact", "Contact");
pub const NOTICES_LABEL: Say = say("Avis par", "Notices through");
pub const ALERTS_LABEL: Say = say("Alertes par", "Alerts through");
pub const CONNECTORS_LABEL: Say = say("Connecteurs activés", "Enabled connectors");
pub const KEPT_LABELS: [Say; 3] = [
    say("Contenu remis gardé", "Sent content kept"),
    say("Contenu échoué gardé", "Failed content kept"),
    say("Journal gardé", "Journal kept"),
];

pub fn saved(lang: Lang, name: &str, created: bool) -> String {
    match (lang, created) {
        (Lang::Fr, true) => format!(
            "L'espace « {name} » est créé. Activez-y un connecteur : relais connector enable ID --workspace {name}"
        ),
        (Lang::En, true) => format!(
            "Workspace `{name}` is created. Enable a connector in it: relais connector enable ID --workspace {name}"
        ),
        (Lang::Fr, false) => format!("L'espace « {name} » est modifié."),
        (Lang::En, false) => format!("Workspace `{name}` is edited."),
    }
}

pub fn nobody_alerted(lang: Lang, name: &str, contact: bool) -> String {
    match (lang, contact) {
        (Lang::Fr, false) => format!(
            "Personne n'est prévenu quand un envoi reste incertain. Indiquez qui : relais workspace edit {name} --contact ADRESSE"
        ),
        (Lang::En, false) => format!(
            "Nobody is told when a delivery stays uncertain. Say who is: relais workspace edit {name} --contact ADDRESS"
        ),
        (Lang::Fr, true) => format!(
            "Le contact ne peut pas être prévenu : aucune instance de connecteur n'est désignée, ni par défaut. Désignez-en une : \
             relais workspace edit {name} --notices-through INSTANCE"
        ),
        (Lang::En, true) => format!(
            "The contact cannot be told: no connector instance is named, nor is there a default. Name one: relais workspace edit \
             {name} --notices-through INSTANCE"
        ),
    }
}

pub fn removed(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("L'espace « {name} » est supprimé."),
        format!("Workspace `{name}` is removed."),
    )
}
