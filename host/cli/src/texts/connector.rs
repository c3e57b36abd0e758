//! The words of `relais connector`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Installe, examine et supprime des connecteurs",
    "Installs, inspects and removes connectors",
);
pub const LIST: Say = say("Liste les connecteurs installés", "Lists the installed connectors");
pub const INSTALL: Say = say(
    "Vérifie et installe un connecteur, ou une autre version de celui-ci",
    "Checks and installs a connector, or another version of it",
);
pub const INSPECT: Say = say(
    "Montre ce qu'un connecteur exporte, importe et demande, sans l'installer ni l'exécuter",
    "Shows what a connector exports, imports and asks for, without installing or running it",
);
pub const PACK: Say = say(
    "Ajoute le manifeste au composant : la dernière étape de sa construction",
    "Adds the manifest to the component: the last step of its build",
);
pub const REMOVE: Say = say(
    "Supprime un connecteur qu'aucune instance n'utilise",
    "Removes a connector that no instance uses",
);
pub const ENABLE: Say = say(
    "Active un connecteur dans l'espace : ses instances peuvent y exister et envoyer",
    "Enables a connector in the workspace: instances of it may exist there and send",
);
pub const DISABLE: Say = say(
    "Désactive un connecteur dans l'espace ; ses instances restent et n'envoient plus",
    "Disables a connector in the workspace; its instances stay and send no more",
);

pub const FILE: Say = say(
    "Fichier .wasm du connecteur, ou l'identifiant d'un connecteur fourni avec Relais : relais/smtp",
    "The connector's .wasm file, or the id of a connector that comes with Relais: relais/smtp",
);
pub const COMPONENT: Say = say(
    "Composant .wasm, remplacé sauf avec --output",
    "The .wasm component, replaced unless --output is given",
);
pub const MANIFEST: Say = say(
    "Manifeste à ajouter, connector.toml",
    "The manifest to add, connector.toml",
);
pub const OUTPUT: Say = say("Écrit le résultat dans ce fichier", "Writes the result to this file");
pub const OUT: Say = say("SORTIE", "OUT");
pub const ID: Say = say(
    "Identifiant du connecteur, comme relais/smtp",
    "The connector's id, such as relais/smtp",
);

pub const IDENTIFIER: Say = say("Identifiant", "Id");
pub const NAME: Say = say("Nom", "Name");
pub const VERSION: Say = say("Version", "Version");
pub const DESCRIPTION: Say = say("Description", "Description");
pub const SERVICES: Say = say("Services (exports)", "Services (exports)");
pub const CAPABILITIES: Say = say("Capacités (imports)", "Capabilities (imports)");
pub const SERVICE_COLUMN: Say = say("Services", "Services");
pub const ENABLED_COLUMN: Say = say("Espaces", "Workspaces");
pub const INSTALLING: Say = say("Vérification et compilation", "Checking and compiling");
pub const SIZE: Say = say("Taille", "Size");
pub const EGRESS: Say = say("Connexions demandées", "Connections asked for");
pub const PROVIDERS: Say = say("Fournisseurs de comptes", "Providers of accounts");
pub const CREDENTIALS: Say = say("Justificatifs demandés", "Credentials asked for");
pub const PREPARES: Say = say(
    "Requêtes qui préparent un envoi et n'envoient rien, selon le connecteur",
    "Requests that prepare a message and send nothing, as the connector says",
);
pub const WITHDRAWS: Say = say(
    "Requêtes qui retirent ce qui était préparé",
    "Requests that take back what was prepared",
);
pub const PARAMETERS: Say = say("Paramètres", "Parameters");
pub const COLUMNS: [Say; 5] = [
    say("id", "id"),
    say("type", "type"),
    say("obligatoire", "required"),
    say("défaut", "default"),
    say("libellé", "label"),
];
pub const NOTHING: Say = say("aucun", "none");
pub const NO_CONNECTOR: Say = say(
    "Aucun connecteur n'est installé. Pour en installer un : relais connector install relais/smtp",
    "No connector is installed. To install one: relais connector install relais/smtp",
);

pub fn bytes(lang: Lang, size: u64) -> String {
    pick(lang, format!("{size} octets"), format!("{size} bytes"))
}

pub fn installed(lang: Lang, id: &str, version: &str) -> String {
    pick(
        lang,
        format!(
            "Le connecteur {id} {version} est installé. Créez une instance : relais instance create NOM --connector {id}"
        ),
        format!(
            "Connector {id} {version} is installed. Create an instance: relais instance create NAME --connector {id}"
        ),
    )
}

pub fn review(lang: Lang, instance: &str) -> String {
    pick(
        lang,
        format!("À revoir, car cette version demande autre chose : relais instance show {instance}"),
        format!("To be looked at, since this version asks for something else: relais instance show {instance}"),
    )
}

pub fn removed(lang: Lang, id: &str) -> String {
    pick(
        lang,
        format!("Le connecteur {id} est supprimé."),
        format!("Connector {id} is removed."),
    )
}

pub fn packed(lang: Lang, id: &str, version: &str, file: &str, size: u64) -> String {
    pick(
        lang,
        format!("{file} contient le manifeste de {id} {version} ({size} octets)."),
        format!("{file} holds the manifest of {id} {version} ({size} bytes)."),
    )
}

pub fn enabled(lang: Lang, id: &str, workspace: &str, enabled: bool) -> String {
    match (lang, enabled) {
        (Lang::Fr, true) => format!("Le connecteur {id} est activé dans l'espace « {workspace} »."),
        (Lang::En, true) => format!("Connector {id} is enabled in workspace `{workspace}`."),
        (Lang::Fr, false) => format!("Le connecteur {id} est désactivé dans l'espace « {workspace} »."),
        (Lang::En, false) => format!("Connector {id} is disabled in workspace `{workspace}`."),
    }
}
