#![allow(clippy::unwrap_used, clippy::panic)]
use std::time::Duration;

use hyper::rt::Executor as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Something to be done, and what hears that it was.
fn work() -> (Work, oneshot::Receiver<()>) {
    let (tell, told) = oneshot::channel();
    let work = async move {
        tokio::task::yield_now().await;
        let _ = tell.send(());
    };
    (Box::pin(work), told)
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future).await.unwrap()
}

#[test]
fn work_that_panics_takes_no_other_along() {
    runtime().block_on(async {
        let drive = Drive::new();
        let (before, told_before) = work();
        let (after, told_after) = work();
        drive.execute(before);
        drive.execute(Box::pin(async { panic!("a connection's own fault") }));
        drive.execute(after);
        in_time(told_before).await.unwrap();
        in_time(told_after).await.unwrap();
    });
}

#[test]
fn what_comes_after_a_keeper_that_was_ended_is_kept() {
    let drive = Drive::new();
    let (lost, told_lost) = work();
    let first = runtime();
    first.block_on(async { drive.execute(lost) });
    drop(first);
    runtime().block_on(async {
        in_time(told_lost).await.unwrap_err();
        let (kept, told) = work();
        drive.execute(kept);
        in_time(told).await.unwrap();
    });
}
