//! What is sent: text of 2 KB, or a PDF of 100 KB.

use relais_message::{Draft, DraftAttachment, Source};

pub const FROM: &str = "secretariat@exemple.fr";
pub const TO: &str = "conseil@exemple.fr";
pub const SUBJECT: &str = "Séance du conseil n° 7";
const TEXT_BYTES: usize = 2 << 10;
const PDF_BYTES: usize = 100 << 10;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Text,
    Pdf,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Text, Kind::Pdf];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Pdf => "pdf",
        }
    }
}

/// The content, made once; each client builds its MIME from it for each message.
pub struct Load {
    pub text: String,
    pub pdf: bytes::Bytes,
}

impl Load {
    pub fn new() -> Self {
        let line = "Le conseil est convoqué en séance ordinaire, salle des mariages.\n";
        let text = line.repeat(TEXT_BYTES / line.len() + 1);
        // Compressed data, as most of a PDF is: no byte repeats by a rule that base64 or a socket could profit from.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let pdf: Vec<u8> = b"%PDF-1.4\n"
            .iter()
            .copied()
            .chain(noise.flatten())
            .take(PDF_BYTES)
            .collect();
        Self { text, pdf: pdf.into() }
    }

    /// The message as Relais takes it.
    pub fn draft(&self, kind: Kind) -> Draft {
        let attachment = DraftAttachment {
            name: Some("séance.pdf".to_owned()),
            content_type: Some("application/pdf".to_owned()),
            content_id: None,
            source: Source::Bytes(self.pdf.clone()),
        };
        Draft {
            from: Some(FROM.to_owned()),
            to: vec![TO.to_owned()],
            subject: SUBJECT.to_owned(),
            text: Some(self.text.clone()),
            attachments: if kind == Kind::Pdf {
                vec![attachment]
            } else {
                Vec::new()
            },
            ..Draft::default()
        }
    }
}
