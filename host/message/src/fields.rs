//! The checked fields of a draft, and the message that they make.

use std::sync::OnceLock;

use crate::address::Address;
use crate::attachment::Attachment;
use crate::frame;
use crate::message::{Inner, Origin};
use crate::reason::FieldError;
use crate::text::Text;

/// A draft of which every field was checked. The same fields make the same bytes.
pub(crate) struct Fields {
    pub(crate) id: String,
    pub(crate) date: String,
    pub(crate) from: Address,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) attachments: Vec<Attachment>,
    /// 128 random bits.
    pub(crate) boundary: String,
}

impl Fields {
    /// # Errors
    ///
    /// The header fields that hold a word too long to fold.
    pub(crate) fn lay_out(self) -> Result<Inner, Vec<FieldError>> {
        let frame = frame::lay_out(&self)?;
        let Self {
            id,
            date,
            from,
            reply_to,
            to,
            cc,
            bcc,
            subject,
            text,
            html,
            extra,
            attachments,
            boundary,
        } = self;
        Ok(Inner {
            id,
            from,
            reply_to,
            to,
            cc,
            bcc,
            subject,
            text: text.map(Text::Given),
            html: html.map(Text::Given),
            attachments,
            origin: Origin::Fields { date, extra, boundary },
            frame,
            headers: OnceLock::new(),
        })
    }
}
