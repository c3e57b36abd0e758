//! Accounts against a real OAuth server, in the RFCs' dialect and in Entra's, and against servers that no provider is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod application;
mod code;
mod device;
mod hostile;
mod refresh;
mod scripted;
mod speech;
mod tls;

use std::future::Future;
use std::time::{Duration, Instant};

use relais_accounts::{Client, DevicePending, Fault, FaultKind, Grant, Poll};
use relais_e2e::oauth::OAuth;
use relais_manifest::Lang;

/// Runs a test's asynchronous part.
fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// The codes of a new association.
async fn begin(client: &Client) -> DevicePending {
    client.begin_device(Lang::Fr).await.expect("codes")
}

/// A whole association by code, whose user agrees.
async fn associated(server: &OAuth, client: &Client) -> Grant {
    let mut pending = begin(client).await;
    server.approve(&pending.user_code);
    done(client.poll_device(&mut pending).await)
}

fn done(poll: Result<Poll, Fault>) -> Grant {
    match poll {
        Ok(Poll::Done(grant)) => *grant,
        other => panic!("the association is not done: {other:?}"),
    }
}

/// A fault of this kind and code, that says so in both languages.
fn assert_fault(fault: &Fault, kind: FaultKind, code: &str) {
    assert_eq!((fault.kind, fault.code.as_str()), (kind, code), "{fault}");
    let (fr, en) = (fault.text(Lang::Fr), fault.text(Lang::En));
    assert!(fr.contains(code) && en.contains(code) && fr != en, "{fr} / {en}");
}

/// What is asserted to end within a limit.
async fn within<T>(limit: Duration, what: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let ended = tokio::time::timeout(limit, what).await;
    ended.unwrap_or_else(|_| panic!("still running after {:?}", begun.elapsed()))
}
