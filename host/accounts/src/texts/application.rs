//! What is wrong before anything is asked, and with the address that a browser brings back.

use super::{Entry, entry, next, say};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "application-id",
        say(
            "L'identifiant de l'application manque ou contient des caractères interdits.",
            "The application's id is missing or has forbidden characters.",
        ),
        next::APPLICATION,
    ),
    entry(
        "application-secret",
        say(
            "Le secret de l'application est vide ou contient des caractères interdits.",
            "The application's secret is empty or has forbidden characters.",
        ),
        next::APPLICATION,
    ),
    entry(
        "application-proof",
        say(
            "Cette manière d'associer demande un secret ou un certificat d'application, et il n'y en a pas.",
            "This way of associating needs an application secret or certificate, and there is none.",
        ),
        next::APPLICATION,
    ),
    entry(
        "key-encrypted",
        say(
            "La clé privée de l'application est protégée par un mot de passe.",
            "The application's private key is protected by a password.",
        ),
        say(
            "Donnez-la déchiffrée, par exemple par « openssl pkey -in cle.pem -out cle-claire.pem » : Relais la scelle lui-même.",
            "Give it decrypted, such as by `openssl pkey -in key.pem -out clear.pem`: Relais seals it itself.",
        ),
    ),
    entry(
        "key-unreadable",
        say(
            "La clé privée de l'application ne peut pas être lue.",
            "The application's private key cannot be read.",
        ),
        say(
            "Donnez une clé RSA de 2048 à 4096 bits au format PEM (« -----BEGIN PRIVATE KEY----- »).",
            "Give an RSA key of 2048 to 4096 bits in PEM (`-----BEGIN PRIVATE KEY-----`).",
        ),
    ),
    entry(
        "key-kind",
        say(
            "Ce fournisseur n'accepte que les clés RSA.",
            "This provider takes RSA keys only.",
        ),
        say(
            "Créez une clé RSA de 2048 à 4096 bits et son certificat, et enregistrez le certificat auprès du fournisseur.",
            "Make an RSA key of 2048 to 4096 bits and its certificate, and register the certificate with the provider.",
        ),
    ),
    entry(
        "certificate-unreadable",
        say(
            "Le certificat de l'application ne peut pas être lu.",
            "The application's certificate cannot be read.",
        ),
        say(
            "Donnez un certificat au format PEM (« -----BEGIN CERTIFICATE----- »).",
            "Give a certificate in PEM (`-----BEGIN CERTIFICATE-----`).",
        ),
    ),
    entry(
        "certificate-mismatch",
        say(
            "Le certificat et la clé privée de l'application ne vont pas ensemble.",
            "The application's certificate and private key do not belong together.",
        ),
        say(
            "Donnez la clé qui a servi à créer ce certificat.",
            "Give the key that this certificate was made with.",
        ),
    ),
    entry(
        "provider-clear",
        say(
            "L'adresse du fournisseur commence par « http:// » : un secret y partirait en clair.",
            "The provider's address begins with `http://`: a secret would leave in clear.",
        ),
        say(
            "Donnez une adresse « https:// », ou accordez « auth-in-clear » à l'instance.",
            "Give an `https://` address, or grant the instance `auth-in-clear`.",
        ),
    ),
    entry(
        "provider-address",
        say(
            "L'adresse du fournisseur n'est pas une adresse web.",
            "The provider's address is no web address.",
        ),
        next::ADDRESS,
    ),
    entry(
        "provider-certificate",
        say(
            "Le certificat attendu du fournisseur ne peut pas être lu.",
            "The certificate that is expected of the provider cannot be read.",
        ),
        next::ADDRESS,
    ),
    entry(
        "provider-refused",
        say(
            "L'adresse du fournisseur mène à une machine que cette instance ne peut pas joindre.",
            "The provider's address leads to a machine that this instance may not reach.",
        ),
        say(
            "Vérifiez le nom du fournisseur et le DNS ; s'il est bien interne, accordez « private:NOM » à l'instance.",
            "Check the provider's name and the DNS; if it is internal indeed, grant the instance `private:NAME`.",
        ),
    ),
    entry(
        "flow-not-offered",
        say(
            "Ce fournisseur n'offre pas cette manière d'associer un compte.",
            "This provider does not offer this way of associating an account.",
        ),
        say(
            "Choisissez une autre manière d'associer le compte.",
            "Choose another way of associating the account.",
        ),
    ),
    entry(
        "endpoint-clear",
        say(
            "L'adresse que le fournisseur demande d'ouvrir n'est pas une adresse web sûre.",
            "The address that the provider asks to open is no secure web address.",
        ),
        next::ADDRESS,
    ),
    entry(
        "redirect-address",
        say(
            "Cette adresse n'est pas celle vers laquelle le fournisseur renvoie à la fin de l'association.",
            "This address is not the one to which the provider sends back at the end of the association.",
        ),
        say(
            "Copiez l'adresse entière qu'affiche le navigateur après la connexion, puis collez-la de nouveau.",
            "Copy the whole address that the browser shows after the sign-in, then paste it again.",
        ),
    ),
    entry(
        "redirect-state",
        say(
            "Cette réponse n'appartient pas à cette association : elle vient d'une autre tentative, ou d'un tiers.",
            "This answer does not belong to this association: it comes from another attempt, or from a third party.",
        ),
        next::BEGIN,
    ),
    entry(
        "redirect-issuer",
        say(
            "Cette réponse vient d'un autre fournisseur que celui qui a été interrogé (RFC 9207).",
            "This answer comes from another provider than the one that was asked (RFC 9207).",
        ),
        say(
            "N'allez pas plus loin avec cette page ; recommencez l'association, et prévenez l'éditeur du connecteur si cela se reproduit.",
            "Go no further with that page; begin the association again, and tell the connector's publisher if it happens again.",
        ),
    ),
    entry(
        "redirect-code",
        say(
            "L'adresse de retour ne porte ni code ni erreur.",
            "The returned address carries neither a code nor an error.",
        ),
        next::BEGIN,
    ),
];
