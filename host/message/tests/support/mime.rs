//! MIME that comes in.

#![allow(dead_code)]

use relais_message::{Limits, Message, Reason};

use super::{checked, mime_draft};

/// A header that lacks nothing but MIME-Version.
pub const HEAD: &str = "From: a@b.example\nTo: c@d.example\nMessage-ID: <1@x>\nDate: Tue, 24 Nov 2026 10:00:00 +0100\n";

/// The MIME of a message, checked.
pub fn written(message: &Message) -> String {
    String::from_utf8(checked(message)).unwrap()
}

/// MIME that is accepted.
pub fn came(mime: impl AsRef<[u8]>) -> Message {
    mime_draft(mime.as_ref()).accept(&Limits::default()).unwrap()
}

/// Why MIME is refused, for the one reason that there is.
pub fn refused_mime(mime: impl AsRef<[u8]>) -> Reason {
    let mut errors = mime_draft(mime.as_ref()).accept(&Limits::default()).unwrap_err();
    assert_eq!((errors.len(), errors[0].field.as_str()), (1, "mime"), "{errors:?}");
    let reason = errors.remove(0).reason;
    assert!(!reason.text("fr").is_empty() && reason.text("fr") != reason.text("en"));
    reason
}
