//! The words of `relais serve`.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const ABOUT: Say = say(
    "Tourne en service : reçoit les mails, les envoie, réessaie",
    "Runs as a daemon: takes mail in, sends it, tries again",
);
pub const ADDRESS: Say = say("ADRESSE:PORT", "ADDRESS:PORT");
pub const LISTEN: Say = say(
    "Où écoute l'API HTTP ; sinon 127.0.0.1:8525 ; « off » pour n'écouter que sur les sockets Unix",
    "Where the HTTP API listens; else 127.0.0.1:8525; `off` to listen on Unix sockets only",
);
pub const LISTEN_CERTIFICATE: Say = say(
    "Chaîne de certificats en PEM, pour servir l'API HTTP en TLS ; lue au démarrage",
    "Chain of certificates in PEM, to serve the HTTP API under TLS; read at the start",
);
pub const TLS_BY_PROXY: Say = say(
    "Permet --listen hors de cette machine sans certificat : un serveur mandataire placé devant termine TLS",
    "Allows --listen beyond this machine without a certificate: a proxy in front of it terminates TLS",
);
pub const METRICS: Say = say(
    "Où écoutent /metrics, /ready et /health, de tous les espaces et sans jeton, pour Prometheus ; sinon nulle part",
    "Where /metrics, /ready and /health listen, of all workspaces and without a token, for Prometheus; else nowhere",
);
pub const SUBMISSION_TLS: Say = say(
    "Reçoit par SMTP à cette adresse, en TLS dès le premier octet (port 465 d'usage)",
    "Takes mail in over SMTP at this address, under TLS from the first octet (usually port 465)",
);
pub const SUBMISSION_NAME: Say = say(
    "Nom que l'écoute SMTP donne et écrit dans Received ; sinon celui de la machine",
    "Name by which the SMTP listener goes, also in Received; else the machine's",
);
pub const URL: Say = say("URL", "URL");
pub const PUBLIC_URL: Say = say(
    "Adresse publique de l'API HTTP, où les fournisseurs de comptes renvoient les navigateurs ; sinon l'adresse finale se colle à la main",
    "Public address of the HTTP API, where the providers of accounts send browsers back to; else the final address is pasted by hand",
);
pub const SUBMISSION: Say = say(
    "Reçoit aussi par SMTP à cette adresse, avec un jeton comme mot de passe",
    "Takes mail in over SMTP at this address too, with a token as the password",
);
pub const SECONDS: Say = say("SECONDES", "SECONDS");
pub const FIRST_RETRY: Say = say(
    "Attente avant le deuxième essai d'un envoi, doublée à chaque échec ; 30 par défaut",
    "The wait before a delivery's second attempt, doubled at each failure; 30 by default",
);
pub const NUMBER: Say = say("NOMBRE", "NUMBER");
pub const RATE: Say = say(
    "Requêtes par seconde et par jeton ; 2000 par défaut",
    "Requests a second of one token; 2000 by default",
);
pub const SILENCE: Say = say(
    "Silence d'un serveur au bout duquel sa connexion est abandonnée ; 600 par défaut (RFC 5321)",
    "How long a server may be silent before its connection is given up; 600 by default (RFC 5321)",
);
pub const SUBMISSION_OPEN: Say = say(
    "Accepte par SMTP sans identification, depuis cette machine seulement, dans cet espace",
    "Accepts over SMTP without a login, from this machine only, into this workspace",
);
pub const CERTIFICATE: Say = say(
    "Chaîne de certificats en PEM, pour offrir STARTTLS par SMTP ; nécessaire hors de cette machine",
    "Chain of certificates in PEM, to offer STARTTLS over SMTP; needed beyond this machine",
);
pub const CERTIFICATE_KEY: Say = say("Sa clé privée, en PEM", "Its private key, in PEM");
pub const WORKSPACE: Say = say("ESPACE", "WORKSPACE");
pub const SPOOL: Say = say(
    "Dossier de « relais sendmail » : sa socket et ses dossiers de dépôt ; sinon RELAIS_SPOOL, sinon aucun",
    "Folder of `relais sendmail`: its socket and its drop folders; else RELAIS_SPOOL, else none",
);
pub const GROUP: Say = say("[ESPACE=]GROUPE", "[WORKSPACE=]GROUP");
pub const SPOOL_GROUP: Say = say(
    "Groupe, par son nom ou son numéro, dont les membres peuvent envoyer par « relais sendmail » : dans tous les espaces, ou, avec ESPACE=, dans celui-là, et eux seuls ; répétable",
    "Group, by name or number, whose members may send by `relais sendmail`: in every workspace, or with WORKSPACE= in that one, and only they; repeatable",
);
pub const FORM: Say = say("FORME", "FORM");
pub const LOG: Say = say(
    "Forme du journal : text ou json ; sinon text",
    "Form of the log: text or json; else text",
);
pub const PRINT_UNIT: Say = say(
    "Écrit l'unité systemd et ne fait rien d'autre",
    "Writes the systemd unit and does nothing else",
);
pub const AFTER: Say = say(
    "SIGTERM et SIGINT l'arrêtent : les envois en cours ont 30 s pour finir, les autres restent en file.\n\nDans un dossier de dépôt, chaque utilisateur compte lui-même ses fichiers (1000, 512 Mio), et un programme qui ne compte pas peut remplir le disque : mettez le dossier --spool sur un système de fichiers à part, ou à quotas.",
    "SIGTERM and SIGINT stop it: deliveries on their way have 30 s to end, the others stay in the queue.\n\nIn a drop folder each user counts its own files (1,000, 512 MiB), and a program that does not count can fill the disk: put the --spool folder on a file system of its own, or on one with quotas.",
);

pub fn not_a_public_url(lang: Lang) -> &'static str {
    pick(
        lang,
        "ce n'est pas une adresse publique : écrivez https://HÔTE, au besoin avec un chemin, sans paramètres.",
        "this is no public address: write https://HOST, with a path where there is one, and no query.",
    )
}

pub fn address(lang: Lang) -> &'static str {
    pick(
        lang,
        "ce n'est pas une adresse IP et un port, comme 127.0.0.1:8525.",
        "this is no IP address and port, such as 127.0.0.1:8525.",
    )
}

pub fn not_loopback(lang: Lang) -> &'static str {
    pick(
        lang,
        "sans identification, l'écoute doit rester sur cette machine : 127.0.0.1 ou [::1].",
        "without a login it must listen on this machine only: 127.0.0.1 or [::1].",
    )
}

pub fn in_clear(lang: Lang) -> &'static str {
    pick(
        lang,
        "cette adresse est joignable d'autres machines, et les jetons y passeraient en clair. Donnez un certificat \
         (--listen-certificate et --listen-key), ou --tls-by-proxy si un serveur mandataire placé devant termine TLS ; sinon \
         écoutez sur 127.0.0.1.",
        "other machines reach this address, and tokens would cross the network in clear. Give a certificate \
         (--listen-certificate and --listen-key), or --tls-by-proxy where a proxy in front of it terminates TLS; else listen on \
         127.0.0.1.",
    )
}

pub fn submission_in_clear(lang: Lang) -> &'static str {
    pick(
        lang,
        "cette adresse est joignable d'autres machines : donnez un certificat (--submission-certificate et --submission-key), ou \
         écoutez sur 127.0.0.1.",
        "other machines reach this address: give a certificate (--submission-certificate and --submission-key), or listen on \
         127.0.0.1.",
    )
}

pub fn two_groups(lang: Lang, given: &str) -> String {
    pick(
        lang,
        format!("« {given} » : un seul groupe pour tous les espaces, et un seul par espace."),
        format!("`{given}`: one group for all workspaces, and one for each workspace."),
    )
}

pub fn no_name(lang: Lang) -> &'static str {
    pick(
        lang,
        "ce n'est pas un nom de machine, comme relais.mairie.example.",
        "this is no host name, such as relais.example.org.",
    )
}

pub fn certificate(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!("ce certificat ne peut pas servir ({error})."),
        format!("this certificate cannot be used ({error})."),
    )
}

pub fn spool_open(lang: Lang, place: &str) -> String {
    pick(
        lang,
        format!(
            "D'autres peuvent écrire dans {place}, et y prendre la place du service. Retirez-leur ce droit : chmod 0711 {place}"
        ),
        format!(
            "Others may write into {place}, and take the daemon's place there. Take that right away: chmod 0711 {place}"
        ),
    )
}

pub fn no_group(lang: Lang, name: &str) -> String {
    pick(
        lang,
        format!("il n'y a pas de groupe « {name} ». Créez-le : groupadd {name}"),
        format!("there is no group `{name}`. Create it: groupadd {name}"),
    )
}

pub fn cannot_listen(lang: Lang, place: &str, error: &str) -> String {
    pick(
        lang,
        format!("{place} ne peut pas être ouvert ({error})."),
        format!("{place} cannot be opened ({error})."),
    )
}

pub fn spool(lang: Lang, place: &str, error: &str) -> String {
    pick(
        lang,
        format!("Le dossier {place} ne peut pas être préparé ({error}). Vérifiez ses droits et son groupe."),
        format!("Folder {place} cannot be prepared ({error}). Check its rights and its group."),
    )
}
