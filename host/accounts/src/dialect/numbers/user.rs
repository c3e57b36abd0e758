//! Numbers about the user, what the organisation wants of a sign-in, and the authorisation itself.

use super::Meaning;
use crate::FaultKind::{Declined, Expired, Policy, Reconnect};
use crate::texts::{next, say};

pub(super) const MEANINGS: &[Meaning] = &[
    Meaning {
        numbers: &[50057],
        kind: Reconnect,
        what: say(
            "Le compte utilisateur est désactivé dans l'annuaire de l'organisation.",
            "The user account is disabled in the organisation's directory.",
        ),
        next: next::USER,
    },
    Meaning {
        numbers: &[50034, 51004, 50020, 90072, 16000, 50014],
        kind: Reconnect,
        what: say(
            "Ce compte utilisateur n'existe pas dans ce locataire (tenant).",
            "This user account does not exist in this tenant.",
        ),
        next: next::USER,
    },
    Meaning {
        numbers: &[50053],
        kind: Reconnect,
        what: say(
            "Le compte utilisateur est verrouillé après trop d'essais, ou l'adresse de cette machine est jugée suspecte.",
            "The user account is locked after too many attempts, or this machine's address is held to be suspicious.",
        ),
        next: next::USER,
    },
    Meaning {
        numbers: &[50055, 50144, 50132, 50133, 50135],
        kind: Reconnect,
        what: say(
            "Le mot de passe de l'utilisateur a changé ou a expiré, ce qui met fin à l'association.",
            "The user's password changed or expired, which ends the association.",
        ),
        next: next::ASSOCIATE,
    },
    Meaning {
        numbers: &[50173],
        kind: Reconnect,
        what: say(
            "L'autorisation du compte a été révoquée, par un administrateur ou par un changement de mot de passe.",
            "The account's authorisation was revoked, by an administrator or by a change of password.",
        ),
        next: next::ASSOCIATE,
    },
    Meaning {
        numbers: &[50072, 50074, 50076, 50078, 50079, 50158, 700020],
        kind: Reconnect,
        what: say(
            "L'organisation exige une vérification de l'utilisateur, comme l'authentification multifacteur (MFA).",
            "The organisation demands a verification of the user, such as multi-factor authentication (MFA).",
        ),
        next: next::SIGN_IN,
    },
    Meaning {
        numbers: &[530036],
        kind: Policy,
        what: say(
            "L'organisation interdit l'association par code (stratégie des flux d'authentification).",
            "The organisation forbids association by code (authentication flows policy).",
        ),
        next: say(
            "Associez le compte par redirection (authorization-code), ou demandez à l'administrateur du locataire d'exempter ce compte de la stratégie.",
            "Associate the account by redirect (authorization-code), or ask the tenant's administrator to exempt this account from the policy.",
        ),
    },
    Meaning {
        numbers: &[53003, 50131, 530032, 53011],
        kind: Policy,
        what: say(
            "Une stratégie d'accès conditionnel de l'organisation bloque cet accès.",
            "A Conditional Access policy of the organisation blocks this access.",
        ),
        next: next::ACCESS,
    },
    Meaning {
        numbers: &[50005, 50097, 50129, 53000, 53001, 53002],
        kind: Policy,
        what: say(
            "L'organisation n'admet que des appareils ou des applications qu'elle gère.",
            "The organisation admits only devices or applications that it manages.",
        ),
        next: next::ACCESS,
    },
    Meaning {
        numbers: &[53004, 53010],
        kind: Policy,
        what: say(
            "L'utilisateur doit d'abord enregistrer sa méthode de vérification (MFA), et l'organisation l'interdit depuis ici.",
            "The user must first register a verification method (MFA), and the organisation forbids it from here.",
        ),
        next: next::ACCESS,
    },
    Meaning {
        numbers: &[530035],
        kind: Policy,
        what: say(
            "Les paramètres de sécurité par défaut de l'organisation bloquent cet accès.",
            "The organisation's security defaults block this access.",
        ),
        next: next::ALLOW,
    },
    Meaning {
        numbers: &[50105],
        kind: Policy,
        what: say(
            "L'utilisateur n'est pas affecté à l'application.",
            "The user is not assigned to the application.",
        ),
        next: say(
            "Affectez l'utilisateur à l'application (Entra, Applications d'entreprise, Utilisateurs et groupes), puis associez de nouveau le compte.",
            "Assign the user to the application (Entra, Enterprise applications, Users and groups), then associate the account again.",
        ),
    },
    Meaning {
        numbers: &[90094, 90095, 90008],
        kind: Policy,
        what: say(
            "Seul un administrateur de l'organisation peut consentir à ces droits.",
            "Only an administrator of the organisation can consent to these rights.",
        ),
        next: next::CONSENT,
    },
    Meaning {
        numbers: &[65001],
        kind: Reconnect,
        what: say(
            "Personne n'a consenti à ces droits pour cette application, ou le consentement a été retiré.",
            "Nobody consented to these rights for this application, or the consent was withdrawn.",
        ),
        next: next::CONSENT,
    },
    Meaning {
        numbers: &[65004],
        kind: Declined,
        what: say(
            "L'utilisateur n'a pas consenti aux droits demandés.",
            "The user did not consent to the rights that were asked for.",
        ),
        next: next::AGREE,
    },
    Meaning {
        numbers: &[90120],
        kind: Expired,
        what: say(
            "Ce code a déjà été validé ou refusé.",
            "This code was already confirmed or declined.",
        ),
        next: next::BEGIN,
    },
    Meaning {
        numbers: &[70018],
        kind: Expired,
        what: say(
            "Le code saisi n'est pas le bon : l'association n'est pas approuvée.",
            "The code that was typed is wrong: the association is not approved.",
        ),
        next: next::BEGIN,
    },
    Meaning {
        numbers: &[70019],
        kind: Expired,
        what: say(
            "Le code n'a pas été validé à temps.",
            "The code was not confirmed in time.",
        ),
        next: next::BEGIN,
    },
    Meaning {
        numbers: &[54005, 501481, 700005],
        kind: Expired,
        what: say(
            "Le code de retour a déjà servi ou appartient à une autre tentative.",
            "The returned code was already used or belongs to another attempt.",
        ),
        next: next::BEGIN,
    },
    Meaning {
        numbers: &[70000, 50089],
        kind: Reconnect,
        what: say(
            "Entra n'accepte plus l'autorisation de ce compte.",
            "Entra no longer accepts this account's authorisation.",
        ),
        next: next::ASSOCIATE,
    },
    Meaning {
        numbers: &[70008, 700082],
        kind: Reconnect,
        what: say(
            "L'autorisation a expiré, faute d'avoir servi assez récemment.",
            "The authorisation expired, since it was not used recently enough.",
        ),
        next: next::ASSOCIATE,
    },
    Meaning {
        numbers: &[70043],
        kind: Reconnect,
        what: say(
            "L'organisation exige une reconnexion régulière (fréquence de connexion), et le délai est passé.",
            "The organisation demands a regular sign-in (sign-in frequency), and its time is over.",
        ),
        next: say(
            "Associez de nouveau le compte, et demandez à l'administrateur du locataire d'exempter cette application de la fréquence de connexion.",
            "Associate the account again, and ask the tenant's administrator to exempt this application from the sign-in frequency.",
        ),
    },
    Meaning {
        numbers: &[700084],
        kind: Reconnect,
        what: say(
            "L'application est enregistrée comme page web (SPA), dont les autorisations ne durent que 24 heures.",
            "The application is registered as a single-page one (SPA), whose authorisations last 24 hours only.",
        ),
        next: say(
            "Enregistrez l'adresse de retour sous la plateforme « Web » ou « Applications mobiles et de bureau », puis associez de nouveau le compte.",
            "Register the return address under the platform Web or Mobile and desktop applications, then associate the account again.",
        ),
    },
];
