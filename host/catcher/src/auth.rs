//! The AUTH exchange: PLAIN (RFC 4616) and LOGIN, with or without an initial response (RFC 4954 section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Account;
use crate::record::Record;
use crate::wire::{Line, Lost, Wire};

const ACCEPTED: &str = "235 2.7.0 Authentication succeeded";
const WRONG: &str = "535 5.7.8 Authentication credentials invalid";
const CANCELLED: &str = "501 5.7.0 Authentication cancelled";
const NOT_BASE64: &str = "501 5.5.2 Cannot decode the response: it is not base64";
const UNKNOWN: &str = "504 5.5.4 Unknown authentication mechanism";

/// Runs the exchange that `AUTH mechanism [initial]` begins and queues its last reply. True: logged in.
pub(crate) async fn exchange<S>(
    wire: &mut Wire<S>,
    record: &Record,
    account: &Account,
    mechanism: &str,
    initial: Option<&str>,
) -> Result<bool, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut initial = initial.map(str::to_owned);
    let matches = if mechanism.eq_ignore_ascii_case("PLAIN") {
        respond(wire, record, initial.take(), "334 ")
            .await?
            .map(|message| is_plain(&message, account))
    } else if mechanism.eq_ignore_ascii_case("LOGIN") {
        login(wire, record, account, initial.take()).await?
    } else {
        Err(UNKNOWN)
    };
    let reply = match matches {
        Ok(true) => ACCEPTED,
        Ok(false) => WRONG,
        Err(reply) => reply,
    };
    wire.reply(reply);
    Ok(reply == ACCEPTED)
}

/// The prompts are `Username:` and `Password:` in base64. LOGIN has no RFC; these are what clients compare with.
async fn login<S>(
    wire: &mut Wire<S>,
    record: &Record,
    account: &Account,
    initial: Option<String>,
) -> Result<Result<bool, &'static str>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let username = match respond(wire, record, initial, "334 VXNlcm5hbWU6").await? {
        Ok(username) => username,
        Err(reply) => return Ok(Err(reply)),
    };
    let password = respond(wire, record, None, "334 UGFzc3dvcmQ6").await?;
    Ok(password.map(|password| username == account.username.as_bytes() && password == account.password.as_bytes()))
}

/// The client's response, decoded: the one it already gave, or the answer to `challenge`. Inside, the reply that
/// refuses it.
async fn respond<S>(
    wire: &mut Wire<S>,
    record: &Record,
    given: Option<String>,
    challenge: &str,
) -> Result<Result<Vec<u8>, &'static str>, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // RFC 4954 section 4: an empty initial response is sent as one equals sign.
    if let Some(given) = given {
        return Ok(if given == "=" { Ok(Vec::new()) } else { decode(&given) });
    }
    wire.reply(challenge);
    let line = wire.line().await?;
    record.add_secret();
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
fn is_plain(message: &[u8], account: &Account) -> bool {
    let mut parts = message.split(|octet| *octet == 0);
    let (Some(acts_for), Some(username), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    (acts_for.is_empty() || acts_for == username)
        && username == account.username.as_bytes()
        && password == account.password.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_takes_the_account_and_nothing_near_it() {
        let account = Account {
            username: "marie".to_owned(),
            password: "s3cret".to_owned(),
        };
        assert!(is_plain(b"\0marie\0s3cret", &account));
        assert!(is_plain(b"marie\0marie\0s3cret", &account));
        for wrong in [
            &b""[..],
            b"marie\0s3cret",
            b"\0marie\0s3cre",
            b"\0marie\0s3cret\0",
            b"root\0marie\0s3cret",
        ] {
            assert!(!is_plain(wrong, &account), "{}", wrong.escape_ascii());
        }
    }
}
