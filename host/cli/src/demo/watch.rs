//! What the sandboxes of the demonstration did, in the order in which they did it.

use std::sync::{Arc, Mutex};

use relais_manifest::Lang;
use relais_sandbox::{Event, Observer};

/// Keeps every event.
#[derive(Default, Clone)]
pub struct Watch {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Watch {
    /// What happened since the last time.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(|e| e.into_inner()))
    }
}

impl Observer for Watch {
    fn event(&self, _: &str, event: &Event) {
        self.events
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .push(event.clone());
    }
}

/// An event as a line.
pub fn line(event: &Event, lang: Lang) -> String {
    let t = |fr: String, en: String| if lang == Lang::Fr { fr } else { en };
    match event {
        Event::Connected {
            destination, address, ..
        } => t(
            format!("connexion à {destination} ({address})"),
            format!("connect to {destination} ({address})"),
        ),
        Event::Encrypted {
            version,
            certificate_sha256,
        } => {
            let short = certificate_sha256.get(..16).unwrap_or(certificate_sha256);
            t(
                format!("chiffrement : {version}, certificat {short}…"),
                format!("encrypt: {version}, certificate {short}…"),
            )
        }
        Event::Authenticated { credential, accepted } => {
            let (fr, en) = if *accepted {
                ("acceptée", "accepted")
            } else {
                ("refusée", "refused")
            };
            t(
                format!("authentification « {credential} », menée par l'hôte : {fr}"),
                format!("log in with `{credential}`, run by the host: {en}"),
            )
        }
        Event::AccountFailed { account, text } => t(
            format!("compte « {account} » sans jeton : {text}"),
            format!("account `{account}` has no token: {text}"),
        ),
        Event::TokenRefused { account } => t(
            format!("jeton du compte « {account} » refusé"),
            format!("token of account `{account}` refused"),
        ),
        Event::Sent { bytes, .. } => t(
            format!("message remis : {bytes} octets"),
            format!("hand over: {bytes} bytes"),
        ),
        Event::Refused { rule, .. } => t(
            format!("REFUSÉ : {}", rule.text(lang)),
            format!("REFUSED: {}", rule.text(lang)),
        ),
        Event::Limit { name } => t(format!("limite atteinte : {name}"), format!("limit reached: {name}")),
        Event::Log { text, .. } => t(format!("journal : {text}"), format!("log: {text}")),
        Event::Requested {
            method, destination, ..
        } => format!("{method} {destination}"),
    }
}
