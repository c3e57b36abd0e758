//! Python's smtplib, a client that is not ours.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use relais_submission::Submission;

use crate::fake::{Fake, LARGEST, TOKEN, listen, open};

/// Runs a script with the port in `port`. `None`, said on the standard error, where there is no Python: under
/// `RELAIS_NO_SKIP`, which CI sets, that is a failure.
async fn script(submission: &Submission, text: &str) -> Option<Output> {
    let port = submission.address().port();
    let text = format!("import smtplib\nport = {port}\ntoken = '{TOKEN}'\n{text}");
    let run = move || {
        Command::new("python3")
            .args(["-c", &text])
            .stdin(Stdio::null())
            .output()
    };
    match tokio::task::spawn_blocking(run).await.unwrap() {
        Ok(output) => Some(output),
        Err(why) => {
            assert!(
                std::env::var_os("RELAIS_NO_SKIP").is_none(),
                "RELAIS_NO_SKIP is set, but python3: {why}"
            );
            let _ = writeln!(std::io::stderr(), "skipped: python3: {why}");
            None
        }
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_logs_in_and_sends_with_an_accent_in_the_address() {
    let (submission, fake) = listen(Fake::default()).await;
    let text = "
with smtplib.SMTP('127.0.0.1', port) as client:
    client.ehlo()
    print(sorted(client.esmtp_features))
    client.login('ezged', token)
    client.sendmail('a@b.example', ['c@d.example'], 'Subject: x\\n\\n.one\\n..two\\n')
    client.sendmail('a@b.example', ['andré@d.example'], b'Subject: x\\r\\n\\r\\ny\\r\\n', mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
";
    let Some(output) = script(&submission, text).await else {
        return;
    };
    assert_eq!(
        said(&output),
        "['8bitmime', 'auth', 'chunking', 'enhancedstatuscodes', 'pipelining', 'size', 'smtputf8']"
    );
    let kept = fake.kept();
    assert_eq!(kept[0].content, b"Subject: x\r\n\r\n.one\r\n..two\r\n");
    assert_eq!(kept[1].recipients, ["andré@d.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_is_told_of_a_wrong_token() {
    let (submission, _) = listen(Fake::default()).await;
    let text = "
with smtplib.SMTP('127.0.0.1', port) as client:
    try:
        client.login('ezged', 'wrong')
    except smtplib.SMTPAuthenticationError as error:
        print(error.smtp_code)
";
    let Some(output) = script(&submission, text).await else {
        return;
    };
    assert_eq!(said(&output), "535");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_is_told_of_a_mail_that_is_too_large_and_of_too_many_recipients() {
    let (submission, fake) = listen(open()).await;
    let text = format!(
        "
with smtplib.SMTP('127.0.0.1', port) as client:
    client.ehlo()
    try:
        client.sendmail('a@b.example', ['c@d.example'], 'x' * ({LARGEST} + 1))
    except smtplib.SMTPSenderRefused as error:
        print(error.smtp_code)
    refused = client.sendmail('a@b.example', ['r%d@d.example' % n for n in range(10000)], 'Subject: x\\n\\ny')
    print(len(refused), set(code for code, _ in refused.values()))
"
    );
    let Some(output) = script(&submission, &text).await else {
        return;
    };
    assert_eq!(said(&output), "552\n9000 {452}");
    assert_eq!((fake.kept().len(), fake.kept()[0].recipients.len()), (1, 1000));
}
