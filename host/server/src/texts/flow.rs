//! The ways to an account, as a form names them.

use relais_manifest::Flow;

use super::{Say, say};

/// What a person does, in a line.
pub(crate) fn label(flow: Flow) -> Say {
    match flow {
        Flow::DeviceCode => say(
            "Saisir un code sur la page du fournisseur, depuis n'importe quel appareil",
            "Type a code on the provider's page, from any device",
        ),
        Flow::AuthorizationCode => say(
            "Se connecter chez le fournisseur dans ce navigateur",
            "Sign in with the provider in this browser",
        ),
        Flow::ClientCredentials => say(
            "L'application elle-même, sans utilisateur",
            "The application itself, without a user",
        ),
    }
}
