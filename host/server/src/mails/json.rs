//! A mail as one JSON document, its files in base64.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;

use super::divert::{Divert, Found};
use super::stow::Stow;
use super::{JSON_BYTES, Received, assemble};
use crate::api::mail::Mail;
use crate::app::App;
use crate::body::BodyFault;
use crate::extract::read_json;
use crate::refusal::Refusal;

/// Reads it, with digests of its files or without.
pub async fn read(app: &App, body: Body, digests: bool) -> Result<Received, Refusal> {
    let mut stow = Stow::new(app, digests);
    let mut document = Document::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece: Bytes = piece.map_err(|error| BodyFault::among(&error).unwrap_or(BodyFault::Broken))?;
        document.feed(&piece, &mut stow).await?;
    }
    let mail = document.finish()?;
    assemble(mail, Vec::new(), stow.finish().await?)
}

/// A document that comes in pieces, and sends its files away.
pub struct Document {
    scanner: Divert,
    found: Vec<Found>,
}

impl Document {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            scanner: Divert::new(JSON_BYTES),
            found: Vec::new(),
        }
    }

    /// The next piece.
    pub async fn feed(&mut self, piece: &[u8], stow: &mut Stow) -> Result<(), Refusal> {
        self.scanner.feed(piece, stow.count(), &mut self.found)?;
        for found in self.found.drain(..) {
            match found {
                Found::Bytes(bytes) => stow.write(&bytes).await?,
                Found::End => {
                    stow.end();
                }
            }
        }
        Ok(())
    }

    /// The mail, a number in place of each file.
    pub fn finish(self) -> Result<Mail, Refusal> {
        read_json(&self.scanner.finish())
    }
}
