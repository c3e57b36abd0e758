//! Why a file is not a connector that this host can run, for the person who installs it.

use relais_manifest::Lang;
use relais_sandbox::LoadError;

use super::words;

/// Sentences in both languages; what a toolchain or the engine says stays in its own English.
pub(super) fn text(error: &LoadError, lang: Lang) -> String {
    match (error, lang) {
        (LoadError::Manifest(error), Lang::Fr) => format!("Ce fichier n'est pas un connecteur : {}", error.text(lang)),
        (LoadError::Manifest(error), Lang::En) => format!("This file is no connector: {}", error.text(lang)),
        (LoadError::TooLarge { bytes, limit }, Lang::Fr) => {
            format!("Le fichier fait {bytes} octets ; un connecteur en fait au plus {limit}.")
        }
        (LoadError::TooLarge { bytes, limit }, Lang::En) => {
            format!("The file has {bytes} bytes; a connector has {limit} at most.")
        }
        (LoadError::Malformed(detail), Lang::Fr) => format!(
            "Le composant est mal formé ({}). Copiez-le ou construisez-le à nouveau.",
            words::shown(detail)
        ),
        (LoadError::Malformed(detail), Lang::En) => {
            format!(
                "The component is malformed ({}). Copy or build it again.",
                words::shown(detail)
            )
        }
        (LoadError::UnknownImport(name), Lang::Fr) => format!(
            "Le composant importe « {} », que Relais n'offre pas. Demandez à son éditeur une version qui s'en passe.",
            words::shown(name)
        ),
        (LoadError::UnknownImport(name), Lang::En) => format!(
            "The component imports `{}`, which Relais does not offer. Ask its publisher for a version without it.",
            words::shown(name)
        ),
        (LoadError::FromTheFuture(name), Lang::Fr) => format!(
            "Le composant est fait pour « {} », plus récent que ce Relais. Mettez Relais à jour.",
            words::shown(name)
        ),
        (LoadError::FromTheFuture(name), Lang::En) => format!(
            "The component was built for `{}`, which is newer than this Relais. Update Relais.",
            words::shown(name)
        ),
        (LoadError::NoService, Lang::Fr) => {
            "Le composant n'exporte aucun service connu. Un connecteur de mail exporte \
             « relais:connector/session » et « relais:mail/sender »."
                .to_owned()
        }
        (LoadError::NoService, Lang::En) => "The component exports no service that is known. A mail connector exports \
             `relais:connector/session` and `relais:mail/sender`."
            .to_owned(),
        (LoadError::ServiceNotExported(service), Lang::Fr) => format!(
            "Le manifeste annonce le service « {} », que le composant n'exporte pas. Corrigez le manifeste.",
            words::shown(service)
        ),
        (LoadError::ServiceNotExported(service), Lang::En) => format!(
            "The manifest names the service `{}`, which the component does not export. Correct the manifest.",
            words::shown(service)
        ),
        (LoadError::Unfit(detail), Lang::Fr) => format!(
            "Le composant ne va pas avec ce Relais ({}). Construisez-le avec les contrats de cette version.",
            words::shown(detail)
        ),
        (LoadError::Unfit(detail), Lang::En) => format!(
            "The component does not fit this Relais ({}). Build it with the contracts of this version.",
            words::shown(detail)
        ),
        (LoadError::Compile(detail), Lang::Fr) => {
            format!("Le composant ne peut pas être compilé ({}).", words::shown(detail))
        }
        (LoadError::Compile(detail), Lang::En) => {
            format!("The component cannot be compiled ({}).", words::shown(detail))
        }
    }
}
