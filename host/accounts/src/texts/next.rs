//! What to do: the sentences that several faults share.

use super::{Say, say};
use crate::FaultKind;

pub(crate) const ASSOCIATE: Say = say("Associez de nouveau le compte.", "Associate the account again.");
pub(crate) const BEGIN: Say = say(
    "Recommencez l'association et validez-la sans attendre.",
    "Begin the association again and confirm it without delay.",
);
pub(crate) const AGREE: Say = say(
    "Recommencez l'association quand l'utilisateur est d'accord.",
    "Begin the association again once the user agrees.",
);
pub(crate) const ALLOW: Say = say(
    "Demandez à l'administrateur de cette organisation de l'autoriser, puis associez de nouveau le compte.",
    "Ask that organisation's administrator to allow it, then associate the account again.",
);
pub(crate) const WAIT: Say = say(
    "Relais réessaie de lui-même ; si cela dure, consultez l'état du service du fournisseur.",
    "Relais tries again by itself; if it persists, look at the provider's service status.",
);
pub(crate) const CLOCK: Say = say(
    "Mettez cette machine à l'heure (NTP, par exemple « timedatectl set-ntp true ») ; le compte n'est pas en cause.",
    "Set this machine's clock (NTP, such as `timedatectl set-ntp true`); the account is not at fault.",
);
pub(crate) const APPLICATION: Say = say(
    "Vérifiez l'identifiant, le secret ou le certificat de l'application auprès du fournisseur, puis corrigez-les avec « relais application set ».",
    "Check the application's id, secret or certificate with the provider, then correct them with `relais application set`.",
);
pub(crate) const TENANT: Say = say(
    "Corrigez le locataire (tenant) dans les paramètres de l'instance : son identifiant ou son domaine, comme mairie.onmicrosoft.com.",
    "Correct the tenant in the instance's settings: its id or its domain, such as contoso.onmicrosoft.com.",
);
pub(crate) const ADDRESS: Say = say(
    "Vérifiez l'adresse du fournisseur dans les paramètres de l'instance, et le proxy ou le pare-feu qui se trouve sur le chemin.",
    "Check the provider's address in the instance's settings, and the proxy or firewall on the way.",
);
pub(crate) const NETWORK: Say = say(
    "Vérifiez le DNS, le pare-feu et le proxy de sortie ; Relais réessaie de lui-même.",
    "Check the DNS, the firewall and the outgoing proxy; Relais tries again by itself.",
);
pub(crate) const PUBLISHER: Say = say(
    "Transmettez cette réponse à l'éditeur du connecteur ou au fournisseur.",
    "Pass this answer on to the connector's publisher or to the provider.",
);
pub(crate) const ACCESS: Say = say(
    "Demandez à l'administrateur du locataire de regarder cette connexion dans les journaux de connexion d'Entra et d'ajuster la stratégie d'accès conditionnel, puis associez de nouveau le compte.",
    "Ask the tenant's administrator to look this sign-in up in Entra's sign-in logs and to adjust the Conditional Access policy, then associate the account again.",
);
pub(crate) const CONSENT: Say = say(
    "Demandez à un administrateur du locataire d'accorder le consentement à l'application (Entra, Autorisations d'API), puis associez de nouveau le compte.",
    "Ask an administrator of the tenant to grant the application consent (Entra, API permissions), then associate the account again.",
);
pub(crate) const SIGN_IN: Say = say(
    "Associez de nouveau le compte : l'utilisateur se connecte et valide la vérification demandée.",
    "Associate the account again: the user signs in and passes the verification that is asked for.",
);
pub(crate) const USER: Say = say(
    "Faites rétablir ce compte par l'administrateur du locataire, ou choisissez-en un autre, puis associez-le de nouveau.",
    "Have the tenant's administrator restore this account, or choose another, then associate it again.",
);
pub(crate) const REGISTRATION: Say = say(
    "Corrigez l'enregistrement de l'application chez le fournisseur ; « relais application list » rappelle les étapes.",
    "Correct the application's registration with the provider; `relais application list` recalls the steps.",
);

/// What to do, where the code is not in a table.
pub(super) fn general(kind: FaultKind) -> Say {
    match kind {
        FaultKind::Declined => AGREE,
        FaultKind::Expired => BEGIN,
        FaultKind::Reconnect => ASSOCIATE,
        FaultKind::Policy => ALLOW,
        FaultKind::Configuration => APPLICATION,
        FaultKind::Clock => CLOCK,
        FaultKind::Unavailable => WAIT,
    }
}
