use super::*;
use crate::store::CalendarRow;

fn key(scope: &str, fingerprint: u8) -> Option<Idempotency> {
    Some(Idempotency {
        scope: scope.to_owned(),
        key: "order-7".to_owned(),
        fingerprint: [fingerprint; 32],
        expires_at: at(7 * DAY),
    })
}

#[tokio::test]
async fn a_mail_is_there_with_the_very_bytes_after_the_book_was_closed() {
    let bench = Bench::new().await;
    let mut kept = Vec::new();
    for length in [0, 10, 60_000, 270_000, 1_000_000] {
        let message = message(length);
        let new = new(&message, 0);
        kept.push((new.delivery.id, mime(&message).await));
        assert_eq!(bench.book.accept(new).await.unwrap(), Acceptance::New);
    }
    assert_eq!(bench.spooled(), 2);
    let bench = bench.again().await;
    for (id, bytes) in kept {
        let message = bench.book.message(id).unwrap().unwrap();
        assert!(mime(&message).await == bytes);
        assert_eq!(message.envelope().recipients.len(), 2);
    }
    bench.sound();
}

#[tokio::test]
async fn a_key_gives_the_first_delivery_again_until_it_expires() {
    let bench = Bench::new().await;
    let accept = async |accepted_ms, idempotency| {
        let mut new = new(&message(10), accepted_ms);
        new.idempotency = idempotency;
        let id = new.delivery.id;
        (id, bench.book.accept(new).await.unwrap())
    };
    let (first, accepted) = accept(0, key("token-a", 1)).await;
    assert_eq!(accepted, Acceptance::New);
    assert_eq!(accept(1, key("token-a", 1)).await.1, Acceptance::Replayed(first));
    assert_eq!(accept(2, key("token-a", 2)).await.1, Acceptance::Conflict);
    assert_eq!(accept(3, key("token-b", 2)).await.1, Acceptance::New);
    assert_eq!(accept(7 * DAY, key("token-a", 2)).await.1, Acceptance::New);
    assert_eq!(bench.book.counts().pending(&WorkspaceName::default()), 3);
    bench.sound();
}

#[tokio::test]
async fn a_delivery_that_a_key_names_stays_for_as_long_as_the_key() {
    let bench = Bench::new().await;
    let retention = Retention {
        journal: Duration::from_millis(DAY),
        ..Retention::default()
    };
    bench.book.set_retention(retention);
    let accept = async |accepted_ms, idempotency| {
        let mut new = new(&message(10), accepted_ms);
        new.idempotency = idempotency;
        let id = new.delivery.id;
        (id, bench.book.accept(new).await.unwrap())
    };
    let (named, _) = accept(0, key("token-a", 1)).await;
    let (unnamed, _) = accept(0, None).await;
    for id in [named, unnamed] {
        assert!(bench.book.transmitting(id, at(1)).await.unwrap());
        let states = [RecipientState::Sent; 2];
        bench.book.settle(id, outcome(2, &states, None)).await.unwrap().unwrap();
    }
    let fire = async |until_ms| {
        for timer in bench.book.timers(at(until_ms), None, 10).unwrap() {
            bench.book.fire(timer).await.unwrap();
        }
    };
    fire(6 * DAY).await;
    assert!(bench.book.get(unnamed).unwrap().is_none());
    assert_eq!(accept(6 * DAY, key("token-a", 1)).await.1, Acceptance::Replayed(named));
    assert!(bench.book.get(named).unwrap().is_some());
    // Its content went when it was sent.
    assert!(bench.book.message(named).unwrap().is_none());
    fire(7 * DAY).await;
    assert!(bench.book.get(named).unwrap().is_none());
    assert_eq!(accept(7 * DAY, key("token-a", 1)).await.1, Acceptance::New);
    bench.sound();
}

#[tokio::test]
async fn of_many_at_once_with_one_key_one_is_accepted_and_no_file_is_left_of_the_others() {
    let bench = Bench::new().await;
    let accepted = futures_util::future::join_all((0..20).map(|_| async {
        let mut new = new(&message(300_000), 0);
        new.idempotency = key("token-a", 1);
        bench.book.accept(new).await.unwrap()
    }))
    .await;
    let new = accepted.iter().filter(|one| **one == Acceptance::New).count();
    assert_eq!(new, 1);
    assert_eq!((bench.spooled(), bench.incoming()), (1, 0));
    bench.sound();
}

#[tokio::test]
async fn what_was_cancelled_does_not_leave() {
    let bench = Bench::new().await;
    let id = bench.accept(10, 0).await;
    assert!(
        bench
            .book
            .change(id, Change::Cancel { now: on(1) })
            .await
            .unwrap()
            .is_some()
    );
    assert!(!bench.book.transmitting(id, at(2)).await.unwrap());
    let other = bench.accept(10, 0).await;
    assert!(bench.book.transmitting(other, at(2)).await.unwrap());
    assert!(!bench.book.transmitting(other, at(3)).await.unwrap(), "twice");
    assert!(
        bench
            .book
            .change(other, Change::Cancel { now: on(3) })
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(bench.book.interrupted().unwrap(), [other]);
}

#[tokio::test]
async fn the_content_goes_when_all_is_sent_and_stays_where_something_failed() {
    let bench = Bench::new().await;
    let (sent, failed) = (bench.accept(300_000, 0).await, bench.accept(300_000, 0).await);
    for (id, second) in [(sent, RecipientState::Sent), (failed, RecipientState::Failed)] {
        assert!(bench.book.transmitting(id, at(1)).await.unwrap());
        let states = [RecipientState::Sent, second];
        bench.book.settle(id, outcome(2, &states, None)).await.unwrap().unwrap();
    }
    assert!(bench.book.message(sent).unwrap().is_none());
    assert!(bench.book.message(failed).unwrap().is_some());
    assert_eq!(bench.spooled(), 1);
    // 30 days later the other one goes as well, and after 90 the rows.
    let fire = async |until_ms| {
        for timer in bench.book.timers(at(until_ms), None, 10).unwrap() {
            bench.book.fire(timer).await.unwrap();
        }
    };
    fire(30 * DAY).await;
    assert_eq!(bench.spooled(), 1);
    fire(30 * DAY + 2).await;
    assert_eq!(
        (bench.spooled(), bench.book.message(failed).unwrap().is_none()),
        (0, true)
    );
    assert!(bench.book.get(failed).unwrap().is_some());
    bench.sound();
    fire(90 * DAY + 2).await;
    assert!(bench.book.get(failed).unwrap().is_none() && bench.book.get(sent).unwrap().is_none());
    assert_eq!(bench.book.counts(), Counts::default());
    assert_eq!(bench.book.next_timer().unwrap(), None);
    bench.sound();
}

#[tokio::test]
async fn due_times_are_found_per_instance_in_their_order() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for (number, name) in ["b", "a", "b", "c", "b"].into_iter().enumerate() {
        let mut new = new(&message(10), number as u64);
        new.delivery.instance = name.parse().unwrap();
        ids.push(new.delivery.id);
        bench.book.accept(new).await.unwrap();
    }
    let book = &bench.book;
    assert_eq!(book.instances_with_work().unwrap(), ["a", "b", "c"].map(instance));
    let b = instance("b");
    let due = book.due(&b, at(3), None, 10).unwrap();
    assert_eq!(due, [(at(0), ids[0]), (at(2), ids[2])]);
    assert_eq!(book.due(&b, at(9), Some(due[1]), 10).unwrap(), [(at(4), ids[4])]);
    assert_eq!(book.due(&b, at(1), Some(due[1]), 10).unwrap(), []);
    assert_eq!(book.due(&b, at(9), None, 1).unwrap(), [(at(0), ids[0])]);
    assert_eq!(book.next_due(&instance("c")).unwrap(), Some(at(3)));
    assert_eq!(book.next_due(&instance("none")).unwrap(), None);
    book.change(ids[3], Change::Defer { until: at(HOUR) })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(book.next_due(&instance("c")).unwrap(), Some(at(HOUR)));
    let to = Change::Move {
        instance: "d".parse().unwrap(),
        now: on(5),
    };
    book.change(ids[3], to).await.unwrap().unwrap();
    assert_eq!(book.instances_with_work().unwrap(), ["a", "b", "d"].map(instance));
    assert_eq!(book.counts().of(&instance("d"), Summary::Queued), 1);
    bench.sound();
}

#[tokio::test]
async fn a_list_shows_the_newest_first_page_by_page_and_only_what_the_filter_admits() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let mut new = new(&message(10), number);
        if number % 2 == 0 {
            new.delivery.service_instance = Some("accueil".parse().unwrap());
        }
        ids.push(new.delivery.id);
        bench.book.accept(new).await.unwrap();
    }
    for id in [ids[1], ids[4]] {
        bench
            .book
            .change(id, Change::Cancel { now: on(9) })
            .await
            .unwrap()
            .unwrap();
    }
    let ws = WorkspaceName::default();
    let list = |filter: Filter| {
        let (mut found, mut filter) = (Vec::new(), filter);
        loop {
            let page = bench.book.list(&ws, &filter).unwrap();
            found.extend(page.deliveries.into_iter().map(|delivery| delivery.id));
            match page.next {
                Some(next) => filter.before = Some(next),
                None => return found,
            }
        }
    };
    let newest_first: Vec<DeliveryId> = ids.iter().rev().copied().collect();
    for limit in [1, 2, 7, 500] {
        let all = Filter {
            limit,
            ..Filter::default()
        };
        assert_eq!(list(all), newest_first, "{limit}");
    }
    let cancelled = Filter {
        state: Some(Summary::Cancelled),
        limit: 1,
        ..Filter::default()
    };
    assert_eq!(list(cancelled), [ids[4], ids[1]]);
    let accueil = Filter {
        service_instance: Some("accueil".parse().unwrap()),
        limit: 3,
        ..Filter::default()
    };
    assert_eq!(list(accueil), [ids[6], ids[4], ids[2], ids[0]]);
    let elsewhere = bench.book.list(&"other".parse().unwrap(), &Filter::default()).unwrap();
    assert_eq!(elsewhere, Page::default());
}

#[tokio::test]
async fn the_calendar_goes_on_where_it_was_noted_and_people_see_the_wall_clock() {
    let hours = jiff::SignedDuration::from_hours;
    let near = |one: Timestamp, other: Timestamp| one.duration_since(other).abs() < jiff::SignedDuration::from_secs(50);
    for (absent, counted) in [(hours(1), hours(1)), (hours(24 * 30), hours(0)), (hours(-1), hours(0))] {
        let bench = Bench::new().await;
        let id = bench.accept(10, 0).await;
        let row = CalendarRow {
            wall: Timestamp::now() - absent,
            calendar: at(0),
        };
        bench.book.0.store.write(|tables| tables.put_calendar(&row)).unwrap();
        // A wrong clock is not believed the second time either.
        let bench = bench.again().await.again().await;
        let now = bench.book.now();
        assert!(near(now.calendar, at(0) + counted), "{absent}: {now:?}");
        assert!(near(now.wall, Timestamp::now()), "{absent}: {now:?}");
        let row = bench.book.get(id).unwrap().unwrap();
        assert_eq!((row.due_at, row.give_up_at), (Some(at(0)), at(5 * DAY)));
        let shown = bench.book.calendar().shown(row.clone());
        assert!(near(shown.due_at.unwrap(), Timestamp::now() - counted), "{shown:?}");
        assert!(
            near(shown.give_up_at, Timestamp::now() - counted + hours(120)),
            "{shown:?}"
        );
        assert_eq!(shown.accepted_at, row.accepted_at);
    }
}

#[tokio::test]
async fn a_delivery_that_does_not_exist_is_none_and_concerns_nobody_else() {
    let bench = Bench::new().await;
    let nobody = DeliveryId::new(START).unwrap();
    let (changed, accepted) = tokio::join!(
        bench.book.change(nobody, Change::Cancel { now: on(0) }),
        bench.accept(10, 0)
    );
    assert!(changed.unwrap().is_none() && bench.book.get(accepted).unwrap().is_some());
    assert!(!bench.book.transmitting(nobody, at(0)).await.unwrap());
    assert!(
        bench
            .book
            .settle(nobody, outcome(0, &[], None))
            .await
            .unwrap()
            .is_none()
    );
    assert!(bench.book.message(nobody).unwrap().is_none());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_concerns_only_whoever_asks_for_it() {
    let bench = Bench::new().await;
    let (spoilt, sound) = (bench.accept(10, 0).await, bench.accept(10, 0).await);
    bench.book.spoil(spoilt);
    let (first, second) = tokio::join!(
        bench.book.transmitting(spoilt, at(0)),
        bench.book.transmitting(sound, at(0))
    );
    assert!(matches!(first, Err(StoreError::Newer { version: 9, .. })), "{first:?}");
    assert!(second.unwrap());
}
