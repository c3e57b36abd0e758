//! A request that is turned down while its body is still on its way: the rest stays, and so does the message.

use std::time::Duration;

use relais_e2e::{accept, attachment, draft};
use relais_sandbox::{Kind, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::host::{Host, in_time, mail, small};
use crate::peer::{Peer, answer};
use crate::setup::Setup;

/// More than the system keeps between two sockets.
const SIZE: usize = 6 << 20;

/// Answers one request by its head, says why a little later, and only then takes whatever still comes. Answers with its URL, and
/// with how many bytes that were.
async fn that_answers(status: &'static str) -> (String, oneshot::Receiver<usize>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let url = format!("http://127.0.0.1:{}/mails", listener.local_addr().unwrap().port());
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 64 << 10];
        let mut count = stream.read(&mut bytes).await.unwrap();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(200)).await;
        stream.write_all(b"why").await.unwrap();
        while let Ok(read @ 1..) = stream.read(&mut bytes).await {
            count += read;
            if count >= SIZE {
                break;
            }
        }
        let _ = tell.send(count);
    });
    (url, told)
}

fn patient() -> Host {
    Host::limited(Limits {
        cpu: Limits::default().cpu,
        ..small()
    })
}

#[tokio::test]
async fn the_rest_of_a_body_that_was_turned_down_does_not_leave_and_its_answer_is_read() {
    let mut draft = draft("Un gros dossier");
    draft.attachments = vec![attachment("un.bin", vec![b'x'; SIZE])];
    let message = accept(draft);
    let host = patient();
    for status in ["413 Content Too Large", "429 Too Many Requests", "302 Found"] {
        let (url, count) = that_answers(status).await;
        let mut session = host.open(Setup::attack("door-turned-down").set("url", url)).await;
        let failure = in_time(session.send(&message)).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Rejected, "{status}: {failure}");
        assert_eq!(failure.text, format!("({}, \"why\", None)", &status[..3]));
        assert!(in_time(count).await.unwrap() < SIZE, "{status}");
    }
}

#[tokio::test]
async fn the_rest_of_a_body_that_was_taken_early_leaves() {
    let mut draft = draft("Un gros dossier");
    draft.attachments = vec![attachment("un.bin", vec![b'x'; SIZE])];
    let (url, count) = that_answers("202 Accepted").await;
    let mut session = patient().open(Setup::attack("door-turned-down").set("url", url)).await;
    let failure = in_time(session.send(&accept(draft))).await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome, "{failure}");
    assert!(in_time(count).await.unwrap() >= SIZE);
}

#[tokio::test]
async fn what_is_read_after_a_request_was_turned_down_does_not_leave_with_it() {
    let peer = Peer::answering(&answer("401 Unauthorized", "")).await;
    let mut session = patient()
        .open(Setup::attack("door-goes-on").set("url", peer.url()))
        .await;
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Rejected, "{failure}");
    let heard = String::from_utf8(peer.heard().await.concat()).unwrap();
    assert!(heard.starts_with("POST /mails"), "{heard}");
    assert!(!heard.contains("Votre dossier"), "{heard}");
}
