//! What a user reads whose browser comes back from a provider.

use relais_manifest::Lang;

use super::{Say, pick, plain, say};

pub const UNKNOWN: Say = say(
    "Relais : cette association n'est pas en cours. Elle est terminée, a été abandonnée, ou a expiré. Recommencez-la depuis \
     l'administration.\n",
    "Relais: this association does not go on. It has ended, was given up, or has expired. Begin it again from the administration.\n",
);
pub const SOON: Say = say(
    "Relais : le fournisseur n'a pas encore répondu. L'administration montre la suite ; vous pouvez fermer cette page.\n",
    "Relais: the provider has not answered yet. The administration shows what follows; you may close this page.\n",
);
pub const DECLINED: Say = say(
    "Relais : vous avez refusé l'association. Rien n'a été enregistré ; vous pouvez fermer cette page.\n",
    "Relais: you declined the association. Nothing was stored; you may close this page.\n",
);

pub fn done(lang: Lang, username: Option<&str>) -> String {
    let whom = username.map(plain).filter(|name| !name.is_empty());
    match whom {
        Some(name) => pick(
            lang,
            format!("Relais : le compte {name} est associé. Vous pouvez fermer cette page.\n"),
            format!("Relais: account {name} is associated. You may close this page.\n"),
        ),
        None => pick(
            lang,
            "Relais : le compte est associé. Vous pouvez fermer cette page.\n".to_owned(),
            "Relais: the account is associated. You may close this page.\n".to_owned(),
        ),
    }
}

pub fn failed(lang: Lang, why: &str) -> String {
    let why = why.lines().map(plain).collect::<Vec<_>>().join("\n");
    pick(
        lang,
        format!("Relais : l'association a échoué.\n\n{why}\n"),
        format!("Relais: the association failed.\n\n{why}\n"),
    )
}
