//! The words of `relais audit`.

use super::{Say, say};

pub const ABOUT: Say = say("Montre qui a changé quoi, et quand", "Shows who changed what, and when");
pub const LIST: Say = say(
    "Liste les changements et les tentatives refusées des connecteurs, le dernier d'abord",
    "Lists the changes, and what connectors tried and were refused, the latest first",
);
pub const LIMIT: Say = say("Nombre de lignes au plus ; sinon 50", "Lines at most; else 50");
pub const BEFORE: Say = say(
    "Ne montre que ce qui précède ce numéro",
    "Shows only what comes before this number",
);
pub const ALL: Say = say("De tous les espaces", "Of all workspaces");
pub const COLUMNS: [Say; 6] = [
    say("n°", "no."),
    say("date", "date"),
    say("qui", "who"),
    say("espace", "workspace"),
    say("action", "action"),
    say("objet", "object"),
];
pub const NONE: Say = say("Aucun changement n'est consigné.", "No change is on record.");
