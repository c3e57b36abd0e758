//! The words of `relais backup` and `relais restore`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const BACKUP: Say = say(
    "Sauvegarde le dossier de données, même pendant que Relais tourne ; la clé n'y est pas",
    "Backs up the data folder, even while Relais runs; the key is not in it",
);
pub const RESTORE: Say = say(
    "Rétablit une sauvegarde dans un dossier de données vide",
    "Restores a backup into an empty data folder",
);
pub const TO: Say = say("Fichier à écrire", "The file to write");
pub const FROM: Say = say("Fichier de la sauvegarde", "The file of the backup");
pub const RESUME: Say = say(
    "Reprend aussi les envois en attente ; sinon ils deviennent incertains, car l'original a pu les envoyer depuis",
    "Resumes pending deliveries too; else they become uncertain, since the original may have sent them since",
);

pub const REVOKE_TOKENS: Say = say(
    "Révoque tous les jetons ; sinon ceux qui ont été révoqués depuis la sauvegarde sont de nouveau valables",
    "Revokes all tokens; else those that were revoked since the backup are good again",
);

pub fn written(lang: Lang, file: &str, size: u64) -> String {
    pick(
        lang,
        format!("{file} contient la sauvegarde ({size} octets)."),
        format!("{file} holds the backup ({size} bytes)."),
    )
}

pub fn without_key(lang: Lang, key: &str) -> String {
    pick(
        lang,
        format!(
            "La clé des secrets n'y est pas : gardez ailleurs une copie de {key}. Sans elle, les secrets seront à ressaisir."
        ),
        format!(
            "The key of the secrets is not in it: keep a copy of {key} elsewhere. Without it, secrets have to be given again."
        ),
    )
}

pub fn restored(lang: Lang, data: &str) -> String {
    pick(
        lang,
        format!("La sauvegarde est rétablie dans {data}."),
        format!("The backup is restored to {data}."),
    )
}

pub fn incomplete(lang: Lang) -> &'static str {
    pick(
        lang,
        "La sauvegarde s'est interrompue. Le fichier n'a pas été écrit ; recommencez.",
        "The backup was cut short. The file was not written; try again.",
    )
}

pub const DELIVERIES: Say = say("Envois", "Deliveries");
pub const WRITING: Say = say("Sauvegarde en cours", "Backing up");
pub const PENDING: Say = say("Envois en attente", "Pending deliveries");
pub const MISSING: Say = say(
    "Envois dont le contenu manquait déjà",
    "Deliveries whose content was missing already",
);
pub const HELD: Say = say("Envois retenus comme incertains", "Deliveries held as uncertain");
pub const COMPONENTS: Say = say("Connecteurs", "Connectors");
pub const SECRETS: Say = say("Secrets", "Secrets");
pub const READING: Say = say("Rétablissement en cours", "Restoring");
pub const MADE_AT: Say = say("Faite le", "Made");
pub const TOKENS: Say = say("Jetons valables", "Valid tokens");
pub const REVOKED: Say = say("Jetons révoqués", "Revoked tokens");

pub fn good_again(lang: Lang, made_at: &str) -> String {
    pick(
        lang,
        format!(
            "Un jeton révoqué depuis le {made_at} est de nouveau valable. Vérifiez-les dans chaque espace : relais token list, \
             puis relais token revoke"
        ),
        format!(
            "A token that was revoked since {made_at} is good again. Look at those of each workspace: relais token list, then \
             relais token revoke"
        ),
    )
}

pub fn to_give_again(lang: Lang, key: &str) -> String {
    pick(
        lang,
        format!(
            "La clé n'ouvre pas les secrets. Apportez celle de la sauvegarde dans {key} avant toute saisie, ou ressaisissez-les : relais instance list"
        ),
        format!(
            "The key does not open the secrets. Bring the backup's to {key} before you give any, or give them again: relais instance list"
        ),
    )
}
