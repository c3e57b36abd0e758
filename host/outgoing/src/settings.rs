//! How a process leaves, as an administrator says it, and what is wrong with what he said.

use std::fmt;
use std::sync::Arc;

use relais_manifest::Lang;

use crate::egress::{Resolve, SystemResolver};
use crate::proxy::Proxy;
use crate::roots::Roots;

/// How connections leave.
#[derive(Clone)]
pub struct Settings {
    pub resolver: Arc<dyn Resolve>,
    /// None: everything goes direct.
    pub proxy: Option<Proxy>,
    pub roots: Roots,
}

impl Default for Settings {
    /// The system's resolver and its roots, and no proxy: not even one that the environment names.
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            proxy: None,
            roots: Roots::default(),
        }
    }
}

/// A setting cannot be read. None of them repeats a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// Not `http://HOST:PORT`.
    ProxyAddress,
    /// The proxy is spoken to in another way than HTTP.
    ProxyScheme,
    /// A user name or a password stands in the proxy's address.
    ProxyUser,
    /// Not one line `user:password`.
    ProxyCredentials,
    /// The exception that cannot be read, or the first that is one too many.
    Exception(String),
    /// No certificate in what should hold some, or one that cannot be read: why.
    Certificates(String),
}

impl SettingError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ProxyAddress => "proxy-address-invalid",
            Self::ProxyScheme => "proxy-scheme-unknown",
            Self::ProxyUser => "proxy-user-in-address",
            Self::ProxyCredentials => "proxy-credentials-invalid",
            Self::Exception(_) => "proxy-exception-invalid",
            Self::Certificates(_) => "ca-invalid",
        }
    }

    /// What is wrong, and what to write.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = self.both();
        if lang == Lang::Fr { fr } else { en }
    }

    fn both(&self) -> (String, String) {
        let (fr, en) = match self {
            Self::ProxyAddress => (
                "ce n'est pas l'adresse d'un proxy. Écrivez http://HÔTE:PORT, par exemple http://proxy.mairie.example:3128.",
                "this is no address of a proxy. Write http://HOST:PORT, for example http://proxy.mairie.example:3128.",
            ),
            Self::ProxyScheme => (
                "un proxy n'est joint que par http:// (CONNECT) ; ce qui passe par lui reste chiffré de bout en bout.",
                "a proxy is reached by http:// (CONNECT) alone; what goes through it stays encrypted from end to end.",
            ),
            Self::ProxyUser => (
                "retirez le compte et le mot de passe de l'adresse, que tous les utilisateurs de la machine voient : mettez-les dans un fichier, pour --proxy-credentials-file.",
                "remove the user name and the password from the address, which every user of the machine sees: put them into a file, for --proxy-credentials-file.",
            ),
            Self::ProxyCredentials => (
                "le fichier doit contenir une seule ligne, compte:mot de passe.",
                "the file must hold one line, user:password.",
            ),
            Self::Exception(word) => {
                return (
                    format!(
                        "« {word} » n'est ni un nom, ni .SUFFIXE, ni une adresse, ni un réseau comme 10.0.0.0/8 (mille au plus)."
                    ),
                    format!(
                        "`{word}` is no name, no .SUFFIX, no address and no network such as 10.0.0.0/8 (a thousand at most)."
                    ),
                );
            }
            Self::Certificates(why) => {
                return (
                    format!("le fichier doit contenir des certificats d'autorité en PEM ({why})."),
                    format!("the file must hold certificates of authorities in PEM ({why})."),
                );
            }
        };
        (fr.to_owned(), en.to_owned())
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for SettingError {}
