//! The mail of the demonstration: an accented subject, and a PDF.

use std::fmt::Write as _;

use relais_message::{Draft, DraftAttachment, Source};

pub const SUBJECT: &str = "Convocation au conseil municipal du 12 février à 18 h — séance n° 7";
pub const TEXT: &str = "Bonjour,\n\nVeuillez trouver ci-joint l'ordre du jour.\n\nLe secrétariat\n";
pub const FILE_NAME: &str = "ordre du jour – février.pdf";

pub fn draft(pdf: Vec<u8>) -> Draft {
    Draft {
        to: vec!["Conseil municipal <conseil@exemple.fr>".to_owned()],
        subject: SUBJECT.to_owned(),
        text: Some(TEXT.to_owned()),
        attachments: vec![DraftAttachment {
            name: Some(FILE_NAME.to_owned()),
            content_type: None,
            content_id: None,
            source: Source::Bytes(pdf.into()),
        }],
        ..Draft::default()
    }
}

/// A PDF of one page with one line of text (ISO 32000-1 section 7.5: header, objects, cross-reference table, trailer).
pub fn pdf(line: &str) -> Vec<u8> {
    let page = format!("BT /F1 18 Tf 72 760 Td ({}) Tj ET", line.replace(['(', ')', '\\'], " "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", text.len());
        let _ = write!(text, "{number} 0 obj\n{object}\nendobj\n");
    }
    let start = text.len();
    let _ = write!(
        text,
        "{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    text.into_bytes()
}
