//! The words of `relais instance`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Crée, modifie et vérifie des instances de connecteur",
    "Creates, edits and verifies connector instances",
);
pub const LIST: Say = say("Liste les instances", "Lists the instances");
pub const SHOW: Say = say(
    "Montre une instance : paramètres, secrets définis ou non, autorisations",
    "Shows an instance: parameters, secrets set or not, grants",
);
pub const CREATE: Say = say(
    "Crée une instance d'un connecteur installé",
    "Creates an instance of an installed connector",
);
pub const EDIT: Say = say(
    "Modifie une instance ; ce qui n'est pas nommé ne change pas",
    "Edits an instance; what is not named stays as it is",
);
pub const VERIFY: Say = say(
    "Demande au connecteur si l'instance fonctionne, sans rien envoyer",
    "Asks the connector whether the instance works, without sending anything",
);
pub const REMOVE: Say = say(
    "Supprime une instance et ses secrets",
    "Removes an instance and its secrets",
);

pub const INSTANCE_NAME: Say = say("Nom de l'instance", "The instance's name");
pub const CONNECTOR: Say = say(
    "Identifiant du connecteur, comme relais/smtp",
    "The connector's id, such as relais/smtp",
);
pub const SESSIONS: Say = say(
    "Sessions ouvertes à la fois, au plus ; 0 pour la valeur de Relais",
    "Sessions open at once, at most; 0 for Relais's own value",
);
pub const PER_MINUTE: Say = say(
    "Messages par minute, au plus ; 0 pour aucune limite",
    "Messages a minute, at most; 0 for no limit",
);
pub const SET: Say = say(
    "Donne une valeur à un paramètre ; CLÉ=@FICHIER lit un fichier, CLÉ=@@x vaut « @x »",
    "Gives a parameter its value; KEY=@FILE reads a file, KEY=@@x stands for `@x`",
);
pub const PAIR: Say = say("CLÉ=VALEUR", "KEY=VALUE");
pub const SECRET: Say = say(
    "Donne un secret : CLÉ=@FICHIER, CLÉ=- pour l'entrée standard, CLÉ seule pour le saisir à l'écran",
    "Gives a secret: KEY=@FILE, KEY=- for the standard input, KEY alone to be asked for it",
);
pub const SECRET_PAIR: Say = say("CLÉ[=@FICHIER|=-]", "KEY[=@FILE|=-]");
pub const GRANT: Say = say(
    "Ajoute une autorisation : auth-in-clear (mot de passe sans TLS), private:NOM (nom du manifeste en réseau privé)",
    "Adds a grant: auth-in-clear (password without TLS), private:NAME (a name of the manifest in a private network)",
);
pub const GRANT_VALUE: Say = say("AUTORISATION", "GRANT");
pub const REVOKE: Say = say("Retire une autorisation", "Takes a grant away");
pub const UNSET: Say = say(
    "Remet un paramètre à sa valeur par défaut",
    "Puts a parameter back to its default",
);
pub const FORGET: Say = say("Efface un secret", "Erases a secret");
pub const KEY: Say = say("CLÉ", "KEY");
pub const CREATE_EXAMPLE: Say = say(
    "Exemple :\n  relais instance create smtp --connector relais/smtp --set host=smtp.mairie.fr \\\n    --set username=ged@mairie.fr --secret password --set sender=ged@mairie.fr",
    "Example:\n  relais instance create smtp --connector relais/smtp --set host=smtp.example.org \\\n    --set username=dms@example.org --secret password --set sender=dms@example.org",
);

pub const COLUMNS: [Say; 4] = [
    say("nom", "name"),
    say("connecteur", "connector"),
    say("par défaut pour", "default of"),
    say("état", "state"),
];
pub const READY: Say = say("prêt", "ready");
pub const TO_REVIEW: Say = say("à revoir", "to be looked at");
pub const NO_INSTANCE: Say = say(
    "Aucune instance. Pour en créer une : relais instance create NOM --connector ID",
    "There is no instance. To create one: relais instance create NAME --connector ID",
);

pub const VERIFYING: Say = say("Vérification", "Verifying");
pub const LIMITS: Say = say("Limites", "Limits");
pub const SESSIONS_LABEL: Say = say("sessions à la fois", "sessions at once");
pub const PER_MINUTE_LABEL: Say = say("messages par minute", "messages a minute");
pub const INSTANCE: Say = say("Instance", "Instance");
pub const CONNECTOR_LABEL: Say = say("Connecteur", "Connector");
pub const DEFAULT_OF: Say = say("Connecteur par défaut pour", "Default connector of");
pub const EDITED: Say = say("Modifiée le", "Edited");
pub const REVISION: Say = say("Révision", "Revision");
pub const PARAMETERS: Say = say("Paramètres", "Parameters");
pub const SECRETS: Say = say("Secrets", "Secrets");
pub const ACCOUNTS: Say = say("Comptes", "Accounts");
pub const IS_SET: Say = say("défini", "set");
pub const NOT_SET: Say = say("non défini", "not set");
pub const BY_DEFAULT: Say = say("(par défaut)", "(default)");
pub const GRANTS: Say = say("Autorisations", "Grants");
pub const CONNECTS: Say = say("connexion", "connection");
pub const GRANTED: Say = say("accordée", "granted");
pub const CREDENTIALS: Say = say("Justificatifs", "Credentials");
pub const INCOMPLETE: Say = say("incomplet", "incomplete");
pub const PROBLEMS: Say = say("À corriger", "To be corrected");

pub fn saved(lang: Lang, name: &str, created: bool) -> String {
    match (lang, created) {
        (Lang::Fr, true) => format!("L'instance « {name} » est créée. Vérifiez-la : relais instance verify {name}"),
        (Lang::Fr, false) => format!("L'instance « {name} » est modifiée. Vérifiez-la : relais instance verify {name}"),
        (Lang::En, true) => format!("Instance `{name}` is created. Verify it: relais instance verify {name}"),
        (Lang::En, false) => format!("Instance `{name}` is edited. Verify it: relais instance verify {name}"),
    }
}

pub fn outdated(lang: Lang, because: &str) -> String {
    pick(
        lang,
        format!("Les secrets sont à saisir de nouveau, car ceci a changé : {because}"),
        format!("The secrets must be given again, since this changed: {because}"),
    )
}

pub fn removed(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("L'instance « {name} » et ses secrets sont supprimés."),
        format!("Instance `{name}` and its secrets are removed."),
    )
}

pub fn works(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("L'instance « {name} » fonctionne."),
        format!("Instance `{name}` works."),
    )
}

pub fn certificate(lang: Lang, bytes: usize) -> String {
    pick(lang, format!("PEM, {bytes} octets"), format!("PEM, {bytes} bytes"))
}

pub const NOTHING_TO_CHANGE: Say = say(
    "Rien à modifier : ajoutez --set, --unset, --secret, --forget, --grant ou --revoke.",
    "Nothing to change: add --set, --unset, --secret, --forget, --grant or --revoke.",
);

pub fn not_granted(lang: Lang, grant: &str) -> String {
    pick(
        lang,
        format!("« {grant} » n'est pas une autorisation de cette instance. « relais instance show » les montre."),
        format!("`{grant}` is no grant of this instance. `relais instance show` shows them."),
    )
}

pub const TWICE: Say = say(
    "donné deux fois. Ne le donnez qu'une fois.",
    "given twice. Give it once.",
);
pub const NOT_A_PAIR: Say = say(
    "une valeur s'écrit CLÉ=VALEUR, comme host=smtp.mairie.fr.",
    "a value is written KEY=VALUE, such as host=smtp.example.org.",
);
pub const SECRET_ON_COMMAND_LINE: Say = say(
    "un secret ne se donne pas sur la ligne de commande, où d'autres le voient. Écrivez CLÉ=@FICHIER, CLÉ=- (entrée standard), ou CLÉ seule pour le saisir.",
    "a secret is not given on the command line, where others see it. Write KEY=@FILE, KEY=- (standard input), or KEY alone to be asked for it.",
);
pub const NO_TERMINAL: Say = say(
    "le secret ne peut pas être saisi, car il n'y a pas de terminal. Écrivez CLÉ=@FICHIER ou CLÉ=- (entrée standard).",
    "the secret cannot be asked for, since there is no terminal. Write KEY=@FILE or KEY=- (standard input).",
);
pub const NOT_A_KEY: Say = say(
    "--secret commence par l'identifiant du champ, comme password : des lettres minuscules, des chiffres et « _ ».",
    "--secret begins with the field's id, such as password: lower-case letters, digits and `_`.",
);

pub fn prompt(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("{id} (la saisie ne s'affiche pas) : "),
        format!("{id} (what you type is not shown): "),
    )
}

pub fn secret_too_long(lang: Lang, most: usize) -> String {
    pick(
        lang,
        format!("le secret dépasse {most} octets. Vérifiez que c'est le bon fichier."),
        format!("the secret has more than {most} bytes. Check that it is the right file."),
    )
}

pub fn readable_by_all(lang: Lang, path: &str) -> String {
    pick(
        lang,
        format!(
            "Attention : tous les utilisateurs peuvent lire {path}, qui contient un secret. Retirez ce droit : chmod o-r {path}"
        ),
        format!("Warning: every user can read {path}, which holds a secret. Take this right away: chmod o-r {path}"),
    )
}

/// The words of the standard connectors for what `verify` finds; another connector's own words stand as they are.
pub fn finding(name: &str) -> Option<Say> {
    Some(match name {
        "server" => say("Serveur", "Server"),
        "address" => say("Adresse appelée", "Address dialled"),
        "proxy" => say("Par le proxy", "Through the proxy"),
        "tls-version" => say("Version de TLS", "TLS version"),
        "certificate-subject" | "certificate-name" => say("Certificat", "Certificate"),
        "certificate-sha256" => say("SHA-256 du certificat", "Certificate SHA-256"),
        "extensions" => say("Extensions", "Extensions"),
        "authentication" => say("Identification", "Login"),
        "size-limit" => say("Taille maximale", "Size limit"),
        _ => return None,
    })
}
