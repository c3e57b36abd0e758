//! Taking without end: each attack ends in the limit of its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use relais_sandbox::{Kind, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::host::{Host, SESSIONS, in_time, mail, small};
use crate::peer::{Peer, answer};
use crate::setup::Setup;

#[tokio::test]
async fn an_endless_loop_ends_in_the_limit_of_the_processor() {
    let begun = Instant::now();
    let failure = Host::new().stops(Setup::attack("loop"), "cpu").await;
    assert_eq!(failure.kind, Kind::Other);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn an_endless_loop_shares_its_thread_with_a_mail_that_leaves() {
    let host = Host::limited(Limits {
        cpu: Duration::from_secs(20),
        ..small()
    });
    let mut busy = host.open(Setup::attack("loop")).await;
    let message = mail();
    tokio::select! {
        biased;
        ended = busy.send(&message) => panic!("the loop has ended first: {ended:?}"),
        () = in_time(host.the_next_mail_leaves()) => {}
    }
}

#[tokio::test]
async fn what_the_host_does_with_huge_names_counts_as_the_connectors_time_and_leaves_others_their_turn() {
    let host = Host::new();
    let mut session = host.open(Setup::attack("long-hosts")).await;
    let turns = Arc::new(AtomicU32::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let begun = Instant::now();
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    let (took, turns) = (begun.elapsed(), turns.load(Ordering::Relaxed));
    other.abort();
    assert_eq!(failure.detail("limit"), Some("cpu"), "{failure:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    // It had none before the call; on a machine that is busy with other things there are few in the time that the limit allows.
    assert!(turns >= 2, "another task had {turns} turns");
    host.the_next_mail_leaves().await;
}

/// More often than the host has places for sessions, so that each must be given back.
#[tokio::test]
async fn a_start_that_never_ends_ends_in_the_limit_of_the_processor() {
    let host = Host::new();
    for _ in 0..=SESSIONS {
        let failure = host.try_open(Setup::that_never_starts()).await.unwrap_err();
        assert_eq!(failure.detail("limit"), Some("cpu"), "{failure:?}");
    }
    assert_eq!(host.observed.limits(), vec!["cpu"; SESSIONS as usize + 1]);
    host.the_next_mail_leaves().await;
}

#[tokio::test]
async fn sleeping_for_ever_ends_in_the_limit_of_silence() {
    let host = Host::limited(Limits {
        silence: Duration::from_secs(1),
        ..small()
    });
    let failure = host.stops(Setup::attack("sleep"), "silence").await;
    assert_eq!(failure.kind, Kind::Timeout);
}

#[tokio::test]
async fn memory_that_grows_ends_in_its_limit() {
    // On a busy machine it takes longer to fill the memory than `small` gives.
    let small = Limits {
        cpu: Limits::default().cpu,
        ..small()
    };
    for limits in [small, Limits::default()] {
        Host::limited(limits).stops(Setup::attack("memory"), "memory").await;
    }
}

#[tokio::test]
async fn a_table_that_grows_ends_in_its_limit() {
    for limits in [small(), Limits::default()] {
        Host::limited(limits).stops(Setup::by_hand(), "tables").await;
    }
}

#[tokio::test]
async fn deep_recursion_ends_in_the_limit_of_the_stack() {
    Host::new().stops(Setup::attack("recursion"), "stack").await;
}

#[tokio::test]
async fn a_huge_log_line_is_not_copied_into_the_host() {
    let host = Host::limited(Limits::default());
    host.stops(Setup::attack("log-line"), "host-call").await;
    assert_eq!(host.observed.log_lines(), 0);
}

#[tokio::test]
async fn a_huge_header_is_not_copied_into_the_host() {
    let peer = Peer::silent().await;
    let host = Host::limited(Limits::default());
    host.stops(Setup::attack("header").set("url", peer.url()), "host-call")
        .await;
    peer.assert_untouched().await;
}

#[tokio::test]
async fn a_head_beyond_what_any_server_takes_does_not_leave() {
    let peer = Peer::answering(&answer("204 No Content", "")).await;
    let failure = Host::new()
        .survives(Setup::attack("large-header").set("url", peer.url()))
        .await;
    assert!(failure.text.contains("send at most 131072"), "{failure}");
    peer.assert_untouched().await;
}

#[tokio::test]
async fn heads_without_end_are_refused_at_their_limit() {
    let peer = Peer::answering(&answer("204 No Content", "Connection: close\r\n")).await;
    let host = Host::limited(Limits {
        heads: 1 << 20,
        cpu: Limits::default().cpu,
        ..small()
    });
    let attack = Setup::attack("heads").set("url", peer.url());
    let mut session = host.open(attack.granted("127.0.0.1", peer.port)).await;
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    assert!(failure.text.contains("`heads`"), "{failure}");
    assert_eq!(failure.detail("sent"), Some("10"));
    assert!(!session.usable(), "what the host may hold goes with the session");
}

#[tokio::test]
async fn a_flood_of_log_lines_ends_in_its_limit() {
    for (limits, lines) in [(small(), 20), (Limits::default(), 1000)] {
        for mode in ["log-flood", "print-flood"] {
            let host = Host::limited(limits.clone());
            host.stops(Setup::attack(mode), "log").await;
            assert_eq!(host.observed.log_lines(), lines, "{mode}");
        }
    }
}

#[tokio::test]
async fn connections_without_end_are_refused_at_their_limit() {
    for (limits, most) in [(small(), 3), (Limits::default(), 8)] {
        let peer = Peer::silent().await;
        let host = Host::limited(limits);
        let failure = host
            .survives(Setup::attack("connections").granted("127.0.0.1", peer.port))
            .await;
        assert!(failure.text.contains("`connections`"), "{failure}");
        assert_eq!(failure.detail("held"), Some(most.to_string().as_str()));
        assert_eq!(host.observed.limits(), ["connections"]);
        assert_eq!(peer.heard().await.len(), most);
    }
}

/// A server of the guest's own: answers each request's head, and takes no more of it.
async fn that_takes_no_bodies() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://127.0.0.1:{}/mails", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer("200 OK", "").as_bytes()).await;
            held.push(stream);
        }
    });
    url
}

#[tokio::test]
async fn a_body_that_is_not_written_yet_keeps_its_place_among_the_connections() {
    let url = that_takes_no_bodies().await;
    for mode in ["leaves-bodies", "leaves-fetches"] {
        let host = Host::limited(Limits {
            cpu: Limits::default().cpu,
            ..small()
        });
        let mut session = host.open(Setup::attack(mode).set("url", url.clone())).await;
        let failure = in_time(session.send(&mail())).await.unwrap_err();
        assert!(failure.text.contains("`connections`"), "{mode}: {failure}");
        assert_eq!(failure.detail("held"), Some("3"), "{mode}");
        assert!(!session.usable(), "{mode}: its connections go with the session");
    }
}

#[tokio::test]
async fn connections_beyond_the_grants_without_end_do_not_flood_the_audit() {
    let host = Host::new();
    host.stops(Setup::attack("refusals"), "cpu").await;
    assert_eq!(host.observed.refusals().len(), 20);
}

#[tokio::test]
async fn streams_without_end_end_in_the_limit_of_handles() {
    for limits in [small(), Limits::default()] {
        Host::limited(limits).stops(Setup::attack("streams"), "resources").await;
    }
}

#[tokio::test]
async fn the_last_words_of_a_panic_are_in_the_failure() {
    let failure = Host::new().survives(Setup::attack("panics-before")).await;
    assert_eq!(failure.kind, Kind::Other);
    assert!(
        failure.text.contains("the last words of a hostile connector"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_session_that_met_a_limit_is_of_no_more_use() {
    let host = Host::new();
    let mut session = host.open(Setup::attack("memory")).await;
    in_time(session.send(&mail())).await.unwrap_err();
    assert!(!session.usable());
    in_time(session.send(&mail())).await.unwrap_err();
    host.the_next_mail_leaves().await;
}
