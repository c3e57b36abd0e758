//! A message as a head and a body, for a store: the body is the message's large contents, laid down wherever the store
//! likes, and the head is the rest, with the places where they lie. Head and body make the message again, and it writes
//! the very bytes that it wrote before.
//!
//! A head begins with its version, so that one of an earlier version can still be read.

mod codec;
mod fields;
mod mime;

use std::io;
use std::sync::Arc;

use self::codec::{Put, Take};
use crate::message::{Envelope, Message, Origin};
use crate::source::{Content, Source};

/// Of the heads written here.
const VERSION: u8 = 1;
/// Made from fields.
const FIELDS: u8 = 1;
/// Made from MIME.
const MIME: u8 = 2;
/// Texts that are longer, in bytes, are contents and do not stand in the head.
const INLINE: usize = 64 * 1024;

/// Why a message cannot be made again of what was stored of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Written by a later version of this software.
    #[error("the head of the message has version {0}, and this version reads {VERSION} at most")]
    Version(u8),
    /// Not a head, or one that was damaged.
    #[error("the head of the message is damaged")]
    Head,
    /// The body is shorter than the head says.
    #[error("the body of the message is not whole")]
    Body,
    /// The body cannot be read.
    #[error("the body of the message cannot be read: {0}")]
    Read(#[from] io::Error),
}

impl RestoreError {
    /// The reason as a sentence; French where `lang` is `fr` or begins with it, else English.
    pub fn text(&self, lang: &str) -> String {
        if !lang.starts_with("fr") {
            return self.to_string();
        }
        match self {
            Self::Version(version) => format!(
                "l'en-tête conservé du message est en version {version}, et cette version lit {VERSION} au plus"
            ),
            Self::Head => "l'en-tête conservé du message est endommagé".into(),
            Self::Body => "le corps conservé du message est incomplet".into(),
            Self::Read(error) => format!("le corps conservé du message ne peut pas être lu : {error}"),
        }
    }
}

impl Message {
    /// The contents that stand outside the head, in order: large texts and attachments, or the MIME that came in. Their
    /// lengths do not change any more.
    pub fn contents(&self) -> Vec<Source> {
        let contents = match &self.inner.origin {
            Origin::Fields { .. } => fields::contents(&self.inner),
            Origin::Mime(content) => vec![content.clone()],
        };
        contents.iter().map(Content::source).collect()
    }

    /// All but the [contents](Self::contents), versioned and small. `offsets` says for each content where in the body
    /// it begins, in bytes.
    pub fn head(&self, offsets: &[u64]) -> Vec<u8> {
        let mut put = Put::default();
        put.byte(VERSION);
        put.byte(match &self.inner.origin {
            Origin::Fields { .. } => FIELDS,
            Origin::Mime(_) => MIME,
        });
        let Envelope { sender, recipients } = self.envelope();
        put.maybe(sender.as_deref(), Put::text);
        put.list(recipients, |put, email| put.text(email));
        let mut places = Places(offsets);
        match &self.inner.origin {
            Origin::Fields { date, extra, boundary } => {
                for word in [date, boundary] {
                    put.text(word);
                }
                fields::put(&self.inner, extra, &mut places, &mut put);
            }
            Origin::Mime(content) => {
                places.put(content.size(), &mut put);
                mime::put(&self.inner, &mut put);
            }
        }
        put.0
    }

    /// Makes a message again of its head and its body. A large text is read, which may wait for the disk.
    ///
    /// # Errors
    ///
    /// A head that this version did not write, and a body that is shorter than it was or cannot be read.
    pub fn restore(head: &[u8], body: &Source) -> Result<Self, RestoreError> {
        let mut take = Take(head);
        match take.byte().ok_or(RestoreError::Head)? {
            VERSION => {}
            0 => return Err(RestoreError::Head),
            version => return Err(RestoreError::Version(version)),
        }
        let kind = take.byte();
        let envelope = envelope(&mut take).ok_or(RestoreError::Head)?;
        let body = Content::find(body.clone()).map_err(|_| RestoreError::Body)?;
        let inner = match kind {
            Some(FIELDS) => fields::take(&mut take, &body)?,
            Some(MIME) => {
                let content = content(&mut take, &body)?;
                mime::take(&mut take, &content).ok_or(RestoreError::Head)?
            }
            _ => return Err(RestoreError::Head),
        };
        if !take.0.is_empty() {
            return Err(RestoreError::Head);
        }
        Ok(Self {
            envelope: Arc::new(envelope),
            inner: Arc::new(inner),
        })
    }
}

fn envelope(take: &mut Take<'_>) -> Option<Envelope> {
    Some(Envelope {
        sender: take.maybe(Take::text)?,
        recipients: take.list(Take::text)?,
    })
}

/// Where the contents begin, taken one by one.
struct Places<'a>(&'a [u64]);

impl Places<'_> {
    /// Where the next content begins, and its length. One without a place lies outside of every body.
    fn put(&mut self, size: u64, put: &mut Put) {
        let place = match self.0.split_first() {
            Some((&place, rest)) => {
                self.0 = rest;
                place
            }
            None => u64::MAX,
        };
        put.number(place);
        put.number(size);
    }
}

/// The content that [`Places::put`] noted.
fn content(take: &mut Take<'_>, body: &Content) -> Result<Content, RestoreError> {
    let (Some(place), Some(size)) = (take.number(), take.number()) else {
        return Err(RestoreError::Head);
    };
    body.slice(place, size).ok_or(RestoreError::Body)
}
