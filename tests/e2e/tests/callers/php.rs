//! PHP, which EzGED's scripts are made of: `mail()` through `sendmail_path`, as the web server's user, and PHPMailer over submission.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use relais_e2e::daemon;

use super::stand::{FILE, RECIPIENT, SENDER, SUBJECT, Stand, TEXT};

/// `mail()` as scripts call it: lone LF, a body that is one long line of base64 for the file, raw UTF-8 in the text.
const MAIL: &str = r#"<?php
[, $to, $subject, $from, $text, $file, $name] = $argv;
$boundary = "=_" . bin2hex(random_bytes(8));
$encoded = "=?UTF-8?B?" . base64_encode($subject) . "?=";
$body = "--$boundary\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n$text\n"
  . "--$boundary\nContent-Type: application/pdf; name=\"=?UTF-8?B?" . base64_encode($name) . "?=\"\n"
  . "Content-Disposition: attachment; filename*=UTF-8''" . rawurlencode($name) . "\n"
  . "Content-Transfer-Encoding: base64\n\n" . base64_encode(file_get_contents($file)) . "\n--$boundary--\n";
$headers = "From: $from\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"$boundary\"";
exit(mail($to, $encoded, $body, $headers, "-f$from") ? 0 : 1);
"#;

const PHPMAILER: &str = r#"<?php
require '/usr/share/php/libphp-phpmailer/src/Exception.php';
require '/usr/share/php/libphp-phpmailer/src/PHPMailer.php';
require '/usr/share/php/libphp-phpmailer/src/SMTP.php';
[, $to, $subject, $from, $text, $file, $name, $port, $token] = $argv;
$mail = new PHPMailer\PHPMailer\PHPMailer(true);
$mail->isSMTP();
$mail->Host = '127.0.0.1';
$mail->Port = (int) $port;
$mail->SMTPAuth = true;
$mail->Username = 'ezged';
$mail->Password = $token;
$mail->SMTPAutoTLS = false;
$mail->CharSet = 'UTF-8';
$mail->setFrom($from, 'Mairie');
$mail->addAddress($to);
$mail->Subject = $subject;
$mail->Body = $text;
$mail->addAttachment($file, $name, 'base64', 'application/pdf');
$mail->send();
"#;

#[test]
fn mail_of_php_as_the_web_servers_user_goes_through_sendmail() {
    for daemon_runs in [true, false] {
        let Some(mut stand) = Stand::start(&["php", "runuser"], &[]) else {
            return;
        };
        let spool = stand.relais.path("spool").display().to_string();
        // Another user has to be able to run the binary, wherever it was built.
        let program = stand.relais.path("relais");
        fs::copy(daemon::binary(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        stand.relais.terminate();
        stand.relais = stand.relais.with(&["--spool", &spool, "--spool-group", "www-data"]);
        stand.relais.serve();
        if !daemon_runs {
            // The drop folder is there from now on, and is picked up later.
            assert!(stand.relais.terminate(), "{}", stand.relais.log());
        }
        let script = stand.relais.path("mail.php");
        fs::write(&script, MAIL).unwrap();
        let sendmail = format!("sendmail_path={} sendmail -t -i --spool {spool}", program.display());
        let mut php = Command::new("runuser");
        php.args([
            "-u",
            "www-data",
            "--",
            "php",
            "-d",
            "memory_limit=512M",
            "-d",
            &sendmail,
        ]);
        php.arg(&script).args([RECIPIENT, SUBJECT, SENDER, TEXT]);
        php.arg(stand.file()).arg(FILE).env("LANG", "C").current_dir("/");
        stand.calls(&mut php);
        if !daemon_runs {
            stand.relais.serve();
        }
        let arrived = stand.arrived_whole();
        assert_eq!(arrived.header("Return-Path"), Some(format!("<{SENDER}>").as_str()));
    }
}

#[test]
fn phpmailer_uses_relais_as_its_server() {
    let Some(mut stand) = Stand::start(&["php"], &[]) else {
        return;
    };
    if !std::path::Path::new("/usr/share/php/libphp-phpmailer/src/PHPMailer.php").is_file() {
        relais_e2e::skipped("PHPMailer is not installed (Debian: libphp-phpmailer)");
        return;
    }
    let token = stand.relais.token("default", "phpmailer", "send");
    let script = stand.relais.path("phpmailer.php");
    fs::write(&script, PHPMAILER).unwrap();
    let mut php = Command::new("php");
    php.args(["-d", "memory_limit=512M"]).arg(&script);
    php.args([RECIPIENT, SUBJECT, SENDER, TEXT]).arg(stand.file()).arg(FILE);
    php.arg(stand.relais.submission().port().to_string()).arg(&token);
    stand.calls(&mut php);
    stand.arrived_whole();
}
