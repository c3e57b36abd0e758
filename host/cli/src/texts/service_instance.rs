//! The words of `relais service-instance`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Crée et modifie des instances de service : des réglages nommés d'un service",
    "Creates and edits service instances: named settings of a service",
);
pub const LIST: Say = say("Liste les instances de service", "Lists the service instances");
pub const SHOW: Say = say("Montre une instance de service", "Shows a service instance");
pub const CREATE: Say = say("Crée une instance de service", "Creates a service instance");
pub const EDIT: Say = say(
    "Modifie une instance de service ; ce qui n'est pas nommé ne change pas",
    "Edits a service instance; what is not named stays as it is",
);
pub const RENAME: Say = say(
    "Renomme une instance de service ; les jetons qui y sont liés restent valables",
    "Renames a service instance; tokens bound to it keep working",
);
pub const REMOVE: Say = say("Supprime une instance de service", "Removes a service instance");
pub const NAME: Say = say("Nom de l'instance de service", "The service instance's name");
pub const NEW: Say = say("NOUVEAU", "NEW");
pub const NEW_NAME: Say = say("Son nouveau nom", "Its new name");
pub const TITLE: Say = say("Titre, pour les personnes", "Title, for people");
pub const CONNECTOR_INSTANCE: Say = say(
    "Instance de connecteur à utiliser ; sinon celle par défaut du service",
    "Connector instance to use; else the default of the service",
);
pub const FOLLOW: Say = say(
    "Suit le connecteur par défaut du service",
    "Follows the service's default connector",
);
pub const POLICY: Say = say("RÈGLE", "POLICY");
pub const UNCERTAIN: Say = say(
    "Que faire d'un envoi dont nul ne sait s'il est parti : hold (attendre un administrateur), resend (renvoyer), close (le tenir pour remis) ; sinon hold",
    "What to do with a delivery of which nobody knows whether it left: hold (wait for an administrator), resend, close (take it as sent); else hold",
);
pub const GIVE_UP: Say = say(
    "Âge auquel un envoi est abandonné, comme 2d ou 12h ; sinon 5d",
    "Age at which a delivery is given up, such as 2d or 12h; else 5d",
);
pub const NOTICES: Say = say(
    "Instance de connecteur par laquelle partent les avis d'échec",
    "Connector instance through which failure notices leave",
);

pub const COLUMNS: [Say; 4] = [
    say("nom", "name"),
    say("titre", "title"),
    say("connecteur", "connector"),
    say("incertains", "uncertain"),
];
pub const LABEL: Say = say("Instance de service", "Service instance");
pub const TITLE_LABEL: Say = say("Titre", "Title");
pub const CONNECTOR_LABEL: Say = say("Instance de connecteur", "Connector instance");
pub const EFFECTIVE_LABEL: Say = say("Envoie par", "Sends through");
pub const UNCERTAIN_LABEL: Say = say("Envois incertains", "Uncertain deliveries");
pub const GIVE_UP_LABEL: Say = say("Abandon après", "Gives up after");
pub const NOTICES_LABEL: Say = say("Avis par", "Notices through");
pub const BY_DEFAULT: Say = say("celle par défaut", "the default");
pub const NONE: Say = say(
    "Aucune instance de service. Pour en créer une : relais service-instance create NOM",
    "There is no service instance. To create one: relais service-instance create NAME",
);

pub fn saved(lang: Lang, name: &str, created: bool) -> String {
    match (lang, created) {
        (Lang::Fr, true) => format!("L'instance de service « {name} » est créée."),
        (Lang::En, true) => format!("Service instance `{name}` is created."),
        (Lang::Fr, false) => format!("L'instance de service « {name} » est modifiée."),
        (Lang::En, false) => format!("Service instance `{name}` is edited."),
    }
}

pub fn renamed(lang: Lang, from: &str, to: &str) -> String {
    pick(
        lang,
        format!("L'instance de service « {from} » s'appelle désormais « {to} »."),
        format!("Service instance `{from}` is now called `{to}`."),
    )
}

pub fn removed(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("L'instance de service « {name} » est supprimée."),
        format!("Service instance `{name}` is removed."),
    )
}
