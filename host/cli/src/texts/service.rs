//! The words of `relais service`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Montre les services et choisit leur connecteur par défaut",
    "Shows the services and chooses their default connector",
);
pub const LIST: Say = say("Liste les services", "Lists the services");
pub const DEFAULT: Say = say(
    "Choisit l'instance qu'un service utilise quand aucune n'est nommée",
    "Chooses the instance that a service uses when none is named",
);
pub const SERVICE: Say = say("SERVICE", "SERVICE");
pub const SERVICE_HELP: Say = say("Nom du service, comme mail", "The service's name, such as mail");
pub const INSTANCE_HELP: Say = say("Nom de l'instance de connecteur", "The connector instance's name");
pub const NONE: Say = say(
    "Laisse le service sans connecteur par défaut",
    "Leaves the service without a default connector",
);

pub const FORCE: Say = say(
    "Impose une instance à tout le service, quoi que choisisse une instance de service",
    "Makes the whole service use one instance, whatever a service instance chooses",
);
pub const UNFORCE: Say = say("Lève cette contrainte", "Lifts that");

pub const COLUMNS: [Say; 5] = [
    say("service", "service"),
    say("titre", "title"),
    say("connecteur par défaut", "default connector"),
    say("connecteur imposé", "forced connector"),
    say("instances", "instances"),
];

pub fn chosen(lang: Lang, service: &str, instance: &str) -> String {
    pick(
        lang,
        format!("Le service « {service} » utilise désormais l'instance « {instance} » par défaut."),
        format!("Service `{service}` now uses instance `{instance}` by default."),
    )
}

pub fn cleared(lang: Lang, service: &str) -> String {
    pick(
        lang,
        format!("Le service « {service} » n'a plus de connecteur par défaut."),
        format!("Service `{service}` has no default connector any more."),
    )
}

pub fn forced(lang: Lang, service: &str, instance: &str) -> String {
    pick(
        lang,
        format!("Le service « {service} » utilise désormais l'instance « {instance} » et aucune autre."),
        format!("Service `{service}` now uses instance `{instance}` and no other."),
    )
}

pub fn unforced(lang: Lang, service: &str) -> String {
    pick(
        lang,
        format!("Le service « {service} » n'impose plus d'instance."),
        format!("Service `{service}` forces no instance any more."),
    )
}
