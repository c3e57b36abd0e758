//! The words of `relais application`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Indique les applications inscrites chez les fournisseurs, au nom desquelles les comptes de l'espace sont demandés",
    "Sets the applications registered at providers, in whose name the workspace's accounts are asked for",
);
pub const LIST: Say = say(
    "Liste les applications de l'espace",
    "Lists the applications of the workspace",
);
pub const SET: Say = say(
    "Indique l'application de l'espace chez un fournisseur, ou la remplace",
    "Sets the workspace's application at a provider, or replaces it",
);
pub const REMOVE: Say = say(
    "Retire une application qu'aucun compte n'utilise",
    "Removes an application that no account uses",
);
pub const PROVIDER: Say = say(
    "Mot du fournisseur dans les connecteurs : microsoft, google, …",
    "The provider's word in the connectors: microsoft, google, …",
);
pub const CLIENT_ID: Say = say(
    "Identifiant (client) que le fournisseur a donné à l'application",
    "The (client) id that the provider gave the application",
);
pub const SECRET_VALUE: Say = say("@FICHIER|-", "@FILE|-");
pub const SECRET: Say = say(
    "Secret de l'application : demandé, ou lu d'un fichier (=@FICHIER) ou de l'entrée standard (=-)",
    "The application's secret: asked for, or read from a file (=@FILE) or from the standard input (=-)",
);
pub const ON_COMMAND_LINE: Say = say(
    "un secret ne se donne pas sur la ligne de commande, où d'autres le voient. Écrivez @FICHIER, - (entrée standard), ou l'option seule pour le saisir.",
    "a secret is not given on the command line, where others see it. Write @FILE, - (standard input), or the option alone to be asked for it.",
);
pub const CERTIFICATE: Say = say(
    "Certificat de l'application (PEM), au lieu d'un secret",
    "The application's certificate (PEM), instead of a secret",
);
pub const KEY: Say = say("Clé de ce certificat (PEM)", "The key of that certificate (PEM)");
pub const ORIGIN_VALUE: Say = say("ORIGINE", "ORIGIN");
pub const ORIGIN: Say = say(
    "Où le secret peut aller : https://HÔTE ; sinon les adresses que nomment les connecteurs activés",
    "Where the secret may go: https://HOST; else the addresses that the enabled connectors name",
);
pub const EXAMPLE: Say = say(
    "Sans --secret ni --certificate, l'application est publique : cela suffit pour device-code chez Microsoft.",
    "With neither --secret nor --certificate the application is public: enough for device-code at Microsoft.",
);

pub const NONE: Say = say(
    "L'espace n'a pas d'application. Indiquez-en une avec « relais application set FOURNISSEUR --client-id ID ».",
    "The workspace has no application. Set one with `relais application set PROVIDER --client-id ID`.",
);
pub const COLUMNS: [Say; 5] = [
    say("fournisseur", "provider"),
    say("identifiant", "client id"),
    say("preuve", "proof"),
    say("secret pour", "secret for"),
    say("comptes", "accounts"),
];
pub const LOST: Say = say("secret à ressaisir", "secret to be given again");

/// How an application proves itself, by its word.
pub fn proof(word: &str) -> Say {
    match word {
        "secret" => say("secret", "a secret"),
        "certificate" => say("certificat", "a certificate"),
        _ => say("aucune (publique)", "none (public)"),
    }
}

pub fn saved(lang: Lang, provider: &str, client_id: &str) -> String {
    pick(
        lang,
        format!("L'application {client_id} est enregistrée pour « {provider} »."),
        format!("Application {client_id} is set for `{provider}`."),
    )
}

pub fn goes_to(lang: Lang, origins: &str) -> String {
    pick(
        lang,
        format!("Son secret ne va qu'à : {origins}."),
        format!("Its secret goes to these alone: {origins}."),
    )
}

pub fn removed(lang: Lang, provider: &str) -> String {
    pick(
        lang,
        format!("L'application de « {provider} » est retirée."),
        format!("The application at `{provider}` is removed."),
    )
}
