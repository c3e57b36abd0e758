//! Clients that share no line with Relais: swaks, msmtp, curl.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::stand::{FILE, RECIPIENT, SENDER, SUBJECT, Stand, TEXT};

/// The mail as MIME, with CRLF, its subject and file name in RFC 2047 and 2231, the text in 8 bits.
fn mime(stand: &Stand, to: &str, more: &str) -> Vec<u8> {
    let name: String = FILE
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let lines: Vec<String> = STANDARD
        .encode(&stand.content)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!(
        "From: {SENDER}\r\nTo: {to}\r\n{more}Subject: =?UTF-8?B?{}?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{}\r\n--b\r\nContent-Type: application/pdf\r\n\
         Content-Disposition: attachment; filename*=UTF-8''{name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        STANDARD.encode(SUBJECT),
        TEXT.replace('\n', "\r\n"),
        lines.join("\r\n"),
    )
    .into_bytes()
}

#[test]
fn swaks_logs_in_with_a_token_and_sends() {
    let Some(mut stand) = Stand::start(&["swaks"], &[]) else {
        return;
    };
    let token = stand.relais.token("default", "swaks", "send");
    let data = stand.relais.path("data.eml");
    fs::write(&data, mime(&stand, RECIPIENT, "")).unwrap();
    let mut swaks = Command::new("swaks");
    swaks.args([
        "--server",
        "127.0.0.1",
        "--port",
        &stand.relais.submission().port().to_string(),
    ]);
    swaks.args([
        "--from",
        SENDER,
        "--to",
        RECIPIENT,
        "--auth",
        "PLAIN",
        "--auth-user",
        "swaks",
        "--auth-password",
        &token,
    ]);
    swaks.args(["--hide-all", "--data", &format!("@{}", data.display())]);
    stand.calls(&mut swaks);
    stand.arrived_whole();
}

#[test]
fn msmtp_reads_a_mail_with_lone_lf_and_sends() {
    let Some(mut stand) = Stand::start(&["msmtp"], &[]) else {
        return;
    };
    let token = stand.relais.token("default", "msmtp", "send");
    let config = stand.relais.path("msmtprc");
    let port = stand.relais.submission().port();
    fs::write(
        &config,
        format!("account default\nhost 127.0.0.1\nport {port}\nfrom {SENDER}\nauth login\nuser msmtp\npassword {token}\ntls off\n"),
    )
    .unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let mail = String::from_utf8(mime(&stand, RECIPIENT, ""))
        .unwrap()
        .replace("\r\n", "\n");
    let mut msmtp = Command::new("msmtp");
    msmtp.arg("-C").arg(&config).args(["-t", "-i"]).stdin(Stdio::piped());
    let mut child = msmtp.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), mail.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", stand.relais.log());
    stand.arrived_whole();
}

fn curl(stand: &Stand, token: &str, path: &str, more: &[&str]) -> serde_json::Value {
    let url = format!("http://{}/api/v1/default/{path}", stand.relais.http());
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--fail-with-body",
        "-H",
        &format!("Authorization: Bearer {token}"),
    ]);
    curl.args(more).arg(url);
    serde_json::from_str(&stand.calls(&mut curl)).unwrap()
}

#[test]
fn curl_sends_json_a_form_and_raw_mime_to_the_api() {
    let Some(mut stand) = Stand::start(&["curl"], &[]) else {
        return;
    };
    let token = stand.relais.token("default", "curl", "send");
    let fields = json!({"from": SENDER, "to": [RECIPIENT], "subject": SUBJECT, "text": TEXT});

    let form = format!("mail={fields};type=application/json");
    let file = format!(
        "attachment=@{};type=application/pdf;filename=\"{FILE}\"",
        stand.file().display()
    );
    let sent = curl(&stand, &token, "mails?wait=60", &["--form", &form, "--form", &file]);
    assert_eq!(sent["state"], "sent", "{sent}");
    stand.arrived_whole();

    let mut whole = fields.clone();
    whole["attachments"] =
        json!([{"name": FILE, "content_type": "application/pdf", "content": STANDARD.encode(&stand.content)}]);
    let path = stand.relais.path("mail.json");
    fs::write(&path, whole.to_string()).unwrap();
    let body = format!("@{}", path.display());
    curl(
        &stand,
        &token,
        "mails",
        &["-H", "Content-Type: application/json", "--data-binary", &body],
    );
    let arrived = stand.take(1);
    assert_eq!(arrived[0].header("Subject"), Some(SUBJECT));
    assert!(arrived[0].attachments()[0].content == stand.content);

    let path = stand.relais.path("mail.eml");
    fs::write(&path, mime(&stand, RECIPIENT, "")).unwrap();
    let body = format!("@{}", path.display());
    let query = format!("mails?from={SENDER}&to={RECIPIENT}");
    curl(
        &stand,
        &token,
        &query,
        &["-H", "Content-Type: message/rfc822", "--data-binary", &body],
    );
    let arrived = stand.take(1);
    assert_eq!(arrived[0].attachments()[0].name.as_deref(), Some(FILE));
    assert!(arrived[0].attachments()[0].content == stand.content);
}

#[test]
fn the_envelope_alone_decides_who_receives_and_bcc_never_leaves() {
    let Some(mut stand) = Stand::start(&["curl"], &[]) else {
        return;
    };
    let token = stand.relais.token("default", "curl", "send");
    let path = stand.relais.path("mail.eml");
    fs::write(
        &path,
        mime(&stand, "quelquun@exemple.example", "Bcc: discret@exemple.example\r\n"),
    )
    .unwrap();
    let body = format!("@{}", path.display());
    curl(
        &stand,
        &token,
        "mails?from=retour@mairie.example&to=discret@exemple.example",
        &["-H", "Content-Type: message/rfc822", "--data-binary", &body],
    );
    let arrived = stand.take(1);
    assert_eq!(arrived[0].header("Delivered-To"), Some("discret@exemple.example"));
    assert_eq!(arrived[0].header("To"), Some("quelquun@exemple.example"));
    assert_eq!(arrived[0].header("Return-Path"), Some("<retour@mairie.example>"));
    assert_eq!(arrived[0].header("Bcc"), None);

    let only_bcc = json!({"from": SENDER, "bcc": [RECIPIENT], "subject": SUBJECT, "text": TEXT}).to_string();
    curl(
        &stand,
        &token,
        "mails",
        &["-H", "Content-Type: application/json", "--data", &only_bcc],
    );
    let arrived = stand.take(1);
    assert_eq!(arrived[0].header("Delivered-To"), Some(RECIPIENT));
    assert_eq!((arrived[0].header("Bcc"), arrived[0].header("To")), (None, None));
}
