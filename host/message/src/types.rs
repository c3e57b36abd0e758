//! The content type of an attachment that came without one, guessed from its name.

/// What is sent when the name tells nothing (RFC 2046 section 4.5.1).
pub(crate) const UNKNOWN: &str = "application/octet-stream";

/// The content type that the extension of `name` stands for.
pub(crate) fn guess(name: Option<&str>) -> &'static str {
    let Some((_, extension)) = name.and_then(|name| name.rsplit_once('.')) else {
        return UNKNOWN;
    };
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "txt" | "log" | "text" => "text/plain",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "css" => "text/css",
        "md" => "text/markdown",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "xml" => "application/xml",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "7z" => "application/x-7z-compressed",
        "rtf" => "application/rtf",
        "p7m" => "application/pkcs7-mime",
        "p7s" => "application/pkcs7-signature",
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "msg" => "application/vnd.ms-outlook",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "eml" => "message/rfc822",
        _ => UNKNOWN,
    }
}

/// The content type as it may stand above a base64 body.
///
/// RFC 2045 section 6.4 forbids base64 for `multipart` and `message`, and parsers then take the base64 text for a
/// message. A file of such a type goes as plain bytes instead: mail programs open an `.eml` by its name, and its bytes
/// arrive unchanged.
pub(crate) fn for_base64(content_type: &str) -> &str {
    let top = content_type.split('/').next().unwrap_or_default().trim();
    if top.eq_ignore_ascii_case("message") || top.eq_ignore_ascii_case("multipart") {
        UNKNOWN
    } else {
        content_type
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_tells_the_type_in_any_case() {
        assert_eq!(guess(Some("Facture.PDF")), "application/pdf");
        assert_eq!(guess(Some("a.b.jpeg")), "image/jpeg");
        assert_eq!(guess(Some("pdf")), UNKNOWN);
        assert_eq!(guess(Some("x.unknown")), UNKNOWN);
        assert_eq!(guess(None), UNKNOWN);
    }

    #[test]
    fn a_message_in_base64_is_not_called_a_message() {
        assert_eq!(for_base64("Message/RFC822"), UNKNOWN);
        assert_eq!(for_base64("multipart/signed; boundary=x"), UNKNOWN);
        assert_eq!(for_base64("application/pdf"), "application/pdf");
    }
}
