//! What callers handed over, what they were told, and what became of it.

use std::collections::{HashMap, HashSet};
use std::fmt;

/// What callers handed over. A subject names one mail.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Subject to the id that the daemon acknowledged it with.
    acknowledged: HashMap<String, String>,
    /// Handed over, without an answer: the daemon may have it or not.
    unanswered: u64,
}

impl Ledger {
    pub fn acknowledged(&mut self, subject: String, id: String) {
        let twice = self.acknowledged.insert(subject, id);
        assert!(twice.is_none(), "a subject is used once");
    }

    pub fn unanswered(&mut self) {
        self.unanswered += 1;
    }

    pub fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unanswered += other.unanswered;
    }

    /// Compares with what the sink received, by subject, and with the ids that were reported as uncertain.
    pub fn judge(&self, received: &HashMap<String, u32>, uncertain: &HashSet<String>) -> Judged {
        let excused = |subject: &String| self.acknowledged.get(subject).is_some_and(|id| uncertain.contains(id));
        let lost = self.acknowledged.keys();
        let lost = lost.filter(|subject| !received.contains_key(*subject) && !excused(subject));
        let duplicates = received.iter().filter(|(_, times)| **times > 1);
        let duplicates = duplicates
            .map(|(subject, _)| subject)
            .filter(|subject| !excused(subject));
        Judged {
            acknowledged: self.acknowledged.len(),
            unanswered: self.unanswered,
            received: received.values().map(|times| u64::from(*times)).sum(),
            lost: lost.cloned().collect(),
            duplicates: duplicates.cloned().collect(),
        }
    }
}

/// What it came to.
#[derive(Debug)]
pub struct Judged {
    acknowledged: usize,
    unanswered: u64,
    pub received: u64,
    /// Acknowledged, not received, and not reported as uncertain.
    pub lost: Vec<String>,
    /// Received more than once, and not reported as uncertain.
    pub duplicates: Vec<String>,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} unanswered, {} received, {} lost, {} duplicates",
            self.acknowledged,
            self.unanswered,
            self.received,
            self.lost.len(),
            self.duplicates.len()
        )
    }
}

#[test]
fn the_ledger_tells_lost_and_duplicate_from_uncertain() {
    let mut ledger = Ledger::default();
    for (subject, id) in [
        ("fine", "1"),
        ("lost", "2"),
        ("twice", "3"),
        ("gone", "4"),
        ("both", "5"),
    ] {
        ledger.acknowledged(subject.to_owned(), id.to_owned());
    }
    let received = [("fine", 1), ("twice", 2), ("both", 2), ("unanswered", 1)];
    let received = received.map(|(subject, times)| (subject.to_owned(), times)).into();
    let uncertain = ["4", "5"].map(str::to_owned).into();
    let judged = ledger.judge(&received, &uncertain);
    assert_eq!(
        (judged.lost, judged.duplicates),
        (vec!["lost".to_owned()], vec!["twice".to_owned()])
    );
    assert_eq!(judged.received, 6);
}
