//! Certificates in PEM: the format only (RFC 7468). Whether they verify anything is for the TLS library.

use crate::reason::Reason;

/// The most bytes that a PEM text may have.
pub(crate) const MAX_PEM: usize = 64 * 1024;

/// Checks `text` and gives its CERTIFICATE blocks alone, one after the other, with plain line feeds. Explanations
/// around the blocks, which `openssl` prints, are dropped. Other kinds of block are refused, a private key by name: the
/// connector may read a certificate.
pub(crate) fn certificate(text: &str) -> Result<String, Reason> {
    if text.len() > MAX_PEM {
        return Err(Reason::TooLarge { max: MAX_PEM });
    }
    if text.contains("PRIVATE KEY-----") {
        return Err(Reason::PrivateKey);
    }
    let mut kept = String::new();
    let mut body: Option<String> = None;
    for line in text.lines().map(str::trim) {
        match (&mut body, marker(line)) {
            (None, Some(Marker::Begin)) => body = Some(String::new()),
            (Some(_), Some(Marker::End)) => {
                let block = body.take().unwrap_or_default();
                if !is_base64_of_a_sequence(&block) {
                    return Err(Reason::NotACertificate);
                }
                push_block(&mut kept, &block);
            }
            (None, None) => {}
            (Some(body), None) => body.push_str(line),
            (_, Some(_)) => return Err(Reason::NotACertificate),
        }
    }
    if body.is_some() || kept.is_empty() {
        return Err(Reason::NotACertificate);
    }
    Ok(kept)
}

enum Marker {
    Begin,
    End,
    Other,
}

fn marker(line: &str) -> Option<Marker> {
    match line {
        "-----BEGIN CERTIFICATE-----" => Some(Marker::Begin),
        "-----END CERTIFICATE-----" => Some(Marker::End),
        _ if line.starts_with("-----") => Some(Marker::Other),
        _ => None,
    }
}

/// A certificate is a DER SEQUENCE (RFC 5280 §4.1), tag 0x30, whose first six bits are `M` in base64.
fn is_base64_of_a_sequence(block: &str) -> bool {
    let digits = block.trim_end_matches('=');
    block.len().is_multiple_of(4)
        && block.len() - digits.len() <= 2
        && digits.starts_with('M')
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// Writes the block with 64 digits a line (RFC 7468 §2). `block` is ASCII by now.
fn push_block(kept: &mut String, block: &str) {
    kept.push_str("-----BEGIN CERTIFICATE-----\n");
    for (count, digit) in block.chars().enumerate() {
        if count > 0 && count.is_multiple_of(64) {
            kept.push('\n');
        }
        kept.push(digit);
    }
    kept.push_str("\n-----END CERTIFICATE-----\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    const ONE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_is_kept_without_the_talk_around_it() {
        let dressed = format!("subject=CN = mail\r\n{}\r\nthe end", ONE.replace('\n', "\r\n"));
        assert_eq!(certificate(&dressed).unwrap(), ONE);
        assert_eq!(certificate(&format!("{ONE}{ONE}")).unwrap(), format!("{ONE}{ONE}"));
    }

    #[test]
    fn a_private_key_beside_the_certificate_is_refused_by_name() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(certificate(&format!("{ONE}{key}")), Err(Reason::PrivateKey));
    }

    #[test]
    fn what_is_not_whole_pem_is_refused() {
        for bad in [
            "",
            "MIIB",
            "-----BEGIN CERTIFICATE-----\nMIIB\n",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nM!IB\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nMIIBA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAIIB\n-----END CERTIFICATE-----\n",
            "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n",
            "-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(certificate(bad), Err(Reason::NotACertificate), "{bad:?}");
        }
        assert_eq!(
            certificate(&"x".repeat(MAX_PEM + 1)),
            Err(Reason::TooLarge { max: MAX_PEM })
        );
    }

    #[test]
    fn a_long_line_is_folded_so_that_one_certificate_has_one_spelling() {
        let digits = format!("M{}", "A".repeat(127));
        let folded = certificate(&format!(
            "-----BEGIN CERTIFICATE-----\n{digits}\n-----END CERTIFICATE-----"
        ))
        .unwrap();
        assert_eq!(certificate(&folded).unwrap(), folded);
        assert_eq!(folded.lines().map(str::len).max(), Some(64));
    }
}
