//! Numbers about the application, the tenant, the clock and the service.

use super::Meaning;
use crate::FaultKind::{Clock, Configuration, Unavailable};
use crate::texts::{next, say};

pub(super) const MEANINGS: &[Meaning] = &[
    Meaning {
        numbers: &[7000215, 70002],
        kind: Configuration,
        what: say(
            "Le secret de l'application est faux.",
            "The application's secret is wrong.",
        ),
        next: say(
            "Donnez la valeur du secret, et non son identifiant (Secret ID), avec « relais application set ».",
            "Give the secret's value, not its id (Secret ID), with `relais application set`.",
        ),
    },
    Meaning {
        numbers: &[7000222],
        kind: Configuration,
        what: say(
            "Le secret de l'application a expiré.",
            "The application's secret has expired.",
        ),
        next: say(
            "Créez un nouveau secret (Entra, Certificats et secrets) et donnez-le avec « relais application set » ; les comptes associés restent valables.",
            "Make a new secret (Entra, Certificates & secrets) and give it with `relais application set`; the associated accounts stay good.",
        ),
    },
    Meaning {
        numbers: &[50012, 700027, 700030],
        kind: Configuration,
        what: say(
            "Entra ne reconnaît pas le certificat de l'application, ou le certificat a expiré.",
            "Entra does not recognise the application's certificate, or the certificate has expired.",
        ),
        next: say(
            "Téléversez ce certificat dans l'enregistrement de l'application (Certificats et secrets), ou donnez celui qui y est avec « relais application set ».",
            "Upload this certificate to the application's registration (Certificates & secrets), or give the one that is there with `relais application set`.",
        ),
    },
    Meaning {
        numbers: &[700024],
        kind: Clock,
        what: say(
            "Entra refuse la preuve signée de l'application : son heure n'est pas la bonne.",
            "Entra refuses the application's signed proof: its time is wrong.",
        ),
        next: next::CLOCK,
    },
    Meaning {
        numbers: &[700016, 70001, 700011, 7000229],
        kind: Configuration,
        what: say(
            "Ce locataire (tenant) ne connaît pas l'application.",
            "This tenant does not know the application.",
        ),
        next: say(
            "Vérifiez l'identifiant de l'application et le locataire ; un administrateur de ce locataire doit y avoir ajouté l'application.",
            "Check the application's id and the tenant; an administrator of that tenant must have added the application to it.",
        ),
    },
    Meaning {
        numbers: &[7000112],
        kind: Configuration,
        what: say(
            "L'application est désactivée dans ce locataire (tenant).",
            "The application is disabled in this tenant.",
        ),
        next: say(
            "Réactivez-la (Entra, Applications d'entreprise, Propriétés).",
            "Enable it again (Entra, Enterprise applications, Properties).",
        ),
    },
    Meaning {
        numbers: &[7000218],
        kind: Configuration,
        what: say(
            "L'enregistrement de l'application n'autorise pas les clients publics, que l'association par code demande.",
            "The application's registration does not allow public clients, which association by code needs.",
        ),
        next: say(
            "Autorisez « les flux clients publics » (Entra, Inscriptions d'applications, Authentification), ou donnez un secret pour les autres manières d'associer.",
            "Allow \"public client flows\" (Entra, App registrations, Authentication), or give a secret for the other ways of associating.",
        ),
    },
    Meaning {
        numbers: &[700025],
        kind: Configuration,
        what: say(
            "L'application est enregistrée comme client public, et un secret ou un certificat a été présenté.",
            "The application is registered as a public client, and a secret or certificate was presented.",
        ),
        next: say(
            "Retirez le secret ou le certificat de l'application, ou enregistrez l'adresse de retour sous la plateforme « Web ».",
            "Remove the application's secret or certificate, or register the return address under the platform Web.",
        ),
    },
    Meaning {
        numbers: &[90002, 900023, 50059, 50128, 90019, 90038],
        kind: Configuration,
        what: say(
            "Ce locataire (tenant) n'existe pas, ou n'est pas dans ce cloud.",
            "This tenant does not exist, or is not in this cloud.",
        ),
        next: next::TENANT,
    },
    Meaning {
        numbers: &[50194, 90124, 90130, 9001023, 9002331, 9002332, 9002346],
        kind: Configuration,
        what: say(
            "L'application n'est pas enregistrée pour ce type de locataire (common, organizations ou consumers).",
            "The application is not registered for this kind of tenant (common, organizations or consumers).",
        ),
        next: next::TENANT,
    },
    Meaning {
        numbers: &[50011, 70004, 900971],
        kind: Configuration,
        what: say(
            "L'adresse de retour n'est pas enregistrée pour cette application.",
            "The return address is not registered for this application.",
        ),
        next: say(
            "Ajoutez l'adresse de retour que montre Relais à l'enregistrement de l'application (Authentification), au caractère près.",
            "Add the return address that Relais shows to the application's registration (Authentication), to the letter.",
        ),
    },
    Meaning {
        numbers: &[70011, 28002, 28003, 700022, 700023],
        kind: Configuration,
        what: say(
            "Entra ne connaît pas un des droits demandés, ou ils concernent plusieurs services à la fois.",
            "Entra does not know one of the rights that were asked for, or they are for several services at once.",
        ),
        next: next::PUBLISHER,
    },
    Meaning {
        numbers: &[50001, 500011, 65005, 650052, 650054, 650056, 650057],
        kind: Configuration,
        what: say(
            "Le service que ces droits concernent n'est pas activé dans ce locataire, ou n'est pas dans l'enregistrement de l'application.",
            "The service that these rights are for is not enabled in this tenant, or not in the application's registration.",
        ),
        next: say(
            "Vérifiez la licence du locataire, et ajoutez les droits à l'enregistrement de l'application (Autorisations d'API).",
            "Check the tenant's licence, and add the rights to the application's registration (API permissions).",
        ),
    },
    Meaning {
        numbers: &[90014, 900144, 9002313, 90023, 90100],
        kind: Configuration,
        what: say(
            "Entra dit que la demande est mal formée.",
            "Entra says that the request is malformed.",
        ),
        next: next::PUBLISHER,
    },
    Meaning {
        numbers: &[50196],
        kind: Unavailable,
        what: say(
            "Entra a compté trop de demandes identiques et n'en accepte plus pour l'instant.",
            "Entra counted too many requests of the same kind and takes none for now.",
        ),
        next: say(
            "Relais attend quelques minutes ; vérifiez qu'aucun autre programme n'emploie la même application en boucle.",
            "Relais waits some minutes; check that no other program uses the same application in a loop.",
        ),
    },
    Meaning {
        numbers: &[90055],
        kind: Unavailable,
        what: say(
            "Entra limite les demandes de ce locataire (tenant).",
            "Entra throttles this tenant's requests.",
        ),
        next: next::WAIT,
    },
    Meaning {
        numbers: &[50000, 50033, 50087, 70012, 90006, 90012, 90024, 90033, 90090, 90091],
        kind: Unavailable,
        what: say(
            "Entra est momentanément indisponible.",
            "Entra is unavailable for the moment.",
        ),
        next: next::WAIT,
    },
];
