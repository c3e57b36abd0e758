//! Whatever is done in whatever order, the indexes say what the rows say. Several steps are taken without a look between them, so
//! that rows are changed that the database does not have yet.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// So many hours after the start, with a key that lives for an hour.
    Accept {
        attached: usize,
        key: Option<u8>,
        hour: u64,
    },
    Transmitting(usize),
    Settle(usize, Vec<RecipientState>, Option<u64>),
    Change(usize, Change),
    Fire(usize),
    Look,
    Again,
}

fn state() -> impl Strategy<Value = RecipientState> {
    prop::sample::select(vec![
        RecipientState::Queued,
        RecipientState::Sending,
        RecipientState::Sent,
        RecipientState::Deferred,
        RecipientState::Failed,
        RecipientState::Uncertain,
        RecipientState::Cancelled,
    ])
}

fn change() -> impl Strategy<Value = Change> {
    let now = || (0..DAY).prop_map(on);
    let words = Words::new(relais_sandbox::Kind::Timeout, "too long");
    prop_oneof![
        (now(), prop::option::of(prop::collection::vec(0..3_usize, 0..3)))
            .prop_map(|(now, recipients)| Change::Resend { recipients, now }),
        (now(), any::<bool>()).prop_map(|(now, as_sent)| Change::Close { as_sent, now }),
        now().prop_map(|now| Change::Cancel { now }),
        (0..DAY).prop_map(at).prop_map(|until| Change::Defer { until }),
        (now(), (0..DAY).prop_map(at)).prop_map(move |(now, since)| Change::GiveUp {
            now,
            words: words.clone(),
            since,
        }),
        (now(), prop::sample::select(vec!["smtp", "other"])).prop_map(|(now, name)| Change::Move {
            instance: name.parse().unwrap(),
            now
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..6_usize;
    prop_oneof![
        3 => (prop::sample::select(vec![10, 270_000]), prop::option::of(0..3_u8), 0..4_u64)
            .prop_map(|(attached, key, hour)| Step::Accept { attached, key, hour }),
        3 => which.clone().prop_map(Step::Transmitting),
        3 => (which.clone(), prop::collection::vec(state(), 0..3), prop::option::of(0..DAY))
            .prop_map(|(which, states, next)| Step::Settle(which, states, next)),
        3 => (which.clone(), change()).prop_map(|(which, change)| Step::Change(which, change)),
        2 => which.prop_map(Step::Fire),
        3 => Just(Step::Look),
        1 => Just(Step::Again),
    ]
}

async fn play(steps: Vec<Step>) {
    let mut bench = Bench::new().await;
    let mut ids: Vec<DeliveryId> = Vec::new();
    for step in steps {
        let id = |which: usize| ids.get(which % ids.len().max(1)).copied();
        let book = bench.book.clone();
        match step {
            Step::Accept { attached, key, hour } => {
                let mut new = new(&message(attached), hour * HOUR);
                new.idempotency = key.map(|key| Idempotency {
                    scope: "token".to_owned(),
                    key: key.to_string(),
                    fingerprint: [key; 32],
                    expires_at: at((hour + 1) * HOUR),
                });
                let id = new.delivery.id;
                if book.accept(new).await.unwrap() == Acceptance::New {
                    ids.push(id);
                }
            }
            Step::Transmitting(which) => {
                if let Some(id) = id(which) {
                    book.transmitting(id, at(HOUR)).await.unwrap();
                }
            }
            Step::Settle(which, states, next) => {
                if let Some(id) = id(which) {
                    book.settle(id, outcome(HOUR, &states, next)).await.unwrap();
                }
            }
            Step::Change(which, change) => {
                if let Some(id) = id(which) {
                    book.change(id, change).await.unwrap();
                }
            }
            Step::Fire(which) => {
                let timers = book.timers(at(400 * DAY), None, 100).unwrap();
                if let Some(timer) = timers.get(which % timers.len().max(1)) {
                    book.fire(*timer).await.unwrap();
                }
            }
            Step::Look => bench.sound(),
            Step::Again => {
                drop(book);
                bench = bench.again().await;
                bench.sound();
            }
        }
    }
    bench.sound();
    // Every content that a row says is there is there, and no file that no row names.
    let mut spooled = 0;
    for id in ids {
        let Some(delivery) = bench.book.get(id).unwrap() else {
            continue;
        };
        spooled += usize::from(delivery.body == Body::Spool);
        assert_eq!(bench.book.message(id).unwrap().is_none(), delivery.body == Body::Gone);
    }
    assert_eq!(bench.spooled(), spooled);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_indexes_say_what_the_rows_say(steps in prop::collection::vec(step(), 1..40)) {
        Runtime::new().unwrap().block_on(play(steps));
    }
}
