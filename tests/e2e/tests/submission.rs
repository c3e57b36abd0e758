//! The submission listener of the real daemon: whoever has a token hands mail over as to any server, and what it
//! acknowledged arrives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::{Command, Output, Stdio};

use relais_catcher::{Catcher, Options};
use relais_e2e::daemon::Daemon;
use relais_e2e::{PATIENCE, installed, skipped};

/// A catcher, the daemon that sends to it, and a token.
async fn stage() -> Option<(Catcher, Daemon, String)> {
    if !installed("python3") {
        skipped("python3 is not installed");
        return None;
    }
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let port = catcher.port();
    let (daemon, token) = tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(port);
        let token = daemon.token("default", "mailer", "send");
        (daemon, token)
    })
    .await
    .unwrap();
    Some((catcher, daemon, token))
}

/// Runs a Python script with a client that is connected, and not logged in yet.
async fn script(daemon: &Daemon, token: &str, text: &str) -> Output {
    let text = format!(
        "import smtplib\ntoken = '{token}'\nclient = smtplib.SMTP('127.0.0.1', {})\nclient.ehlo()\n{text}",
        daemon.submission().port()
    );
    let run = move || {
        Command::new("python3")
            .args(["-c", &text])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_with_its_envelope_and_without_its_bcc() {
    let Some((catcher, daemon, token)) = stage().await else {
        return;
    };
    let text = r"
client.login('anything', token)
mail = '''From: Mairie <mairie@ville.example>
To: zoe@exemple.example
Bcc: secret@exemple.example
Subject: =?utf-8?q?D=C3=A9lib=C3=A9ration?=

Bonjour
.et un point
'''
client.sendmail('retours@ville.example', ['zoe@exemple.example', 'secret@exemple.example'], mail)
client.sendmail('', ['zoe@exemple.example'], mail)
print(client.docmd('NOOP')[0])
";
    let output = script(&daemon, &token, text).await;
    assert_eq!(said(&output), "250");
    let mails = catcher.wait_for(2, PATIENCE).await.unwrap();
    let first = mails.iter().find(|mail| mail.sender.is_some()).unwrap();
    assert_eq!(first.sender.as_deref(), Some("retours@ville.example"));
    assert_eq!(first.recipients, ["zoe@exemple.example", "secret@exemple.example"]);
    let content = String::from_utf8_lossy(&first.data);
    assert!(!content.contains("secret@"), "{content}");
    // RFC 5321 section 4.4: from whom, how; and nothing of the token.
    let trace = content.lines().next().unwrap();
    assert!(
        trace.starts_with("Received: from ") && trace.ends_with(" ([127.0.0.1])"),
        "{content}"
    );
    assert!(
        content.contains(" with ESMTPA;\r\n") && !content.contains("mailer"),
        "{content}"
    );
    assert!(content.contains("Bonjour\r\n.et un point\r\n"), "{content}");
    assert!(
        mails.iter().any(|mail| mail.sender.is_none()),
        "the null reverse-path stays null"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_twenty_megabytes_goes_through() {
    let Some((catcher, daemon, token)) = stage().await else {
        return;
    };
    let text = "
client.login('anything', token)
line = 'x' * 76 + '\\r\\n'
mail = 'From: a@ville.example\\r\\nTo: zoe@exemple.example\\r\\nSubject: grand\\r\\n\\r\\n' + line * (20 * 1024 * 1024 // 78)
client.sendmail('a@ville.example', ['zoe@exemple.example'], mail)
";
    said(&script(&daemon, &token, text).await);
    let mails = catcher.wait_for(1, PATIENCE).await.unwrap();
    assert!(mails[0].data.len() >= 20 * 1024 * 1024 - 78, "{}", mails[0].data.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_with_its_reason_and_nothing_is_stored() {
    let Some((catcher, daemon, token)) = stage().await else {
        return;
    };
    let text = r"
def refused(call):
    try:
        call()
    except smtplib.SMTPResponseException as error:
        print(error.smtp_code, error.smtp_error.decode().split(' ')[0])
    except smtplib.SMTPRecipientsRefused as error:
        print(sorted(code for code, _ in error.recipients.values()))
refused(lambda: client.sendmail('a@ville.example', ['zoe@exemple.example'], 'Subject: x\n\ny'))
refused(lambda: client.login('anything', 'wrong'))
client.login('anything', token)
refused(lambda: client.sendmail('a@ville.example', ['nobody'], 'From: a@ville.example\n\ny'))
refused(lambda: client.sendmail('a@ville.example', ['zoe@exemple.example'], 'no field\n\ny'))
refused(lambda: client.sendmail('a@ville.example', ['zoe@exemple.example'], b'From: a@ville.example\r\nSubject: a\0b\r\n\r\ny'))
";
    let output = script(&daemon, &token, text).await;
    assert_eq!(
        said(&output),
        "530 5.7.0\n535 5.7.8\n[501]\n554 5.6.0\n554 5.6.0",
        "{}",
        daemon.log()
    );
    let listed = daemon.does(&["delivery", "list"]);
    assert_eq!(listed["deliveries"].as_array().unwrap().len(), 0, "{listed}");
    assert_eq!(catcher.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_sends_nothing_more_even_in_a_session_that_it_opened() {
    let Some((catcher, daemon, token)) = stage().await else {
        return;
    };
    let listed = daemon.does(&["token", "list"]);
    let id = listed["tokens"][0]["id"].as_str().unwrap().to_owned();
    // Until it is refused, so that the test waits for no clock.
    let text = "
import time
client.login('anything', token)
mail = 'From: a@ville.example\\r\\nTo: zoe@exemple.example\\r\\n\\r\\ny'
for sent in range(1000):
    try:
        client.sendmail('a@ville.example', ['zoe@exemple.example'], mail)
    except smtplib.SMTPDataError as error:
        print(error.smtp_code, sent)
        break
    time.sleep(0.05)
";
    let running = script(&daemon, &token, text);
    let revoking = async {
        catcher.wait_for(1, PATIENCE).await.unwrap();
        daemon.does(&["token", "revoke", &id]);
    };
    let (output, ()) = tokio::join!(running, revoking);
    let said = said(&output);
    let (code, sent) = said
        .split_once(' ')
        .unwrap_or_else(|| panic!("{said}: {}", daemon.log()));
    assert_eq!(code, "535");
    catcher.wait_for(sent.parse().unwrap(), PATIENCE).await.unwrap();
}
