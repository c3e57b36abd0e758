//! Figures of the book on this machine's disk. `cargo test --release -p relais-router figures -- --ignored --nocapture`

use std::time::Instant;

use futures_util::future::join_all;

use super::*;

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn fill(book: &Book, message: &Message, count: usize) {
    for round in 0..count / 500 {
        let accepts = (0..500).map(|number| {
            let mut new = new(message, (round * 500 + number) as u64);
            new.delivery.instance = format!("smtp-{}", number % 10).parse().unwrap();
            book.accept(new)
        });
        assert!(join_all(accepts).await.into_iter().all(|accepted| accepted.is_ok()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints figures"]
async fn a_hundred_thousand_queued_mails_cost_a_start_nothing() {
    let bench = Bench::new().await;
    let message = message(2_000);
    let accept_alone = async |book: &Book| {
        let mut times = Vec::new();
        for _ in 0..50 {
            let start = Instant::now();
            book.accept(new(&message, 0)).await.unwrap();
            times.push(start.elapsed());
        }
        median(&mut times)
    };
    println!(
        "one caller, empty: {:?} for one acceptance",
        accept_alone(&bench.book).await
    );
    let start = Instant::now();
    fill(&bench.book, &message, 100_000).await;
    println!("100,000 acceptances by 500 callers: {:?}", start.elapsed());
    println!(
        "one caller, 100,000 queued: {:?} for one acceptance",
        accept_alone(&bench.book).await
    );
    let Bench { folder, book } = bench;
    let crashed = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("relais.redb"), crashed.path().join("relais.redb")).unwrap();
    let start = Instant::now();
    drop(book);
    println!("closed in {:?}", start.elapsed());
    let start = Instant::now();
    let book = open_real(crashed.path()).await;
    println!("opened after a crash in {:?}", start.elapsed());
    drop(book);
    let before = resident();
    let start = Instant::now();
    let book = open_real(folder.path()).await;
    let instances = book.instances_with_work().unwrap();
    println!("opened in {:?}", start.elapsed());
    let start = Instant::now();
    for instance in &instances {
        assert!(!book.due(instance, at(DAY), None, 100).unwrap().is_empty());
    }
    println!("due of {} instances in {:?}", instances.len(), start.elapsed());
    let start = Instant::now();
    let page = book
        .list(
            &WorkspaceName::default(),
            &Filter {
                limit: 50,
                ..Filter::default()
            },
        )
        .unwrap();
    println!("a page of {} in {:?}", page.deliveries.len(), start.elapsed());
    println!("resident: {} KiB before, {} KiB after", before, resident());
    let size = std::fs::metadata(folder.path().join("relais.redb")).unwrap().len();
    println!("database: {} MiB", size >> 20);
}

/// To be run under `strace -f -c -e trace=fsync,fdatasync`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints what strace counts"]
async fn syncs_of_a_thousand_acceptances() {
    let bench = Bench::new().await;
    let callers = std::env::var("CALLERS")
        .ok()
        .and_then(|callers| callers.parse().ok())
        .unwrap_or(16);
    let attached = std::env::var("ATTACHED")
        .ok()
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(2_000);
    let message = message(attached);
    let start = Instant::now();
    join_all((0..callers).map(|_| async {
        for _ in 0..1_000 / callers {
            bench.book.accept(new(&message, 0)).await.unwrap();
        }
    }))
    .await;
    println!("{callers} callers, {attached} bytes: {:?}", start.elapsed());
}
