//! A delivery is not there, or cannot be done with as it stands; or a mail was handed over twice.

use relais_manifest::Lang;

use super::Class;
use crate::outbox::{DeliveryId, Summary};

/// Something cannot be done with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    /// There is none of that id in this workspace, or its record was erased.
    Unknown { id: DeliveryId },
    /// What was asked for does not apply to it as it stands.
    WrongState {
        id: DeliveryId,
        state: Summary,
        /// It is being attempted at this moment.
        in_hand: bool,
    },
    /// Its content was erased: nothing needed it any more.
    BodyGone { id: DeliveryId },
    /// A mail with this idempotency key is being accepted at this moment.
    InProgress,
    /// Another mail was accepted with this idempotency key before.
    IdempotencyMismatch,
    /// A dispatcher runs already.
    AlreadyDispatched,
    /// The system gives no random numbers.
    NoRandomness,
}

impl DeliveryError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "delivery-unknown",
            Self::WrongState { .. } => "delivery-wrong-state",
            Self::BodyGone { .. } => "delivery-body-gone",
            Self::InProgress => "idempotency-in-progress",
            Self::IdempotencyMismatch => "idempotency-mismatch",
            Self::AlreadyDispatched => "already-dispatched",
            Self::NoRandomness => "no-randomness",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } => Class::NotFound,
            Self::WrongState { .. } | Self::BodyGone { .. } | Self::InProgress | Self::AlreadyDispatched => {
                Class::Conflict
            }
            Self::IdempotencyMismatch => Class::BadInput,
            Self::NoRandomness => Class::Failed,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Fr => self.french(),
            Lang::En => self.english(),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Unknown { id } => format!(
                "L'envoi {id} n'existe pas dans cet espace, ou son historique a été effacé. La commande « relais delivery list » \
                 montre les envois."
            ),
            Self::WrongState { id, in_hand: true, .. } => {
                format!("L'envoi {id} est en cours. Attendez la fin de la tentative, puis recommencez.")
            }
            Self::WrongState { id, state, .. } => format!(
                "L'envoi {id} est dans l'état « {} » : cette opération ne s'y applique pas.",
                titled(*state)
            ),
            Self::BodyGone { id } => {
                format!("Le contenu de l'envoi {id} a été effacé, car plus rien n'en avait besoin. Soumettez le mail à nouveau.")
            }
            Self::InProgress => {
                "Un mail avec cette clé d'idempotence est en cours d'acceptation. Attendez un instant, puis recommencez.".to_owned()
            }
            Self::IdempotencyMismatch => {
                "Un autre mail a déjà été accepté avec cette clé d'idempotence. Donnez à chaque mail sa propre clé.".to_owned()
            }
            Self::AlreadyDispatched => "Les envois de ce dossier de données sont déjà traités par ce processus.".to_owned(),
            Self::NoRandomness => "Le système ne fournit pas de nombres aléatoires ; rien n'a été accepté.".to_owned(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Unknown { id } => format!(
                "There is no delivery {id} in this workspace, or its record was erased. `relais delivery list` shows the \
                 deliveries."
            ),
            Self::WrongState { id, in_hand: true, .. } => {
                format!("Delivery {id} is being attempted. Wait until the attempt has ended, then try again.")
            }
            Self::WrongState { id, state, .. } => {
                format!("Delivery {id} is `{}`: this does not apply to it.", state.word())
            }
            Self::BodyGone { id } => {
                format!(
                    "The content of delivery {id} was erased, since nothing needed it any more. Submit the mail again."
                )
            }
            Self::InProgress => {
                "A mail with this idempotency key is being accepted. Wait a moment, then try again.".to_owned()
            }
            Self::IdempotencyMismatch => {
                "Another mail was accepted with this idempotency key before. Give each mail a key of its own."
                    .to_owned()
            }
            Self::AlreadyDispatched => {
                "The deliveries of this data folder are already handled by this process.".to_owned()
            }
            Self::NoRandomness => "The system gives no random numbers; nothing was accepted.".to_owned(),
        }
    }
}

/// The state as the French interface calls it.
fn titled(state: Summary) -> &'static str {
    match state {
        Summary::Sending => "en cours",
        Summary::Queued => "en file",
        Summary::Deferred => "différé",
        Summary::Uncertain => "incertain",
        Summary::Failed => "échec",
        Summary::Cancelled => "annulé",
        Summary::Sent => "remis au serveur",
    }
}
