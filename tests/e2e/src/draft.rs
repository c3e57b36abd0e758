//! Mails to send.

use relais_message::{Draft, DraftAttachment, Limits, Message, Source};

/// Who sends.
pub const SENDER: &str = "ged@mairie.example";
/// Who receives, where a test does not say otherwise.
pub const RECIPIENT: &str = "lecteur@exemple.example";

/// A short mail to [`RECIPIENT`].
pub fn draft(subject: &str) -> Draft {
    Draft {
        from: Some(format!("Mairie de Saint-Élie <{SENDER}>")),
        to: vec![RECIPIENT.to_owned()],
        subject: subject.to_owned(),
        text: Some("Bonjour,\n\nVotre dossier est complet.\n".to_owned()),
        ..Draft::default()
    }
}

/// An attachment with content in memory.
pub fn attachment(name: &str, content: impl Into<Vec<u8>>) -> DraftAttachment {
    DraftAttachment {
        name: Some(name.to_owned()),
        content_type: None,
        content_id: None,
        source: Source::Bytes(content.into().into()),
    }
}

/// The message of a draft in which nothing is wrong.
pub fn accept(draft: Draft) -> Message {
    draft.accept(&Limits::default()).expect("the draft is accepted")
}

/// A PDF of about `bytes` bytes: a header as readers expect it, every octet there is, and no page.
pub fn pdf(bytes: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Type /Catalog>> endobj\n2 0 obj <<>> stream\n".to_vec();
    pdf.extend((0..=u8::MAX).cycle().take(bytes));
    pdf.extend_from_slice(b"\nendstream endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n");
    pdf
}
