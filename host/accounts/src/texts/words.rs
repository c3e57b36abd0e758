//! The words of the RFCs, and Entra's for the same.

use super::{Entry, entry, next, say};
use crate::FaultKind;

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "authorization_pending",
        say(
            "L'utilisateur n'a pas encore validé le code.",
            "The user has not confirmed the code yet.",
        ),
        say(
            "Ouvrez le lien, saisissez le code et connectez-vous.",
            "Open the link, type the code and sign in.",
        ),
    ),
    entry(
        "slow_down",
        say(
            "Le fournisseur demande d'interroger moins souvent.",
            "The provider asks to be polled less often.",
        ),
        next::WAIT,
    ),
    entry("access_denied", DECLINED, next::AGREE).only(FaultKind::Declined),
    entry(
        "access_denied",
        say(
            "Le fournisseur interdit cet accès à l'application.",
            "The provider forbids the application this access.",
        ),
        next::ALLOW,
    ),
    entry("authorization_declined", DECLINED, next::AGREE),
    entry(
        "expired_token",
        say(
            "Le code n'a pas été validé à temps.",
            "The code was not confirmed in time.",
        ),
        next::BEGIN,
    ),
    entry(
        "code_expired",
        say(
            "Le code n'a pas été validé à temps.",
            "The code was not confirmed in time.",
        ),
        next::BEGIN,
    ),
    entry(
        "bad_verification_code",
        say(
            "Le fournisseur ne connaît pas le code de cette association.",
            "The provider does not know this association's code.",
        ),
        next::BEGIN,
    ),
    entry(
        "invalid_grant",
        say(
            "Le code de l'association a déjà servi, a expiré ou n'est pas connu du fournisseur.",
            "The association's code was already used, has expired or is not known to the provider.",
        ),
        next::BEGIN,
    )
    .only(FaultKind::Expired),
    entry(
        "invalid_grant",
        say(
            "Le fournisseur n'accepte plus l'autorisation de ce compte : elle a expiré, a été révoquée ou a déjà été remplacée.",
            "The provider no longer accepts this account's authorisation: it expired, was revoked or was already replaced.",
        ),
        next::ASSOCIATE,
    ),
    entry(
        "invalid_client",
        say(
            "Le fournisseur ne reconnaît pas l'application : son identifiant, son secret ou son certificat est faux.",
            "The provider does not recognise the application: its id, its secret or its certificate is wrong.",
        ),
        next::APPLICATION,
    ),
    entry(
        "unauthorized_client",
        say(
            "L'application n'est pas autorisée à s'associer de cette manière.",
            "The application may not be associated in this way.",
        ),
        next::REGISTRATION,
    ),
    entry(
        "unsupported_grant_type",
        say(
            "Le fournisseur n'offre pas cette manière d'associer un compte.",
            "The provider does not offer this way of associating an account.",
        ),
        say(
            "Choisissez une autre manière d'associer le compte, ou autorisez celle-ci dans l'enregistrement de l'application.",
            "Choose another way of associating the account, or allow this one in the application's registration.",
        ),
    ),
    entry(
        "invalid_scope",
        say(
            "Le fournisseur ne connaît pas un des droits demandés, ou ne les accorde pas à cette application.",
            "The provider does not know one of the rights that were asked for, or does not grant them to this application.",
        ),
        say(
            "Ajoutez les droits demandés à l'enregistrement de l'application (Autorisations d'API).",
            "Add the rights that are asked for to the application's registration (API permissions).",
        ),
    ),
    entry(
        "invalid_request",
        say(
            "Le fournisseur dit que la demande est mal formée.",
            "The provider says that the request is malformed.",
        ),
        say(
            "Vérifiez l'adresse du fournisseur et l'identifiant de l'application ; sinon, transmettez cette réponse à l'éditeur du connecteur.",
            "Check the provider's address and the application's id; else pass this answer on to the connector's publisher.",
        ),
    ),
    entry("invalid_resource", RESOURCE, next::REGISTRATION),
    entry("invalid_target", RESOURCE, next::REGISTRATION),
    entry("interaction_required", INTERACTION, next::SIGN_IN),
    entry("login_required", INTERACTION, next::SIGN_IN),
    entry("account_selection_required", INTERACTION, next::SIGN_IN),
    entry(
        "consent_required",
        say(
            "Le consentement donné à l'application manque ou a été retiré.",
            "The consent given to the application is missing or was withdrawn.",
        ),
        next::ASSOCIATE,
    ),
    entry(
        "server_error",
        say(
            "Le fournisseur a une panne interne.",
            "The provider has an internal fault.",
        ),
        next::WAIT,
    ),
    entry(
        "temporarily_unavailable",
        say(
            "Le fournisseur est momentanément indisponible.",
            "The provider is unavailable for the moment.",
        ),
        next::WAIT,
    ),
];

const DECLINED: super::Say = say(
    "L'utilisateur a refusé l'association, ou l'a annulée.",
    "The user declined the association, or cancelled it.",
);
const RESOURCE: super::Say = say(
    "Le service que ces droits concernent n'existe pas ou n'est pas activé dans cette organisation.",
    "The service that these rights are for does not exist or is not enabled in this organisation.",
);
const INTERACTION: super::Say = say(
    "Le fournisseur demande que l'utilisateur se connecte de nouveau.",
    "The provider asks that the user signs in again.",
);
