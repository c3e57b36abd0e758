//! What connectors tried with credentials and were refused, in the audit journal: a handle towards a place that is not its own, by
//! a redirect, in a body or a URL, a login in clear.
//!
//! The threat has two sides. A guest that tries to have a token sent to itself was seen in the log alone, which nobody keeps. And
//! a guest that tries without end must not wash what people did out of a journal that holds so many entries: an instance has one
//! entry for each kind of attempt in an hour, which says how many more there were, and so many in a day. A year of that is fewer
//! than a workspace keeps.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use relais_sandbox::{Event, Observer};

use crate::audit::{self, Action};
use crate::error::Error;
use crate::names::{InstanceName, WorkspaceName};
use crate::store::{Store, Writing};
use crate::who::Who;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Entries of one instance in a day at most.
const A_DAY: u32 = 24;
/// Instances that are counted at once at most. Of one more nothing is noted until another has been quiet for a day.
const INSTANCES: usize = 4_096;
/// Entries that wait for the store at most.
const WAITING: usize = 256;

/// Watches what sandboxes do, and passes it on.
pub(crate) struct Attempts {
    next: Arc<dyn Observer>,
    /// A session that outlives the router holds no data folder.
    store: Weak<Store>,
    inner: Mutex<Inner>,
    /// Held while one writes: whoever reads the journal then finds all that was tried before.
    writing: Mutex<()>,
    this: Weak<Self>,
}

#[derive(Debug, Default)]
struct Inner {
    counted: HashMap<String, Counted>,
    waiting: Vec<Attempt>,
}

/// Of one instance, in a day.
#[derive(Debug)]
struct Counted {
    since: Instant,
    entries: u32,
    /// By the word of a rule: when it was noted last, and how many were not since.
    places: HashMap<&'static str, (Instant, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    instance: String,
    rule: &'static str,
    asked: String,
    untold: u64,
}

impl Attempts {
    pub(crate) fn new(next: Arc<dyn Observer>, store: &Arc<Store>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            next,
            store: Arc::downgrade(store),
            inner: Mutex::default(),
            writing: Mutex::default(),
            this: this.clone(),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits. What the store does not take waits on.
    pub(crate) fn write(&self, store: &Store) {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut self.inner().waiting);
        if waiting.is_empty() {
            return;
        }
        let written = store.write(|tables| waiting.iter().try_for_each(|attempt| note(tables, attempt)));
        if let Err(error) = written {
            tracing::warn!(target: "relais::audit", code = error.code(), "refused attempts on credentials could not be written down yet");
            let mut inner = self.inner();
            let later = std::mem::replace(&mut inner.waiting, waiting);
            inner.waiting.extend(later);
            inner.waiting.truncate(WAITING);
        }
    }
}

impl Observer for Attempts {
    fn event(&self, instance: &str, event: &Event) {
        self.next.event(instance, event);
        let Event::Refused {
            asked,
            rule,
            misplaced: true,
        } = event
        else {
            return;
        };
        if !self.inner().add(instance, rule.code(), asked, Instant::now()) {
            return;
        }
        // Not here: a session's task waits for no disk. Where there is no runtime it waits for whoever reads the journal.
        if let (Some(this), Ok(runtime)) = (self.this.upgrade(), tokio::runtime::Handle::try_current()) {
            drop(runtime.spawn_blocking(move || {
                if let Some(store) = this.store.upgrade() {
                    this.write(&store);
                }
            }));
        }
    }
}

impl Inner {
    /// Whether there is an entry to write.
    fn add(&mut self, instance: &str, rule: &'static str, asked: &str, now: Instant) -> bool {
        if !self.counted.contains_key(instance) && self.counted.len() >= INSTANCES {
            self.counted
                .retain(|_, counted| now.duration_since(counted.since) < DAY);
            if self.counted.len() >= INSTANCES {
                return false;
            }
        }
        let counted = self.counted.entry(instance.to_owned()).or_insert(Counted {
            since: now,
            entries: 0,
            places: HashMap::new(),
        });
        if now.duration_since(counted.since) >= DAY {
            (counted.since, counted.entries) = (now, 0);
        }
        let full = counted.entries >= A_DAY || self.waiting.len() >= WAITING;
        let untold = match counted.places.entry(rule) {
            Entry::Vacant(place) if !full => {
                place.insert((now, 0));
                0
            }
            Entry::Occupied(mut place) if !full && now.duration_since(place.get().0) >= HOUR => {
                place.insert((now, 0)).1
            }
            Entry::Occupied(mut place) => {
                place.get_mut().1 += 1;
                return false;
            }
            Entry::Vacant(_) => return false,
        };
        counted.entries += 1;
        self.waiting.push(Attempt {
            instance: instance.to_owned(),
            rule,
            asked: asked.to_owned(),
            untold,
        });
        true
    }
}

/// Writes one down, with the connector that the instance is of. Where the instance is gone, that it was refused stays true.
fn note(tables: &mut Writing<'_>, attempt: &Attempt) -> Result<(), Error> {
    let named = attempt.instance.split_once('/');
    let named = named.and_then(|(ws, name)| Some((WorkspaceName::new(ws).ok()?, InstanceName::new(name).ok()?)));
    let Some((ws, name)) = named else { return Ok(()) };
    let mut detail = Vec::new();
    if let Some(row) = tables.instance(&ws, &name)? {
        let version = tables.connector(&row.connector)?.map(|connector| connector.version);
        detail.push(format!("{} {}", row.connector, version.unwrap_or_default()));
    }
    detail.extend([attempt.rule.to_owned(), attempt.asked.clone()]);
    detail.extend((attempt.untold > 0).then(|| format!("+{}", attempt.untold)));
    let (who, action) = (Who::System, Action::CredentialRefused);
    audit::note(tables, &who, Some(&ws), action, name.as_str(), detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use relais_sandbox::{Place, Rule, Tracing};

    use super::*;
    use crate::tests::admin::{House, ws};

    fn other_origin() -> Event {
        Event::Refused {
            asked: "https://evil.example.net:443".to_owned(),
            rule: Rule::OtherOrigin {
                credential: "token".to_owned(),
            },
            misplaced: true,
        }
    }

    #[tokio::test]
    async fn an_attempt_is_in_the_journal_with_who_tried_what_and_where() {
        let house = House::new().await;
        house.create("smtp");
        let watch = Attempts::new(Arc::new(Tracing), &house.router.store);
        watch.event("default/smtp", &other_origin());
        watch.write(&house.router.store);
        let entry = &house.router.audit(Some(&ws()), None, 1).unwrap()[0];
        assert_eq!(
            (entry.action.as_str(), entry.object.as_str()),
            ("credential-refused", "smtp")
        );
        assert_eq!(
            entry.detail,
            ["relais/smtp 1.0.0", "other-origin", "https://evil.example.net:443"]
        );
        assert_eq!(entry.by, Who::System);
    }

    #[tokio::test]
    async fn what_is_no_attempt_on_a_credential_is_not_noted_and_all_of_it_is_passed_on() {
        #[derive(Debug, Default)]
        struct Ear(Mutex<u32>);
        impl Observer for Ear {
            fn event(&self, _: &str, _: &Event) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let (house, ear) = (House::new().await, Arc::new(Ear::default()));
        let before = house.audited().len();
        let watch = Attempts::new(ear.clone(), &house.router.store);
        let plain = Event::Refused {
            asked: "https://a.example:443".to_owned(),
            rule: Rule::Method,
            misplaced: false,
        };
        watch.event("default/smtp", &plain);
        watch.event("no-path", &other_origin());
        watch.write(&house.router.store);
        assert_eq!((*ear.0.lock().unwrap(), house.audited().len()), (2, before));
    }

    #[test]
    fn a_guest_that_tries_without_end_has_an_entry_an_hour_and_place_and_few_in_a_day() {
        let (mut inner, start) = (Inner::default(), Instant::now());
        let written = |inner: &mut Inner, rule, at: Duration| {
            let added = inner.add("default/evil", rule, "https://a.example:443", start + at);
            added.then(|| inner.waiting.pop().unwrap().untold)
        };
        let minute = Duration::from_secs(60);
        assert_eq!(written(&mut inner, "other-origin", Duration::ZERO), Some(0));
        for _ in 0..1_000 {
            assert_eq!(written(&mut inner, "other-origin", minute), None);
        }
        let body = Rule::Handle(Place::Body).code();
        assert_eq!(written(&mut inner, body, minute), Some(0), "another place");
        assert_eq!(written(&mut inner, "other-origin", HOUR), Some(1_000));
        let (mut day, rules) = (0, ["handle", "other-header", "in-clear", "other-slot"]);
        for quarter in 5..96 {
            let at = minute * 15 * quarter;
            day += rules.iter().filter_map(|rule| written(&mut inner, rule, at)).count();
        }
        assert_eq!(day, 21, "with the three before, a day's entries");
        assert_eq!(written(&mut inner, "other-origin", DAY), Some(0));
    }

    #[test]
    fn instances_without_end_take_no_memory_without_end() {
        let (mut inner, now) = (Inner::default(), Instant::now());
        for number in 0..10_000 {
            inner.add(&format!("default/i{number}"), "handle", "x", now);
        }
        assert_eq!((inner.counted.len(), inner.waiting.len()), (INSTANCES, WAITING));
    }
}
