//! What the demonstration found.

use relais_manifest::Lang;
use serde_json::{Value, json};

use super::say;

#[derive(Debug, Default)]
pub struct Report {
    /// The server received exactly the mail that was written.
    pub delivered: bool,
    /// Interfaces that the SMTP connector exports and imports.
    pub exports: Vec<String>,
    pub imports: Vec<String>,
    /// What its instance may do.
    pub grants: Vec<String>,
    pub compile_ms: f64,
    pub instantiate_us: f64,
    /// One mail, from opening the connection to the server's last word.
    pub send_ms: f64,
    /// Two more, over the session that is already open.
    pub warm_send_ms: f64,
    pub message_id: String,
    pub server_said: String,
    /// What the second connector asked for, and the rule that refused it.
    pub refused: Vec<(String, String)>,
    /// Anything that the second connector could do and should not.
    pub escaped: Vec<String>,
    /// Whether the password is found in anything that the connector could read or that was stored.
    pub password_seen: bool,
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.delivered && !self.refused.is_empty() && self.escaped.is_empty() && !self.password_seen
    }

    pub fn json(&self) -> Value {
        let refused: Vec<Value> = self
            .refused
            .iter()
            .map(|(asked, rule)| json!({ "asked": asked, "rule": rule }))
            .collect();
        json!({
            "delivered": self.delivered,
            "exports": self.exports,
            "imports": self.imports,
            "grants": self.grants,
            "compile_ms": rounded(self.compile_ms),
            "instantiate_us": rounded(self.instantiate_us),
            "send_ms": rounded(self.send_ms),
            "warm_send_ms": rounded(self.warm_send_ms),
            "message_id": self.message_id,
            "server_said": self.server_said,
            "password_seen": self.password_seen,
            "refused": refused,
            "escaped": self.escaped,
        })
    }

    pub fn conclude(&self, lang: Lang) {
        let text = match (lang, self.is_good()) {
            (Lang::Fr, true) => "Le mail est arrivé tel qu'il a été écrit, et rien d'autre n'est sorti.",
            (Lang::Fr, false) => "La démonstration n'a pas tenu ce qu'elle promet : voyez plus haut.",
            (Lang::En, true) => "The mail arrived as it was written, and nothing else got out.",
            (Lang::En, false) => "The demonstration did not keep its promise: see above.",
        };
        say(&format!("\n{text}"));
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
