//! A mail as `multipart/form-data` (RFC 7578): the part `mail`, and one part a file.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest as _, Request};

use super::json::Document;
use super::stow::Stow;
use super::{Part, Received, assemble};
use crate::app::App;
use crate::body::BodyFault;
use crate::refusal::{Refusal, Request as Wrong};

/// The part that holds the mail.
const MAIL: &str = "mail";
/// Parts at most; a mail may have 256 attachments.
const PARTS: usize = 512;
/// What a client writes that knows nothing of a file: then its name tells more.
const UNKNOWN: &str = "application/octet-stream";

/// Reads it, with digests of its files or without.
pub async fn read(app: &App, request: Request, digests: bool) -> Result<Received, Refusal> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| Wrong::Syntax(error.body_text()))?;
    let mut stow = Stow::new(app, digests);
    let (mut mail, mut parts) = (None, Vec::new());
    while let Some(field) = form.next_field().await.map_err(|error| fault(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == MAIL {
            if mail.is_some() {
                return Err(Wrong::Syntax(format!("{MAIL}: 2")).into());
            }
            mail = Some(document(field, &mut stow).await?);
            continue;
        }
        if parts.len() >= PARTS {
            return Err(Wrong::Syntax(format!("> {PARTS}")).into());
        }
        parts.push(file(name, field, &mut stow).await?);
    }
    let Some(mail) = mail else {
        return Err(Wrong::Invalid {
            field: MAIL,
            code: "mail-missing",
            fr: "le formulaire n'a pas de partie « mail » avec le mail en JSON.",
            en: "the form has no part `mail` with the mail as JSON.",
        }
        .into());
    };
    assemble(mail.finish()?, parts, stow.finish().await?)
}

async fn document(mut field: Field<'_>, stow: &mut Stow) -> Result<Document, Refusal> {
    let mut document = Document::new();
    while let Some(piece) = field.chunk().await.map_err(|error| fault(&error))? {
        document.feed(&piece, stow).await?;
    }
    Ok(document)
}

async fn file(name: String, mut field: Field<'_>, stow: &mut Stow) -> Result<Part, Refusal> {
    let file_name = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
    let content_type = field.content_type().filter(|kind| *kind != UNKNOWN).map(str::to_owned);
    while let Some(piece) = field.chunk().await.map_err(|error| fault(&error))? {
        stow.write(&piece).await?;
    }
    Ok(Part {
        name,
        file_name,
        content_type,
        number: stow.end(),
    })
}

fn fault(error: &MultipartError) -> Refusal {
    match BodyFault::among(error) {
        Some(fault) => fault.into(),
        None => Wrong::Syntax(error.body_text()).into(),
    }
}
