//! The words of `relais token`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Crée et révoque les jetons des programmes qui appellent Relais",
    "Creates and revokes the tokens of programs that call Relais",
);
pub const LIST: Say = say(
    "Liste les jetons, révoqués compris",
    "Lists the tokens, revoked ones included",
);
pub const CREATE: Say = say(
    "Crée un jeton, montré cette seule fois",
    "Creates a token, which is shown this once",
);
pub const REVOKE: Say = say("Révoque un jeton, aussitôt", "Revokes a token, at once");
pub const NAME: Say = say(
    "Nom du jeton : le programme qui s'en servira",
    "The token's name: the program that will use it",
);
pub const ID: Say = say("Identifiant du jeton", "The token's id");
pub const ROLE_VALUE: Say = say("RÔLE", "ROLE");
pub const ROLE: Say = say(
    "Ce qu'il permet : send (envoyer), admin (tout, dans son espace)",
    "What it allows: send, admin (everything, in its workspace)",
);
pub const SERVICE_INSTANCE: Say = say(
    "Ne permet que cette instance de service",
    "Allows this service instance only",
);
pub const DATE: Say = say("DATE|DURÉE", "DATE|DURATION");
pub const EXPIRES: Say = say(
    "Fin de validité : 2027-01-31, ou une durée comme 90d ; sinon aucune",
    "When it expires: 2027-01-31, or a duration such as 90d; else never",
);

pub const COLUMNS: [Say; 6] = [
    say("id", "id"),
    say("nom", "name"),
    say("rôle", "role"),
    say("instance de service", "service instance"),
    say("dernière utilisation", "last used"),
    say("état", "state"),
];
pub const VALID: Say = say("valable", "valid");
pub const REVOKED: Say = say("révoqué", "revoked");
pub const EXPIRED: Say = say("expiré", "expired");
pub const NEVER: Say = say("jamais", "never");
pub const NONE: Say = say(
    "Aucun jeton. Pour en créer un : relais token create NOM --role send",
    "There is no token. To create one: relais token create NAME --role send",
);
pub const SHOWN_ONCE: Say = say(
    "Notez-le maintenant : Relais n'en garde que l'empreinte et ne pourra plus le montrer.",
    "Note it now: Relais keeps its digest only and cannot show it again.",
);

pub fn created(lang: Lang, name: &str, id: &str) -> String {
    pick(
        lang,
        format!("Le jeton « {name} » ({id}) est créé :"),
        format!("Token `{name}` ({id}) is created:"),
    )
}

pub fn revoked(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("Le jeton {id} est révoqué."),
        format!("Token {id} is revoked."),
    )
}

pub fn not_a_date(lang: Lang) -> &'static str {
    pick(
        lang,
        "ce n'est ni une date comme 2027-01-31 ni une durée comme 90d. Corrigez-la.",
        "this is neither a date such as 2027-01-31 nor a duration such as 90d. Correct it.",
    )
}
