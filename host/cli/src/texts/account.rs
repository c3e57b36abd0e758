//! The words of `relais account`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Associe les comptes (OAuth 2) des instances : Microsoft 365, Google, …",
    "Associates the accounts (OAuth 2) of instances: Microsoft 365, Google, …",
);
pub const ASSOCIATE: Say = say(
    "Associe un compte : montre le code ou l'adresse, attend, et dit qui a été associé",
    "Associates an account: shows the code or the address, waits, and says who was associated",
);
pub const STATUS: Say = say("Montre les comptes d'une instance", "Shows the accounts of an instance");
pub const RENEW: Say = say(
    "Renouvelle un compte maintenant, même s'il est à reconnecter",
    "Renews an account now, even one that is to be reconnected",
);
pub const DISSOCIATE: Say = say(
    "Oublie un compte et ses jetons, et les fait révoquer par le fournisseur s'il le permet",
    "Forgets an account and its tokens, and has the provider revoke them where it can",
);
pub const INSTANCE: Say = say("Nom de l'instance de connecteur", "The connector instance's name");
pub const PARAMETER: Say = say("PARAMÈTRE", "PARAMETER");
pub const ACCOUNT: Say = say(
    "Paramètre du compte ; inutile si l'instance n'en a qu'un",
    "The account's parameter; not needed where the instance has one account",
);
pub const FLOW_VALUE: Say = say("MÉTHODE", "FLOW");
pub const FLOW: Say = say(
    "device-code (un code à saisir), authorization-code (une page à ouvrir) ou client-credentials (l'application elle-même) ; sinon la première permise",
    "device-code (a code to enter), authorization-code (a page to open) or client-credentials (the application itself); else the first that is allowed",
);
pub const PROVIDER_VALUE: Say = say("FOURNISSEUR", "PROVIDER");
pub const PROVIDER: Say = say(
    "Fournisseur du compte ; inutile s'il n'y en a qu'un",
    "The account's provider; not needed where there is one",
);
pub const OWN_CLIENT_ID: Say = say(
    "Identifiant d'une application propre à ce compte ; sinon celle de l'espace",
    "Client id of an application of this account's own; else the workspace's",
);
pub const NO_WAIT: Say = say(
    "N'attend pas : montre le code ou l'adresse et s'arrête (le démon continue)",
    "Does not wait: shows the code or the address and ends (the daemon goes on)",
);
pub const EXAMPLE: Say = say(
    "Exemple :\n  relais application set microsoft --client-id 00000000-0000-0000-0000-000000000000\n  relais account associate courrier",
    "Example:\n  relais application set microsoft --client-id 00000000-0000-0000-0000-000000000000\n  relais account associate mail",
);

pub const ASKING: Say = say("Le fournisseur est sollicité…", "Asking the provider…");
pub const WAITING: Say = say("En attente de l'utilisateur…", "Waiting for the user…");
pub const OPEN: Say = say(
    "Ouvrez cette adresse dans un navigateur et connectez-vous :",
    "Open this address in a browser and sign in:",
);
pub const PASTE: Say = say(
    "À la fin, le navigateur affichera une page en erreur : copiez toute son adresse et collez-la ici.",
    "In the end the browser shows a page that fails: copy its whole address and paste it here.",
);
pub const RENEWED: Say = say("Le compte est renouvelé.", "The account is renewed.");

pub const ACCOUNT_LABEL: Say = say("Compte", "Account");
pub const STATE_LABEL: Say = say("État", "State");
pub const PROVIDER_LABEL: Say = say("Fournisseur", "Provider");
pub const FLOW_LABEL: Say = say("Méthode", "Flow");
pub const USER_LABEL: Say = say("Utilisateur", "User");
pub const TENANT_LABEL: Say = say("Organisation", "Tenant");
pub const APPLICATION_LABEL: Say = say("Application", "Client id");
pub const SCOPES_LABEL: Say = say("Droits accordés", "Rights granted");
pub const MISSING_LABEL: Say = say("Droits non accordés", "Rights not granted");
pub const ROLES_LABEL: Say = say("Rôles", "Roles");
pub const ASSOCIATED_LABEL: Say = say("Associé le", "Associated");
pub const RENEWED_LABEL: Say = say("Renouvelé le", "Renewed");
pub const USED_LABEL: Say = say("Utilisé le", "Last used");
pub const OWN: Say = say("propre à ce compte", "of its own");
pub const OF_WORKSPACE: Say = say("de l'espace", "the workspace's");

/// The state of an account, by its word.
pub fn state(word: &str) -> Say {
    match word {
        "associated" => say("associé", "associated"),
        "pending" => say("en cours d'association", "being associated"),
        "reconnect" => say("à reconnecter", "to be reconnected"),
        _ => say("non associé", "not associated"),
    }
}

/// How an association ended that brought no account, by its word.
pub fn ended(word: &str) -> Say {
    match word {
        "declined" => say(
            "L'utilisateur a refusé. Rien n'a été enregistré ; recommencez si c'était une erreur.",
            "The user declined. Nothing was stored; begin again if that was a mistake.",
        ),
        "expired" => say(
            "Le code ou l'adresse a expiré sans que personne ne vienne. Recommencez.",
            "The code or the address expired and nobody came. Begin again.",
        ),
        "given-up" => say(
            "L'association a été abandonnée. Rien n'a été enregistré.",
            "The association was given up. Nothing was stored.",
        ),
        _ => say(
            "L'association n'est pas terminée. « relais account status » montre la suite.",
            "The association has not ended. `relais account status` shows what follows.",
        ),
    }
}

/// What the provider did with the tokens, by its word.
pub fn revocation(word: &str) -> Say {
    match word {
        "done" => say(
            "Le fournisseur a révoqué les jetons.",
            "The provider revoked the tokens.",
        ),
        "not-offered" => say(
            "Ce fournisseur ne révoque pas les jetons à distance : l'utilisateur peut retirer l'accès de l'application dans son compte.",
            "This provider revokes no tokens from afar: the user can take the application's access away in his account.",
        ),
        _ => say(
            "Le fournisseur n'a pas révoqué les jetons : retirez l'accès de l'application dans le compte de l'utilisateur.",
            "The provider did not revoke the tokens: take the application's access away in the user's account.",
        ),
    }
}

pub fn enter(lang: Lang, uri: &str) -> String {
    pick(
        lang,
        format!("Ouvrez {uri} sur n'importe quel appareil, et saisissez-y ce code :"),
        format!("Open {uri} on any device, and enter this code there:"),
    )
}

pub fn or_open(lang: Lang, uri: &str) -> String {
    pick(
        lang,
        format!("Ou ouvrez directement {uri}"),
        format!("Or open {uri} at once"),
    )
}

pub fn done(lang: Lang, username: Option<&str>) -> String {
    match username {
        Some(name) => pick(
            lang,
            format!("Le compte {name} est associé."),
            format!("Account {name} is associated."),
        ),
        None => pick(
            lang,
            "Le compte est associé.".to_owned(),
            "The account is associated.".to_owned(),
        ),
    }
}

pub fn dissociated(lang: Lang, parameter: &str) -> String {
    pick(
        lang,
        format!("Le compte « {parameter} » est dissocié : Relais n'en garde rien."),
        format!("Account `{parameter}` is dissociated: Relais keeps nothing of it."),
    )
}

pub fn no_account(lang: Lang, instance: &str) -> String {
    pick(
        lang,
        format!("L'instance « {instance} » n'utilise pas de compte."),
        format!("Instance `{instance}` uses no account."),
    )
}

pub fn several(lang: Lang, parameters: &str) -> String {
    pick(
        lang,
        format!("l'instance a plusieurs comptes : {parameters}. Indiquez lequel."),
        format!("the instance has several accounts: {parameters}. Name one."),
    )
}
