//! What the tests of credentials share: where a handle was seen, and where it was not.

use relais_catcher::{Catcher, Options};

use crate::host::Host;
use crate::setup::{SECRET, Setup};

/// What every handle begins with.
pub const HANDLE: &str = "relais-credential-";

/// Whether some bytes hold a whole handle: its beginning and 32 hexadecimal digits.
pub fn holds_a_handle(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.match_indices(HANDLE).any(|(at, _)| {
        let digits = text[at + HANDLE.len()..].chars().take(32);
        digits.filter(char::is_ascii_hexdigit).count() == 32
    })
}

/// Runs an attack on an SMTP server that must be refused with a rule; answers what the server heard.
pub async fn refused_by_smtp(mode: &str, rule: &str) -> Vec<String> {
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let host = Host::new();
    let setup = Setup::attack(mode)
        .granted("127.0.0.1", catcher.port())
        .grant("auth-in-clear");
    let failure = host.refuses(setup, rule).await;
    assert!(!failure.text.contains(SECRET), "{failure}");
    let heard = catcher.commands();
    assert!(
        !heard.iter().any(|line| line.contains(HANDLE) || line.contains("AUTH")),
        "{heard:?}"
    );
    heard
}

#[test]
fn a_handle_is_known_by_its_beginning_and_its_digits() {
    assert!(holds_a_handle(
        b"EHLO relais-credential-0123456789abcdef0123456789abcdef\r\n"
    ));
    assert!(!holds_a_handle(b"EHLO relais-credential-0123456789abcdef\r\n"));
}
