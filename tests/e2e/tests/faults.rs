//! Faults that the real servers cannot be told to make, made by the catcher.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Faults, Options, Tls};
use relais_e2e::{PATIENCE, Target, accept, attachment, draft, send};
use relais_sandbox::Kind;

async fn catcher(faults: Faults) -> Catcher {
    start(Options {
        faults,
        ..Options::default()
    })
    .await
}

async fn start(options: Options) -> Catcher {
    Catcher::start(options).await.expect("the catcher starts")
}

fn commands(catcher: &Catcher, verb: &str) -> usize {
    catcher.commands().iter().filter(|line| line.starts_with(verb)).count()
}

/// Three mails over a session whose server leaves after the first.
async fn three_mails_arrive(faults: Faults) {
    let catcher = catcher(faults).await;
    let mut session = Target::clear(catcher.port()).open().await;
    for subject in ["Un", "Deux", "Trois"] {
        send(&mut session, &accept(draft(subject)))
            .await
            .expect("a new connection is made");
        // What the server says on its way out may come before the next mail or with it.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let mails = catcher.wait_for(3, PATIENCE).await.unwrap();
    for (mail, subject) in mails.iter().zip(["Un", "Deux", "Trois"]) {
        assert!(String::from_utf8_lossy(&mail.data).contains(&format!("Subject: {subject}\r\n")));
    }
    assert_eq!((catcher.count(), catcher.sessions()), (3, 3));
}

#[tokio::test]
async fn a_421_between_mails_leads_to_a_new_connection_and_to_no_error() {
    three_mails_arrive(Faults {
        reply_421_after_messages: Some(1),
        ..Faults::default()
    })
    .await;
}

#[tokio::test]
async fn a_connection_closed_between_mails_leads_to_a_new_one_and_to_no_error() {
    three_mails_arrive(Faults {
        close_after_messages: Some(1),
        ..Faults::default()
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_always_closing_is_tried_twice_and_no_more() {
    let catcher = catcher(Faults {
        mail_reply: Some("421 4.3.2 Shutting down".to_owned()),
        ..Faults::default()
    })
    .await;
    let mut session = Target::clear(catcher.port()).open().await;
    let failure = send(&mut session, &accept(draft("Fermé"))).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Temporary, Some("421 4.3.2")),
        "{failure}"
    );
    assert_eq!((catcher.count(), catcher.sessions()), (0, 2));
}

#[tokio::test]
async fn what_is_injected_before_the_handshake_of_starttls_is_never_read_as_an_answer() {
    let catcher = start(Options {
        tls: Tls::StartTls,
        faults: Faults {
            inject_after_starttls: Some("250 injected\r\n".to_owned()),
            ..Faults::default()
        },
        ..Options::default()
    })
    .await;
    let target = Target::new("localhost", catcher.port()).set("certificate", catcher.ca_pem().unwrap());
    let mut session = target.open().await;
    let failure = send(&mut session, &accept(draft("Intercepté"))).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable, "{failure}");
    assert!(failure.text.contains("in clear"), "{failure}");
    assert_eq!(commands(&catcher, "MAIL"), 0);
    assert_eq!(catcher.count(), 0);
}

#[tokio::test]
async fn a_slow_answer_to_the_message_is_waited_for_beyond_the_time_limit_to_connect() {
    let catcher = catcher(Faults {
        delay_final_reply: Some(Duration::from_millis(2500)),
        ..Faults::default()
    })
    .await;
    let mut session = Target::clear(catcher.port()).set("timeout", 1).open().await;
    let begun = Instant::now();
    send(&mut session, &accept(draft("Lent")))
        .await
        .expect("the answer is waited for");
    assert!(begun.elapsed() >= Duration::from_millis(2500));
    assert_eq!(catcher.count(), 1);
}

#[tokio::test]
async fn a_message_larger_than_the_server_takes_is_refused_before_a_word_of_it_leaves() {
    let catcher = start(Options {
        size_limit: Some(20_000),
        ..Options::default()
    })
    .await;
    let mut session = Target::clear(catcher.port()).open().await;
    let mut mail = draft("Trop gros");
    mail.attachments = vec![attachment("gros.bin", vec![7; 20_000])];
    let failure = send(&mut session, &accept(mail)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::TooLarge, "{failure}");
    assert!(failure.text.contains("20000"), "{failure}");
    assert_eq!(commands(&catcher, "MAIL"), 0);

    send(&mut session, &accept(draft("Plus petit")))
        .await
        .expect("the session goes on");
    assert_eq!((catcher.count(), catcher.sessions()), (1, 1));
}

#[tokio::test]
async fn the_servers_no_to_the_message_is_its_verdict_and_not_an_unknown_outcome() {
    for (reply, kind, code) in [
        ("554 5.7.1 Looks like spam", Kind::Rejected, "554 5.7.1"),
        ("451 4.7.1 Greylisted", Kind::Temporary, "451 4.7.1"),
        ("552 5.3.4 Too big", Kind::TooLarge, "552 5.3.4"),
    ] {
        let catcher = catcher(Faults {
            reply_after_data: Some(reply.to_owned()),
            ..Faults::default()
        })
        .await;
        let mut session = Target::clear(catcher.port()).open().await;
        let failure = send(&mut session, &accept(draft("Jugé"))).await.unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{failure}");
        assert!(failure.text.contains(&reply[10..]), "{failure}");
        assert_eq!(commands(&catcher, "DATA"), 1, "the message was tried again");
    }
}

#[tokio::test]
async fn a_server_that_turns_clients_away_is_quoted() {
    let catcher = catcher(Faults {
        greeting: Some("554 5.3.2 No mail here".to_owned()),
        ..Faults::default()
    })
    .await;
    let failure = send(&mut Target::clear(catcher.port()).open().await, &accept(draft("x")))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Unreachable, Some("554 5.3.2")),
        "{failure}"
    );
    assert!(failure.text.contains("No mail here"), "{failure}");
}

#[tokio::test]
async fn a_server_that_never_speaks_is_given_up_after_the_time_limit() {
    let catcher = catcher(Faults {
        silent: true,
        ..Faults::default()
    })
    .await;
    let begun = Instant::now();
    let mut session = Target::clear(catcher.port()).set("timeout", 1).open().await;
    let failure = send(&mut session, &accept(draft("Silence"))).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Timeout, "{failure}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let catcher = catcher(Faults::default()).await;
    let port = catcher.port();
    catcher.stop().await;
    let failure = send(&mut Target::clear(port).open().await, &accept(draft("x")))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable, "{failure}");
    assert!(failure.text.contains(&port.to_string()), "{failure}");
}
