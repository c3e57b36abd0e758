//! The HTTP API under what nobody asks for on purpose: schemathesis over the served description, and malformed requests by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use relais_catcher::{Catcher, Options};
use relais_e2e::daemon::Daemon;

/// What schemathesis may take for each request: a hang is a fault.
const SECONDS_A_REQUEST: &str = "20";
/// Requests of the second test.
const MALFORMED: usize = 10_000;

/// Mail goes to a sink on loopback, whatever a request makes of it.
async fn stage() -> (Catcher, Daemon) {
    let sink = Catcher::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(sink.address().port());
    (sink, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_server_error_and_no_hang() {
    if !relais_e2e::installed("schemathesis") {
        relais_e2e::skipped("schemathesis is not installed (PyPI: schemathesis)");
        return;
    }
    let (_sink, daemon) = stage().await;
    let token = daemon.token("default", "fuzz", "admin");
    // Of names that exist, so that more than the check of names is reached.
    let known =
        "[parameters]\n\"path.workspace\" = \"default\"\n\"path.service\" = \"mail\"\n\"path.instance\" = \"smtp\"\n";
    std::fs::write(daemon.path("schemathesis.toml"), known).unwrap();
    let output = Command::new("schemathesis")
        .arg("run")
        .arg(format!("http://{}/openapi.json", daemon.http()))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance",
        ])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "40",
            "--seed",
            "1",
        ])
        .args(["--request-timeout", SECONDS_A_REQUEST, "--workers", "1", "--no-shrink"])
        // It would revoke the token that it uses, and a stream of events has no end.
        .args(["--exclude-path-regex", "/tokens/|/events"])
        .current_dir(daemon.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", daemon.log());
}

/// Answers one request written as it is; the status, or none where the connection was closed without a word.
fn status(daemon: &Daemon, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may be refused before it is read.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let line = String::from_utf8_lossy(&answer).lines().next()?.to_owned();
    line.split(' ').nth(1)?.parse().ok()
}

fn request(token: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /api/v1/default/mails?from=a@exemple.example&to=b@exemple.example HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {token}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// Contents that no mail can be made of, each in as many shapes as `salt` gives.
fn malformed(salt: usize) -> (&'static str, Vec<u8>) {
    let noise = format!("{:x}", salt.wrapping_mul(0x9e37_79b9));
    match salt % 10 {
        0 => ("application/json", format!("{{\"from\": \"{noise}").into_bytes()),
        1 => ("application/json", format!("{{\"from\":\"a@x.example\",\"to\":[\"b@x.example\"],\"{noise}\":1}}").into_bytes()),
        2 => ("application/json", format!("{{\"from\":\"a@x.example\",\"to\":[\"b\\r\\nRCPT TO:<{noise}@x>\"],\"text\":\"t\"}}").into_bytes()),
        3 => ("application/json", format!("{{\"from\":\"a@x.example\",\"to\":[\"b@x.example\"],\"subject\":\"a\\nBcc: {noise}@x\",\"text\":\"t\"}}").into_bytes()),
        4 => ("application/json", format!("{{\"from\":\"a@x.example\",\"to\":[\"b@x.example\"],\"attachments\":[{{\"name\":\"a\",\"content\":\"*{noise}\"}}]}}").into_bytes()),
        5 => ("multipart/form-data; boundary=b", format!("--b\r\nContent-Disposition: form-data; name=\"{noise}").into_bytes()),
        6 => ("message/rfc822", format!("From: a@x.example\r\nSubject: a\0{noise}\r\n\r\nt\r\n").into_bytes()),
        7 => ("message/rfc822", format!("From: a@x.example\r\nSubject: {}{noise}\r\n\r\nt\r\n", "x".repeat(1200)).into_bytes()),
        8 => ("message/rfc822", format!("From: a@x.example\rX-{noise}: lone CR\r\n\r\nt\r\n").into_bytes()),
        _ => (
            "message/rfc822",
            format!("From: a@x.example\r\nContent-Type: multipart/signed; boundary={noise}\r\n\r\n--{noise}\r\n\r\na\0b\r\n--{noise}--\r\n").into_bytes(),
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_malformed_mails_are_each_refused_and_nothing_is_stored() {
    let (sink, daemon) = stage().await;
    let token = daemon.token("default", "fuzz", "send");
    let (daemon, token) = (&daemon, &token);
    std::thread::scope(|scope| {
        for first in 0..8 {
            scope.spawn(move || {
                for salt in (first..MALFORMED).step_by(8) {
                    let (content_type, body) = malformed(salt);
                    let status = status(daemon, &request(token, content_type, &body));
                    let refused = status.is_some_and(|status| (400..500).contains(&status));
                    assert!(
                        refused,
                        "{status:?} for {content_type}: {:?}",
                        String::from_utf8_lossy(&body)
                    );
                }
            });
        }
    });
    let listed = daemon.does(&["delivery", "list"]);
    assert_eq!(listed["deliveries"].as_array().map(Vec::len), Some(0));
    assert_eq!(sink.count(), 0);
}
