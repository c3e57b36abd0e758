//! A mail as MIME (`message/rfc822`), its envelope in the query.

use axum::body::Body;
use futures_util::StreamExt as _;
use relais_message::{MimeDraft, Source};
use relais_router::Content;

use super::stow::Stow;
use super::{Received, route};
use crate::app::App;
use crate::body::BodyFault;
use crate::extract::Query;
use crate::refusal::{Refusal, Request as Wrong};

/// Reads it, with a digest or without, and what the query says of it.
pub async fn read(app: &App, body: Body, query: &mut Query, digests: bool) -> Result<Received, Refusal> {
    let sender = query.one("from")?;
    let recipients = query.many("to");
    let recipients_from_header = match query.one("recipients")?.as_deref() {
        None => false,
        Some("header") => true,
        Some(_) => {
            return Err(Wrong::Invalid {
                field: "recipients",
                code: "field-invalid",
                fr: "la seule valeur est « header » : les destinataires de To, Cc et Bcc.",
                en: "the only value is `header`: the recipients in To, Cc and Bcc.",
            }
            .into());
        }
    };
    let route = route(
        query.one("service_instance")?.as_deref(),
        query.one("instance")?.as_deref(),
    )?;
    let mut stow = Stow::new(app, digests);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| BodyFault::among(&error).unwrap_or(BodyFault::Broken))?;
        stow.write(&piece).await?;
    }
    stow.end();
    let stowed = stow.finish().await?;
    let source = stowed.sources.into_iter().next();
    let draft = MimeDraft {
        source: source.unwrap_or_else(|| Source::Bytes(bytes::Bytes::new())),
        sender,
        recipients,
        recipients_from_header,
        default_from: None,
        trace: None,
    };
    Ok(Received {
        content: Content::Mime(draft),
        route,
        digests: stowed.digests,
    })
}
