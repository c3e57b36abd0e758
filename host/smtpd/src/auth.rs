//! The AUTH exchange: PLAIN (RFC 4616), LOGIN and XOAUTH2, with or without an initial response (RFC 4954 section 4).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::wire::{Line, Lost, Wire};

/// The reply to a login that is right.
pub const ACCEPTED: &str = "235 2.7.0 Authentication succeeded";
/// The reply to a login that is wrong, whatever is wrong with it.
pub const WRONG: &str = "535 5.7.8 Authentication credentials invalid";
const CANCELLED: &str = "501 5.7.0 Authentication cancelled";
const NOT_BASE64: &str = "501 5.5.2 Cannot decode the response: it is not base64";
const UNKNOWN: &str = "504 5.5.4 Unknown authentication mechanism";

/// What a client presented to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub username: Vec<u8>,
    /// Never shown.
    pub password: Vec<u8>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// Runs the exchange that `AUTH mechanism [initial]` begins, up to its last reply, which the caller gives: [`ACCEPTED`]
/// or [`WRONG`]. Calls `heard` for each further line of the client. Inside, the reply that refuses the exchange itself.
///
/// # Errors
///
/// The connection is over.
pub async fn exchange<S>(
    wire: &mut Wire<S>,
    mechanism: &str,
    initial: Option<&str>,
    mut heard: impl FnMut(),
) -> Result<Result<Login, &'static str>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if mechanism.eq_ignore_ascii_case("PLAIN") {
        let message = respond(wire, initial, "334 ", &mut heard).await?;
        Ok(message.and_then(|message| plain(&message).ok_or(WRONG)))
    } else if mechanism.eq_ignore_ascii_case("LOGIN") {
        // The prompts are `Username:` and `Password:`. LOGIN has no RFC; these are what clients compare with.
        let username = match respond(wire, initial, "334 VXNlcm5hbWU6", &mut heard).await? {
            Ok(username) => username,
            Err(reply) => return Ok(Err(reply)),
        };
        let password = respond(wire, None, "334 UGFzc3dvcmQ6", &mut heard).await?;
        Ok(password.map(|password| Login { username, password }))
    } else {
        Ok(Err(UNKNOWN))
    }
}

/// Runs the exchange of XOAUTH2, as Google and Microsoft describe it, up to the reply to its one response. The password is the
/// token. Apart from [`exchange`], since what refuses one is a challenge that the client answers.
///
/// # Errors
///
/// The connection is over.
pub async fn bearer<S>(
    wire: &mut Wire<S>,
    initial: Option<&str>,
    mut heard: impl FnMut(),
) -> Result<Result<Login, &'static str>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let message = respond(wire, initial, "334 ", &mut heard).await?;
    Ok(message.and_then(|message| token(&message).ok_or(WRONG)))
}

/// `user=`, the name, `^A`, `auth=Bearer `, the token, `^A^A`.
fn token(message: &[u8]) -> Option<Login> {
    let rest = message.strip_prefix(b"user=")?.strip_suffix(b"\x01\x01")?;
    let end = rest.iter().position(|octet| *octet == 1)?;
    let (username, rest) = rest.split_at_checked(end)?;
    let password = rest.strip_prefix(b"\x01auth=Bearer ")?;
    (!password.contains(&1)).then(|| Login {
        username: username.to_vec(),
        password: password.to_vec(),
    })
}

/// The client's response, decoded: the one it already gave, or the answer to `challenge`. Inside, the reply that
/// refuses it.
async fn respond<S>(
    wire: &mut Wire<S>,
    given: Option<&str>,
    challenge: &str,
    heard: &mut impl FnMut(),
) -> Result<Result<Vec<u8>, &'static str>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // RFC 4954 section 4: an empty initial response is sent as one equals sign.
    if let Some(given) = given {
        return Ok(if given == "=" { Ok(Vec::new()) } else { decode(given) });
    }
    wire.reply(challenge);
    let line = wire.line().await?;
    heard();
    Ok(match line {
        Line::Text(text) if text == "*" => Err(CANCELLED),
        Line::Text(text) => decode(&text),
        Line::Malformed(_) => Err(NOT_BASE64),
    })
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    STANDARD.decode(text).map_err(|_| NOT_BASE64)
}

/// RFC 4616 section 2: authorisation identity, NUL, user name, NUL, password. Acting for another is not possible here.
fn plain(message: &[u8]) -> Option<Login> {
    let mut parts = message.split(|octet| *octet == 0);
    let (Some(acts_for), Some(username), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    (acts_for.is_empty() || acts_for == username).then(|| Login {
        username: username.to_vec(),
        password: password.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_holds_a_name_and_a_password_and_nothing_near_it() {
        let login = Login {
            username: b"marie".to_vec(),
            password: b"s3cret".to_vec(),
        };
        assert_eq!(plain(b"\0marie\0s3cret"), Some(login.clone()));
        assert_eq!(plain(b"marie\0marie\0s3cret"), Some(login));
        for wrong in [&b""[..], b"marie\0s3cret", b"\0marie\0s3cret\0", b"root\0marie\0s3cret"] {
            assert_eq!(plain(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn xoauth2_holds_a_name_and_a_token_and_nothing_near_it() {
        let login = Login {
            username: b"marie".to_vec(),
            password: b"ya29.A0".to_vec(),
        };
        assert_eq!(token(b"user=marie\x01auth=Bearer ya29.A0\x01\x01"), Some(login));
        for wrong in [
            &b""[..],
            b"user=marie\x01\x01",
            b"user=marie\x01auth=Bearer ya29.A0\x01",
            b"marie\x01auth=Bearer ya29.A0\x01\x01",
            b"user=marie\x01auth=Bearer ya29.A0\x01host=x\x01\x01",
        ] {
            assert_eq!(token(wrong), None, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn the_debug_form_shows_neither_name_nor_password() {
        let shown = format!("{:?}", plain(b"\0marie\0s3cret"));
        assert!(!shown.contains("115") && !shown.contains("s3cret"), "{shown}");
    }
}
