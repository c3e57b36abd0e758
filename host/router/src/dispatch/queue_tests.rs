#![allow(clippy::unwrap_used)]
use super::*;

fn queue(sessions: u32, heads: usize) -> Queue {
    let config = DispatchConfig {
        heads,
        ..DispatchConfig::default()
    };
    let limits = InstanceLimits {
        sessions: Some(sessions),
        per_minute: None,
    };
    let mut queue = Queue::new(&config, limits);
    let asked = queue.begin_reading().unwrap();
    queue.end_reading(&[], asked, |_| false);
    queue
}

fn id(number: u128) -> DeliveryId {
    DeliveryId::from_u128(number)
}

fn take(queue: &mut Queue, now: Instant) -> Next<DeliveryId> {
    queue.take(now, Some)
}

fn taken(queue: &mut Queue, now: Instant) -> Option<u128> {
    match take(queue, now) {
        Next::Take(id) => Some(id.to_u128()),
        Next::Refill | Next::Wait => None,
    }
}

const AILS: Report = Report::Ails { asked: None };

fn report(queue: &mut Queue, report: Report, now: Instant) -> bool {
    queue.report(report, now, &DispatchConfig::default(), 0.0)
}

#[test]
fn what_does_not_fit_into_memory_is_read_again_in_its_order() {
    let (mut queue, now) = (queue(8, 2), Instant::now());
    (1..=3).for_each(|number| queue.push(id(number)));
    // Behind what is in the store, though there is room again.
    assert_eq!(taken(&mut queue, now), Some(1));
    queue.push(id(4));
    assert_eq!(taken(&mut queue, now), Some(2));
    assert!(matches!(take(&mut queue, now), Next::Refill));
    let asked = queue.begin_reading().unwrap();
    assert!(queue.begin_reading().is_none(), "one reads at a time");
    let known = |known: DeliveryId| known.to_u128() < 3;
    assert!(queue.end_reading(&[id(1), id(2), id(3), id(4)], asked, known));
    assert_eq!((taken(&mut queue, now), taken(&mut queue, now)), (Some(3), Some(4)));
}

#[test]
fn what_comes_while_the_store_is_read_is_not_forgotten() {
    let (mut queue, now) = (queue(8, 1), Instant::now());
    queue.push(id(1));
    queue.push(id(2));
    let asked = queue.begin_reading().unwrap();
    queue.push(id(3));
    queue.end_reading(&[id(1), id(2)], asked.max(3), |_| false);
    assert_eq!(taken(&mut queue, now), Some(1));
    assert!(matches!(take(&mut queue, now), Next::Refill));
}

#[test]
fn a_delivery_in_another_hand_is_passed_over() {
    let (mut queue, now) = (queue(8, 8), Instant::now());
    queue.push(id(1));
    queue.push(id(2));
    queue.push(id(2));
    let next = queue.take(now, |id| (id.to_u128() != 1).then_some(id));
    assert!(matches!(next, Next::Take(id) if id.to_u128() == 2));
    assert!(matches!(take(&mut queue, now), Next::Wait));
}

#[test]
fn the_sessions_grow_with_what_the_remote_takes_up_to_the_limit() {
    let (mut queue, now) = (queue(3, 64), Instant::now());
    (1..=9).for_each(|number| queue.push(id(number)));
    let started = |queue: &mut Queue| {
        let mut count = 0;
        while queue.call(now) == Call::Worker {
            queue.started();
            count += 1;
        }
        count
    };
    assert_eq!(started(&mut queue), FIRST_SESSIONS);
    report(&mut queue, Report::Works, now);
    report(&mut queue, Report::Works, now);
    assert_eq!(started(&mut queue), 1);
    assert_eq!(queue.workers(), 3);
    queue.rests();
    assert_eq!(queue.call(now), Call::Idle);
}

#[test]
fn after_a_failure_one_probes_and_the_pause_doubles() {
    let (mut queue, now) = (queue(8, 64), Instant::now());
    (1..=9).for_each(|number| queue.push(id(number)));
    assert_eq!(taken(&mut queue, now), Some(1));
    assert_eq!(taken(&mut queue, now), Some(2));
    assert!(report(&mut queue, AILS, now));
    // The other one began before the pause: it neither deepens nor extends it.
    assert!(!report(&mut queue, AILS, now));
    assert_eq!(queue.paused_for(now), Some(Duration::from_secs(5)));
    assert_eq!((taken(&mut queue, now), queue.call(now)), (None, Call::Nobody));
    let later = queue.next_at(now).unwrap();
    assert_eq!(taken(&mut queue, later), Some(3));
    assert_eq!(taken(&mut queue, later), None);
    assert!(report(&mut queue, AILS, later));
    assert_eq!(queue.paused_for(later), Some(Duration::from_secs(10)));
    let later = later + Duration::from_secs(10);
    assert_eq!(taken(&mut queue, later), Some(4));
    // The probe came to nothing: the next one may go at once.
    assert!(!report(&mut queue, Report::Nothing, later));
    assert_eq!(taken(&mut queue, later), Some(5));
    report(&mut queue, Report::Works, later);
    assert_eq!((taken(&mut queue, later), taken(&mut queue, later)), (Some(6), Some(7)));
}

#[test]
fn an_edit_forgets_what_was_before() {
    let (mut queue, now) = (queue(8, 64), Instant::now());
    queue.push(id(1));
    report(&mut queue, AILS, now);
    assert_eq!(taken(&mut queue, now), None);
    queue.edited(InstanceLimits {
        sessions: None,
        per_minute: Some(1),
    });
    queue.push(id(2));
    assert_eq!(taken(&mut queue, now), Some(1));
    assert_eq!(taken(&mut queue, now), None);
    assert_eq!(queue.next_at(now), Some(now + Duration::from_secs(60)));
}
