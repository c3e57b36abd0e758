//! What is common to all commands: the program itself, its options, headings.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Relais envoie par des connecteurs WebAssembly, chacun dans un bac à sable qui n'atteint que ce qui lui est accordé.",
    "Relais sends through WebAssembly connectors, each in a sandbox that reaches only what it was granted.",
);
pub const AFTER: Say = say(
    "Statuts de sortie : 0 fait ; 1 échec ; 2 saisie à corriger, rien n'est enregistré ni envoyé ;\n75 pas encore remis (envoi) : gardé et réessayé s'il a un numéro d'envoi, à refaire sinon.\n\nVariables : RELAIS_DATA, RELAIS_WORKSPACE, RELAIS_KEY_FILE, RELAIS_SPOOL, RELAIS_PROXY, RELAIS_PROXY_CREDENTIALS_FILE, RELAIS_NO_PROXY, RELAIS_CA_FILE, RELAIS_LOG (par exemple « debug ») ; LC_ALL, LC_MESSAGES, LANG pour la langue.",
    "Exit statuses: 0 done; 1 failed; 2 the input needs correction, nothing was stored or sent;\n75 not handed over yet (send): kept and tried again where it has a delivery id, to be repeated otherwise.\n\nVariables: RELAIS_DATA, RELAIS_WORKSPACE, RELAIS_KEY_FILE, RELAIS_SPOOL, RELAIS_PROXY, RELAIS_PROXY_CREDENTIALS_FILE, RELAIS_NO_PROXY, RELAIS_CA_FILE, RELAIS_LOG (for example `debug`); LC_ALL, LC_MESSAGES, LANG for the language.",
);
pub const TEMPLATE: Say = say(
    "{about-with-newline}\nUtilisation : {usage}\n\n{all-args}{after-help}",
    "{about-with-newline}\nUsage: {usage}\n\n{all-args}{after-help}",
);
/// The help writes a colon behind a heading, which in French stands apart from the word.
pub const COMMANDS: Say = say("Commandes ", "Commands");
pub const ARGUMENTS: Say = say("Arguments ", "Arguments");
pub const OPTIONS: Say = say("Options ", "Options");
pub const COMMON_OPTIONS: Say = say("Options communes ", "Common options");
pub const NETWORK_OPTIONS: Say = say("Options de sortie vers le réseau ", "Options of the way out");
pub const COMMAND: Say = say("COMMANDE", "COMMAND");

pub const FILE: Say = say("FICHIER", "FILE");
pub const FOLDER: Say = say("DOSSIER", "DIR");
pub const NAME: Say = say("NOM", "NAME");
pub const ID: Say = say("ID", "ID");
pub const TEXT: Say = say("TEXTE", "TEXT");
pub const NUMBER: Say = say("NOMBRE", "NUMBER");
pub const ADDRESS: Say = say("ADRESSE", "ADDRESS");
pub const INSTANCE: Say = say("INSTANCE", "INSTANCE");
pub const DURATION: Say = say("DURÉE", "DURATION");

pub const DATA: Say = say(
    "Dossier de données ; sinon RELAIS_DATA, sinon /var/lib/relais pour root et ~/.local/share/relais pour les autres",
    "Data folder; else RELAIS_DATA, else /var/lib/relais for root and ~/.local/share/relais for others",
);
pub const WORKSPACE: Say = say(
    "Espace ; sinon RELAIS_WORKSPACE, sinon « default »",
    "Workspace; else RELAIS_WORKSPACE, else `default`",
);
pub const KEY: Say = say(
    "Fichier de la clé qui scelle les secrets, hors du dossier de données ; sinon RELAIS_KEY_FILE, sinon à côté du dossier, avec l'extension .key",
    "File of the key that seals the secrets, outside the data folder; else RELAIS_KEY_FILE, else beside the folder, ending in .key",
);
pub const JSON: Say = say(
    "Répond par un seul objet JSON, erreurs comprises",
    "Answers with one JSON object, errors included",
);
pub const VERBOSE: Say = say(
    "Écrit le journal sur la sortie d'erreur ; -vv en dit davantage",
    "Writes the log to the standard error; -vv says more",
);
pub const PROXY_ADDRESS: Say = say("http://HÔTE:PORT", "http://HOST:PORT");
pub const PROXY: Say = say(
    "Proxy du site (CONNECT), pour tout ce qui n'est pas privé ; « off » pour aucun ; sinon RELAIS_PROXY ; HTTPS_PROXY n'est pas suivie",
    "The site's proxy (CONNECT), for all that is not private; `off` for none; else RELAIS_PROXY; HTTPS_PROXY is not followed",
);
pub const PROXY_CREDENTIALS: Say = say(
    "Fichier d'une ligne, compte:mot de passe, pour le proxy (Basic) ; sinon RELAIS_PROXY_CREDENTIALS_FILE",
    "File of one line, user:password, for the proxy (Basic); else RELAIS_PROXY_CREDENTIALS_FILE",
);
pub const LIST: Say = say("LISTE", "LIST");
pub const NO_PROXY: Say = say(
    "Ce qui ne passe pas par le proxy, séparé par des virgules : NOM (et ce qui est dessous), .SUFFIXE, ADRESSE, RÉSEAU/BITS ; sinon RELAIS_NO_PROXY",
    "What does not go through the proxy, separated by commas: NAME (and those below it), .SUFFIX, ADDRESS, NETWORK/BITS; else RELAIS_NO_PROXY",
);
pub const CA_FILE: Say = say(
    "Autorités de certification du site, en PEM, en plus de celles du système ; sinon RELAIS_CA_FILE",
    "The site's certificate authorities, in PEM, beside the system's; else RELAIS_CA_FILE",
);
pub const HELP: Say = say("Affiche cette aide", "Shows this help");
pub const VERSION: Say = say("Affiche la version", "Shows the version");

pub const DEMO: Say = say(
    "Montre tout le chemin sur cette machine : un mail par un connecteur SMTP, et un accès refusé",
    "Shows the whole way on this machine: a mail through an SMTP connector, and an access refused",
);

pub fn not_a_duration(lang: Lang) -> &'static str {
    pick(
        lang,
        "ce n'est pas une durée. Écrivez par exemple 30s, 15m, 12h ou 5d.",
        "this is no duration. Write for example 30s, 15m, 12h or 5d.",
    )
}
