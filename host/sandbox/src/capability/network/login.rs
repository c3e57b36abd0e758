//! The login of SMTP, run by the host on the guest's connection (RFC 4954; PLAIN of RFC 4616, LOGIN as servers speak it,
//! XOAUTH2 as Google and Microsoft describe it). The guest learns the server's last reply, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relais_manifest::{CredentialKind, Slot};
use zeroize::Zeroizing;

use super::LOGINS;
use super::conn::Conn;
use super::mask::masked;
use crate::Rule;
use crate::bindings::relais::connector::network::{NetworkError, Reply, Security};
use crate::capability::credentials::Parts;
use crate::context::Context;
use crate::failure::clean;
use crate::observer::Event;

/// Bytes of one reply of the server.
const REPLY_BYTES: usize = 8 << 10;
/// Bytes of the text that the guest gets.
const TEXT_BYTES: usize = 1024;
/// Bytes of an AUTH command with its CRLF. A response that makes it longer waits for the server's invitation (RFC 4954 section
/// 4, RFC 5321 section 4.5.3.1.4): tokens are that long, and servers refuse the line.
const COMMAND_BYTES: usize = 512;

pub(super) async fn run(conn: &mut Conn, context: &Context, name: &str) -> Result<Reply, NetworkError> {
    let asked = format!("{}, login with `{name}`", conn.asked);
    let refuse = |rule: Rule| NetworkError::Credential(context.audit.refuse(&asked, rule));
    let Some(declared) = context.manifest.credential(name) else {
        return Err(refuse(Rule::UnknownCredential));
    };
    if declared.slot != Slot::SmtpAuth {
        return Err(refuse(Rule::OtherSlot));
    }
    if !conn.is_encrypted() && conn.security == Security::StartTls {
        return Err(refuse(Rule::NotUpgraded));
    }
    if !conn.is_encrypted() && !context.instance.grants.auth_in_clear {
        return Err(refuse(Rule::InClear));
    }
    conn.greeting.allows_login().map_err(refuse)?;
    if conn.has_unread() {
        return Err(refuse(Rule::Unread));
    }
    if conn.logins == LOGINS {
        return Err(refuse(Rule::TooManyLogins));
    }
    conn.logins += 1;
    let not_ready = |why: &str| NetworkError::Credential(why.to_owned());
    let parts = Parts::of(&context.manifest, &context.instance, name).map_err(|missing| not_ready(&missing.0))?;
    let value = parts.value(context).await.map_err(|fault| not_ready(fault.text()))?;
    let (username, secret) = (parts.username.as_ref(), value.reveal());
    let (identity, exchanged) = match declared.kind {
        CredentialKind::Plain => {
            let identity = identity(username, secret);
            let exchanged = begin(conn, context, "PLAIN", &identity).await;
            (identity, exchanged)
        }
        CredentialKind::Login => (
            identity(username, secret),
            login(conn, context, [username, secret]).await,
        ),
        CredentialKind::Xoauth2 => {
            let response =
                bearer(username, secret).ok_or_else(|| not_ready("the account's token or user name is malformed"))?;
            let exchanged = xoauth2(conn, context, &response).await;
            (response, exchanged)
        }
        _ => return Err(refuse(Rule::UnfitKind)),
    };
    let reply = match exchanged {
        Ok(reply) if matches!(reply.code.as_bytes(), [b'2' | b'4' | b'5', ..]) => reply,
        unfinished => {
            // What comes next could be an answer to a line of the login, with the line in it, and no mask would see it.
            conn.break_off();
            return Err(unfinished
                .err()
                .unwrap_or_else(|| NetworkError::Failed("the server did not end the login".to_owned())));
        }
    };
    let accepted = reply.code == "235";
    // RFC 4954 section 6: the one code that speaks of the credential.
    if reply.code == "535" {
        value.refused(context);
    }
    context.audit.tell(Event::Authenticated {
        credential: name.to_owned(),
        accepted,
    });
    Ok(Reply {
        accepted,
        code: reply.full_code(),
        text: clean(
            &masked(&reply.text, &[secret, &encoded(secret), &encoded(&identity)]),
            TEXT_BYTES,
        ),
    })
}

/// The message of PLAIN (RFC 4616 section 2).
fn identity(username: &str, secret: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("\0{username}\0{secret}"))
}

/// Begins an exchange that the client opens, with its response in the command or after it.
async fn begin(
    conn: &mut Conn,
    context: &Context,
    mechanism: &str,
    response: &str,
) -> Result<ServerReply, NetworkError> {
    let response = encoded(response);
    let line = Zeroizing::new(format!("AUTH {mechanism} {}\r\n", *response));
    if line.len() <= COMMAND_BYTES {
        return exchange(conn, context, &line).await;
    }
    let invited = exchange(conn, context, &format!("AUTH {mechanism}\r\n")).await?;
    if invited.code != "334" {
        return Ok(invited);
    }
    let line = Zeroizing::new(format!("{}\r\n", *response));
    exchange(conn, context, &line).await
}

async fn login(conn: &mut Conn, context: &Context, parts: [&str; 2]) -> Result<ServerReply, NetworkError> {
    let mut reply = exchange(conn, context, "AUTH LOGIN\r\n").await?;
    for part in parts {
        if reply.code != "334" {
            return Ok(reply);
        }
        let line = Zeroizing::new(format!("{}\r\n", *encoded(part)));
        reply = exchange(conn, context, &line).await?;
    }
    Ok(reply)
}

/// The response of XOAUTH2. Nothing where a part holds what could end its field.
fn bearer(username: &str, token: &str) -> Option<Zeroizing<String>> {
    let sound =
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) && !username.chars().any(char::is_control);
    sound.then(|| Zeroizing::new(format!("user={username}\x01auth=Bearer {token}\x01\x01")))
}

async fn xoauth2(conn: &mut Conn, context: &Context, response: &str) -> Result<ServerReply, NetworkError> {
    let reply = begin(conn, context, "XOAUTH2", response).await?;
    // A refusal comes as a challenge that explains it, and the reply itself follows an empty answer.
    match reply.code.as_str() {
        "334" => exchange(conn, context, "\r\n").await,
        _ => Ok(reply),
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(text))
}

/// One reply: the code of its last line, and the text of all.
struct ServerReply {
    code: String,
    text: String,
}

impl ServerReply {
    /// With the enhanced code of RFC 3463 where the text begins with one.
    fn full_code(&self) -> String {
        let word = self.text.split_ascii_whitespace().next().unwrap_or_default();
        let numbers: Vec<&str> = word.split('.').collect();
        let enhanced = numbers.len() == 3 && numbers.iter().all(|n| (1..=3).contains(&n.len()) && is_number(n));
        if enhanced {
            format!("{} {word}", self.code)
        } else {
            self.code.clone()
        }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Writes one line, and reads one reply. The bytes are the host's own: neither watched for handles nor counted as the guest's.
async fn exchange(conn: &mut Conn, context: &Context, line: &str) -> Result<ServerReply, NetworkError> {
    conn.write_all(line.as_bytes(), context).await?;
    conn.flush().await?;
    let mut bytes = Vec::new();
    loop {
        match conn.read_unseen(REPLY_BYTES, context).await? {
            None => return Err(NetworkError::Closed),
            Some(more) => bytes.extend_from_slice(&more),
        }
        if let Some(reply) = parse(&bytes)? {
            return Ok(reply);
        }
        if bytes.len() > REPLY_BYTES {
            return Err(NetworkError::Failed(
                "the server's reply to the login is too long".to_owned(),
            ));
        }
    }
}

/// A whole reply and nothing after it (RFC 5321 section 4.2.1), or none yet.
fn parse(bytes: &[u8]) -> Result<Option<ServerReply>, NetworkError> {
    let broken = || NetworkError::Failed("the server's reply to the login cannot be read".to_owned());
    let mut text = String::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let (line, after) = rest.split_at(end + 1);
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        let code = line.get(..3).filter(|code| is_number(code)).ok_or_else(broken)?;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line.get(4..).unwrap_or_default());
        if line.as_bytes().get(3) != Some(&b'-') {
            if !rest.is_empty() {
                return Err(broken());
            }
            let code = code.to_owned();
            return Ok(Some(ServerReply { code, text }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reply_is_whole_only_with_its_last_line() {
        assert!(parse(b"535-5.7.8 no").unwrap().is_none());
        assert!(parse(b"535-5.7.8 no\r\n").unwrap().is_none());
        let reply = parse(b"535-5.7.8 no\r\n535 5.7.8 way\r\n").unwrap().unwrap();
        assert_eq!(
            (reply.code.as_str(), reply.text.as_str()),
            ("535", "5.7.8 no 5.7.8 way")
        );
        assert_eq!(reply.full_code(), "535 5.7.8");
    }

    #[test]
    fn a_field_of_xoauth2_cannot_be_ended_from_within() {
        assert_eq!(
            bearer("marie@mairie.example", "ya29.A0").unwrap().as_str(),
            "user=marie@mairie.example\x01auth=Bearer ya29.A0\x01\x01"
        );
        for (username, token) in [
            ("marie", ""),
            ("marie", "ya29\x01auth=x"),
            ("marie", "ya 29"),
            ("marie\x01auth=x", "ya29"),
        ] {
            assert!(bearer(username, token).is_none());
        }
    }

    #[test]
    fn what_follows_a_reply_unasked_is_an_error() {
        assert!(parse(b"235 ok\r\n250 more\r\n").is_err());
        assert!(parse(b"hello\r\n").is_err());
    }
}
