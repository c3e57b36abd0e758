//! One mail message: fields checked at the door, and its MIME as streams of known size.
//!
//! A [`Draft`] is what somebody asks to send. [`Draft::accept`] checks every field, fixes the Message-ID and the date,
//! and gives a [`Message`], which cannot be changed any more and can be read as often as needed. A [`MimeDraft`] is mail
//! that somebody wrote as MIME already; it becomes the same kind of [`Message`]. A message is stored as a head and a body
//! ([`Message::head`], [`Message::contents`]), and [`Message::restore`] makes it again, to the byte.
//!
//! The threat is a draft whose content breaks out of its place: a subject that adds a header field, a body that ends
//! the message and starts the next one, an address that adds a parameter to an SMTP command. Two rules answer it. What
//! goes into a header field or an address is refused with the name of the field, and never repaired (but that raw UTF-8
//! in the header of a MIME is written as its field wants it). What goes into a
//! body or an attachment is always accepted, and encoded until it cannot hurt: the bytes written here are 7-bit, end
//! every line with CRLF, hold no other CR or LF and no NUL, and no line is longer than 998 octets (RFC 5322 section
//! 2.1.1). One message in is one message out. The one exception is a header with an address that is not ASCII, which is
//! UTF-8 (RFC 6532) and goes to servers with SMTPUTF8 only.
//!
//! The way of a message through the modules: `draft` (checked by `check` and `address`) → `fields` → `frame` (parts by `tree`,
//! header fields by `header`, bodies by `encode`) → `message` → `body` (reads attachments through `source`, stuffs dots
//! by `stuff`). MIME that came in goes `mime` → `message` → `body` (rewritten and decoded by `recode`).

mod address;
mod attachment;
mod body;
mod check;
mod draft;
mod encode;
mod fields;
mod frame;
mod head;
mod header;
mod hex;
mod message;
mod mime;
mod reason;
mod recode;
mod source;
mod stuff;
mod text;
mod tree;
mod types;

pub use address::Address;
pub use attachment::Attachment;
pub use body::Body;
pub use draft::{Draft, DraftAttachment, Limits};
pub use head::RestoreError;
pub use message::{Addressing, Envelope, Framing, Message};
pub use mime::MimeDraft;
pub use reason::{FieldError, Flaw, Reason};
pub use source::{ReadAt, Source, SourceReader};
