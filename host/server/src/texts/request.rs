//! What is wrong with a request, before any object is looked at.

use relais_manifest::Lang;

use super::{pick, shown};
use crate::refusal::Request;

/// The sentence.
pub fn text(lang: Lang, request: &Request) -> String {
    match lang {
        Lang::Fr => french(request),
        Lang::En => english(request),
    }
}

fn french(request: &Request) -> String {
    match request {
        Request::NoToken => {
            "Cette demande a besoin d'un jeton : « Authorization: Bearer relais_… ». Un administrateur en crée avec \
                             « relais token create »."
                .into()
        }
        Request::BadToken => {
            "Ce jeton n'est pas valable : il est inconnu, révoqué ou expiré. Demandez-en un nouveau à \
                              l'administrateur."
                .into()
        }
        Request::AdminOnly => {
            "Ce jeton permet d'envoyer, pas d'administrer : utilisez un jeton de rôle « admin ».".into()
        }
        Request::LocalOnly => "Ceci ne se fait que sur la machine elle-même, avec la commande « relais ».".into(),
        Request::SendOnly => "Ce socket ne sert qu'à envoyer des mails.".into(),
        Request::ConnectorChoice => {
            "Seul un administrateur choisit l'instance de connecteur d'un mail : nommez une instance de \
                                     service, ou aucune."
                .into()
        }
        Request::NoWorkspace(name) => format!("L'espace « {} » n'existe pas.", shown(name)),
        Request::NoDelivery(id) => format!("« {} » n'est pas l'identifiant d'un envoi.", shown(id)),
        Request::NoRoute => "Il n'y a rien à cette adresse. Le document /openapi.json décrit l'API.".into(),
        Request::Method => {
            "Cette méthode n'existe pas à cette adresse ; l'en-tête Allow nomme celles qui existent.".into()
        }
        Request::NotAcceptable(produced) => format!("La réponse est de type {produced}, que l'en-tête Accept exclut."),
        Request::TooSlow => "La demande n'est pas arrivée à temps : envoyez-la sans pause.".into(),
        Request::Broken => "La demande s'est interrompue avant sa fin.".into(),
        Request::TooLarge { limit } => format!("La demande est trop grande : {limit} octets au plus."),
        Request::MediaType(accepted) => format!("Le type de contenu n'est pas accepté ici : utilisez {accepted}."),
        Request::Syntax(detail) => format!("La demande n'est pas lisible : {}.", shown(detail)),
        Request::Field { reason, .. } => format!("cette valeur n'est pas acceptée : {}.", shown(reason)),
        Request::Invalid { fr, .. } => (*fr).into(),
        Request::NotBase64 { .. } => "ce n'est pas du base64 (RFC 4648, section 4).".into(),
        Request::TooManyValues { most } => format!(
            "Le mail en JSON a plus de {most} valeurs : un mail a 1000 destinataires, 64 en-têtes et 256 pièces jointes au plus."
        ),
        Request::Parameter(_) => "ce paramètre n'existe pas ici.".into(),
        Request::IdempotencyKey => "L'en-tête Idempotency-Key a de 1 à 255 caractères ASCII visibles.".into(),
        Request::TooMany { .. } => "Trop de demandes à la fois : attendez le délai de Retry-After.".into(),
        Request::Busy => {
            "Trop de gros mails arrivent déjà, de cet appelant, de cet espace ou en tout : réessayez plus tard.".into()
        }
    }
}

fn english(request: &Request) -> String {
    match request {
        Request::NoToken => {
            "This request needs a token: `Authorization: Bearer relais_…`. An administrator makes one with `relais \
                             token create`."
                .into()
        }
        Request::BadToken => {
            "This token is not valid: it is unknown, revoked or expired. Ask the administrator for a new one.".into()
        }
        Request::AdminOnly => "This token may send, not administer: use a token of role `admin`.".into(),
        Request::LocalOnly => "This is done on the machine itself only, with the command `relais`.".into(),
        Request::SendOnly => "This socket is for sending mails only.".into(),
        Request::ConnectorChoice => {
            "Only an administrator chooses the connector instance of a mail: name a service instance, or none.".into()
        }
        Request::NoWorkspace(name) => format!("There is no workspace `{}`.", shown(name)),
        Request::NoDelivery(id) => format!("`{}` is not the id of a delivery.", shown(id)),
        Request::NoRoute => "There is nothing at this address. The document /openapi.json describes the API.".into(),
        Request::Method => {
            "There is no such method at this address; the header Allow names those that there are.".into()
        }
        Request::NotAcceptable(produced) => {
            format!("The answer is of type {produced}, which the header Accept excludes.")
        }
        Request::TooSlow => "The request did not arrive in time: send it without a pause.".into(),
        Request::Broken => "The request broke off before its end.".into(),
        Request::TooLarge { limit } => format!("The request is too large: at most {limit} bytes."),
        Request::MediaType(accepted) => format!("This content type is not accepted here: use {accepted}."),
        Request::Syntax(detail) => format!("The request cannot be read: {}.", shown(detail)),
        Request::Field { reason, .. } => format!("this value is not accepted: {}.", shown(reason)),
        Request::Invalid { en, .. } => (*en).into(),
        Request::NotBase64 { .. } => "this is not base64 (RFC 4648 section 4).".into(),
        Request::TooManyValues { most } => format!(
            "The mail in JSON has more than {most} values: a mail has at most 1000 recipients, 64 header fields and 256 attachments."
        ),
        Request::Parameter(_) => "there is no such parameter here.".into(),
        Request::IdempotencyKey => "The header Idempotency-Key has 1 to 255 visible ASCII characters.".into(),
        Request::TooMany { .. } => "Too many requests at once: wait as long as Retry-After says.".into(),
        Request::Busy => {
            "Too many large mails are arriving already, from this caller, for this workspace or in all: try again later."
                .into()
        }
    }
}

/// What a status means, in a few words: the title of a problem.
pub fn title(lang: Lang, status: u16) -> &'static str {
    match status {
        400 => pick(lang, "Demande illisible", "The request cannot be read"),
        401 => pick(lang, "Jeton nécessaire", "A token is needed"),
        403 => pick(lang, "Non permis", "Not permitted"),
        404 => pick(lang, "Introuvable", "Not found"),
        405 => pick(lang, "Méthode inconnue ici", "No such method here"),
        406 => pick(lang, "Aucune réponse de ce type", "No answer of this type"),
        408 => pick(lang, "Demande trop lente", "The request took too long"),
        409 => pick(
            lang,
            "En conflit avec l'état présent",
            "In conflict with how things are",
        ),
        410 => pick(lang, "Effacé", "Erased"),
        413 => pick(lang, "Demande trop grande", "The request is too large"),
        415 => pick(lang, "Type de contenu refusé", "The content type is not accepted"),
        422 => pick(lang, "Valeurs refusées", "Values that are not accepted"),
        424 => pick(lang, "Le connecteur a échoué", "The connector failed"),
        429 => pick(lang, "Trop de demandes", "Too many requests"),
        503 => pick(lang, "Indisponible pour l'instant", "Not available for now"),
        _ => pick(lang, "Relais n'a pas pu le faire", "Relais could not do it"),
    }
}
