//! What stands between Relais and the provider, and answers that are not OAuth's.

use super::{Entry, entry, next, say};
use crate::FaultKind;

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "unreachable",
        say("Le fournisseur est injoignable.", "The provider cannot be reached."),
        next::NETWORK,
    ),
    entry(
        "proxy-refuses",
        say(
            "Le proxy de sortie ne laisse pas passer vers le fournisseur.",
            "The outgoing proxy lets nothing through to the provider.",
        ),
        say(
            "Corrigez --proxy ou --proxy-credentials-file, ou demandez à qui administre le proxy d'autoriser cette destination ; le compte n'est pas en cause.",
            "Correct --proxy or --proxy-credentials-file, or have whoever runs the proxy allow this destination; the account is not at fault.",
        ),
    ),
    entry(
        "tls",
        say(
            "La connexion sécurisée avec le fournisseur échoue.",
            "The secure connection to the provider fails.",
        ),
        say(
            "Vérifiez le certificat du serveur, l'heure de cette machine, et l'autorité du proxy s'il ouvre le TLS.",
            "Check the server's certificate, this machine's clock, and the proxy's authority where it opens TLS.",
        ),
    ),
    entry(
        "timeout",
        say(
            "Le fournisseur n'a pas répondu dans le temps prévu.",
            "The provider did not answer in time.",
        ),
        next::NETWORK,
    ),
    entry(
        "broken",
        say(
            "La connexion avec le fournisseur s'est rompue avant la fin de la réponse.",
            "The connection to the provider broke before its answer was whole.",
        ),
        next::NETWORK,
    ),
    entry(
        "web-page",
        say(
            "Le fournisseur a répondu par une page web au lieu d'une réponse OAuth.",
            "The provider answered a web page instead of an OAuth answer.",
        ),
        next::ADDRESS,
    ),
    entry(
        "not-json",
        say(
            "Le fournisseur a répondu autre chose que du JSON.",
            "The provider answered something other than JSON.",
        ),
        next::ADDRESS,
    ),
    entry(
        "redirected",
        say(
            "Le fournisseur renvoie vers une autre adresse, et un secret ne suit pas une redirection.",
            "The provider points to another address, and a secret does not follow a redirect.",
        ),
        next::ADDRESS,
    ),
    entry(
        "too-large",
        say(
            "La réponse du fournisseur dépasse 64 Kio : elle n'est pas lue.",
            "The provider's answer is over 64 KiB: it is not read.",
        ),
        next::ADDRESS,
    ),
    entry(
        "malformed",
        say(
            "La réponse du fournisseur n'est pas celle que prévoit OAuth.",
            "The provider's answer is not what OAuth says.",
        ),
        next::PUBLISHER,
    ),
    entry(
        "token-malformed",
        say(
            "Le fournisseur a donné un jeton trop long ou qui contient des caractères interdits.",
            "The provider gave a token that is too long or has forbidden characters.",
        ),
        next::PUBLISHER,
    ),
    entry(
        "token-type",
        say(
            "Le fournisseur a donné un jeton d'un autre type que « Bearer ».",
            "The provider gave a token of a type other than `Bearer`.",
        ),
        next::PUBLISHER,
    ),
    entry(
        "http-status",
        say(
            "Il n'y a pas de point d'accès OAuth à cette adresse.",
            "There is no OAuth endpoint at this address.",
        ),
        next::ADDRESS,
    )
    .only(FaultKind::Configuration),
    entry(
        "http-status",
        say(
            "Le fournisseur a répondu par une erreur HTTP sans explication.",
            "The provider answered an HTTP error without an explanation.",
        ),
        next::WAIT,
    ),
    entry(
        "throttled",
        say(
            "Le fournisseur demande d'attendre : trop de demandes.",
            "The provider asks to wait: too many requests.",
        ),
        next::WAIT,
    ),
];
