//! From nothing to a connection that is encrypted, greeted and logged in as the instance says.
//!
//! The threat: whoever sits between removes STARTTLS from what the server offers, or writes ahead of the handshake
//! (CVE-2011-0411). So TLS that was asked for and is not to be had is a failure, never a step in clear, and nothing said
//! before the handshake is believed after it.

use relais_sdk::{Failure, kind};

use crate::conversation::{Broken, Conversation};
use crate::ehlo::Offered;
use crate::failures::{broken, by_login, no_connection, turned_away};
use crate::settings::{Login, Settings};
use crate::wire::{Dial, Security, Wire};

/// Seconds of silence once connected. RFC 5321 section 4.5.3.2 sets the least for each command; the longest of them, 10
/// minutes after the final dot, is for all, so that a mail costs no call to change it.
const SILENCE_SECONDS: u32 = 600;

/// The credential that is made of the account.
pub const ACCOUNT: &str = "xoauth2";

/// A connection that is ready for a transaction.
#[derive(Debug)]
pub struct Ready<W> {
    pub talk: Conversation<W>,
    pub offered: Offered,
    /// Whether the last transaction was left before its end, so that RSET must come before the next.
    pub unfinished: bool,
}

/// The code of a login that another token would not help: Exchange Online, where a policy of the organisation forbids it.
const BY_POLICY: &str = "535 5.7.139";

/// Connects, greets, encrypts and logs in. A token that the server refuses is worth nothing to the host from then on, so that
/// another connection may do better with the next: once, since what is refused twice is no matter of age. On a connection of
/// its own, since servers hang up on a refused login or count it.
///
/// # Errors
///
/// Any step's failure, in the server's words. The connection is gone then.
pub fn connect<D: Dial>(dialer: &mut D, settings: &Settings) -> Result<Ready<D::Wire>, Failure> {
    let is_stale = |failure: &Failure| {
        let code = failure.code.as_deref().unwrap_or_default();
        settings.login == Login::Account && code.starts_with("535") && code != BY_POLICY
    };
    match once(dialer, settings) {
        Err(failure) if is_stale(&failure) => once(dialer, settings),
        connected => connected,
    }
}

fn once<D: Dial>(dialer: &mut D, settings: &Settings) -> Result<Ready<D::Wire>, Failure> {
    let helo = settings.helo_argument()?;
    let security = settings.security();
    let wire = dialer
        .dial(&settings.host, settings.port, security)
        .map_err(|error| no_connection(error, settings))?;
    let mut talk = Conversation::new(wire);
    talk.wire().set_silence_limit(settings.timeout);
    greeting(&mut talk, settings)?;
    let mut offered = hello(&mut talk, &helo)?;
    if matches!(security, Security::StartTls) {
        start_tls(&mut talk, &offered, settings)?;
        offered = hello(&mut talk, &helo)?;
    }
    if settings.logs_in() {
        log_in(&mut talk, &offered, settings)?;
    }
    talk.wire().set_silence_limit(SILENCE_SECONDS);
    Ok(Ready {
        talk,
        offered,
        unfinished: false,
    })
}

fn greeting<W: Wire>(talk: &mut Conversation<W>, settings: &Settings) -> Result<(), Failure> {
    let reply = talk.reply().map_err(|fault| {
        let mut failure = broken(&fault, "instead of a greeting");
        if matches!(fault, Broken::Closed | Broken::Violation(_)) {
            failure.kind = kind::UNREACHABLE.to_owned();
        }
        // A port that expects TLS waits for the client's first byte, as we wait for the server's.
        if matches!(fault, Broken::Silent | Broken::Closed) && !settings.tls {
            failure.text.push_str(
                "; a port that speaks TLS from the first byte, most often 465, wants `tls` (SSL/TLS) set to true",
            );
        }
        failure
    })?;
    match reply.code() {
        220 => Ok(()),
        _ => Err(negative(&reply, "the connection")),
    }
}

/// EHLO, and HELO where the server does not know it (RFC 5321 section 3.2).
fn hello<W: Wire>(talk: &mut Conversation<W>, helo: &str) -> Result<Offered, Failure> {
    let reply = talk
        .ask(&["EHLO ", helo])
        .map_err(|fault| broken(&fault, "after EHLO"))?;
    if reply.is_positive() {
        return Ok(Offered::by_ehlo(&reply));
    }
    if reply.is_transient() {
        return Err(turned_away(&reply, "EHLO"));
    }
    let reply = talk
        .ask(&["HELO ", helo])
        .map_err(|fault| broken(&fault, "after HELO"))?;
    if reply.is_positive() {
        Ok(Offered::by_helo(&reply))
    } else {
        Err(negative(&reply, "HELO"))
    }
}

fn start_tls<W: Wire>(talk: &mut Conversation<W>, offered: &Offered, settings: &Settings) -> Result<(), Failure> {
    if !offered.starttls {
        return Err(Failure::new(
            kind::CONFIGURATION,
            format!(
                "{} does not offer StartTLS, and nothing was sent in clear; use a port that offers it, or `tls` \
                 (SSL/TLS) on a port that speaks TLS from the first byte",
                settings.place()
            ),
        ));
    }
    let reply = talk
        .ask(&["STARTTLS"])
        .map_err(|fault| broken(&fault, "after STARTTLS"))?;
    if reply.code() != 220 {
        return Err(negative(&reply, "STARTTLS"));
    }
    if !talk.is_quiet() {
        return Err(Failure::new(
            kind::UNREACHABLE,
            "the server, or someone between, wrote in clear after agreeing to STARTTLS: the connection was dropped",
        ));
    }
    talk.wire().start_tls().map_err(|error| no_connection(error, settings))
}

fn log_in<W: Wire>(talk: &mut Conversation<W>, offered: &Offered, settings: &Settings) -> Result<(), Failure> {
    let offers = |mechanism: &str| offered.mechanisms.iter().any(|known| known == mechanism);
    let credential = match settings.login {
        Login::Account if offers("XOAUTH2") => ACCOUNT,
        Login::Password if offers("PLAIN") => "plain",
        Login::Password if offers("LOGIN") => "login",
        Login::Account | Login::Password => return Err(no_login(offered, settings)),
    };
    if !talk.is_quiet() {
        return Err(broken(
            &Broken::Violation("the server answered what was not asked".to_owned()),
            "before AUTH",
        ));
    }
    let reply = talk
        .wire()
        .authenticate(credential)
        .map_err(|error| no_connection(error, settings))?;
    if reply.accepted { Ok(()) } else { Err(by_login(&reply)) }
}

fn no_login(offered: &Offered, settings: &Settings) -> Failure {
    let place = settings.place();
    let text = if !offered.mechanisms.is_empty() {
        let mechanisms = offered.mechanisms.join(", ");
        let wanted = match settings.login {
            Login::Account => "an associated account needs XOAUTH2",
            Login::Password => "with a password this connector knows PLAIN and LOGIN",
        };
        format!("{place} offers the login mechanisms {mechanisms}; {wanted}")
    } else if settings.login == Login::Account {
        format!("{place} offers no login here: an associated account needs TLS and XOAUTH2")
    } else if matches!(settings.security(), Security::Plain) {
        format!("{place} offers no login in clear: set `starttls` (StartTLS) to true, or unset `username`")
    } else {
        format!(
            "{place} offers no login: unset `username` if it needs none, or use the port for submission, most often 587"
        )
    };
    Failure::new(kind::AUTHENTICATION, text)
}

/// A reply that is not the one that goes on.
fn negative(reply: &crate::reply::Reply, command: &str) -> Failure {
    if reply.is_negative() {
        return turned_away(reply, command);
    }
    let violation = Broken::Violation(format!("the server answered {} {}", reply.full_code(), reply.words()));
    broken(&violation, &format!("which is no answer to {command}"))
}
