//! Mails to send, as a caller gives them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mail. Each address is one mailbox: `a@example.org`, `Name <a@example.org>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The author. Without one, the sender that the connector instance has set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Mairie <contact@example.org>")]
    pub from: Option<String>,
    /// The reverse-path, to which failures are told; `<>` is none. Without it, the address of `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// To, Cc and Bcc have 1,000 entries at most together.
    #[schema(max_items = 1000, example = json!(["a@example.org"]))]
    pub to: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub cc: Vec<String>,
    /// Recipients that no other recipient sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub bcc: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub reply_to: Vec<String>,
    #[schema(example = "Délibération du 12 mars")]
    pub subject: String,
    /// The body as plain text, 16 MiB at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body as HTML, 16 MiB at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Further header fields, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 64)]
    pub headers: Vec<MailHeader>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 256)]
    pub attachments: Vec<MailAttachment>,
    /// The service instance that sends it; else the default connector of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub service_instance: Option<String>,
    /// The connector instance that sends it. For administrators; not together with `service_instance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 63)]
    pub instance: Option<String>,
}

/// A further header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailHeader {
    #[schema(max_length = 76, example = "X-Dossier")]
    pub name: String,
    pub value: String,
}

/// A file that goes with a mail: its `content`, or the name of the `part` of a multipart request that holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailAttachment {
    /// The file name that the recipient sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "délibération.pdf")]
    pub name: Option<String>,
    /// Without it, guessed from the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "application/pdf")]
    pub content_type: Option<String>,
    /// What a `cid:` link in the HTML names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// The file in base64 (RFC 4648 section 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Byte, example = "JVBERi0xLjQK")]
    pub content: Option<String>,
    /// In `multipart/form-data`: the name of the part that holds the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// A mail as `multipart/form-data`: the part `mail` first, then one part a file. A file that no attachment of the mail names
/// is attached under its own file name and type.
#[derive(Debug, Clone, ToSchema)]
pub struct MailForm {
    /// The [`Mail`] as JSON.
    pub mail: Mail,
    /// Parts of any name: the files.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    pub file: Option<String>,
}
