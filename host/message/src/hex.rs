//! Bytes written as two hexadecimal digits: percent-encoding, and the digits of quoted-printable.

/// Percent-encodes everything but RFC 5987's `attr-char`: narrower than RFC 2231 needs, and safe in every parser.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend(digits(byte).map(char::from));
        }
    }
    out
}

/// Undoes percent-encoding (RFC 3986 section 2.1). What is not valid stays as it is.
pub(crate) fn percent_decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| value(byte));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The two hexadecimal digits of a byte, in capitals.
pub(crate) fn digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' + digit } else { b'A' - 10 + digit })
}

/// What a hexadecimal digit stands for, in either case.
pub(crate) fn value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let text = "Reçu n° 4 (\"copie\") 100%.pdf\0\r\n";
        assert_eq!(percent_decoded(&percent_encoded(text)), text);
        assert!(percent_encoded("é").eq("%C3%A9"));
    }

    #[test]
    fn what_is_not_percent_encoding_stays() {
        for text in ["100%", "%", "%zz", "%4"] {
            assert_eq!(percent_decoded(text), text);
        }
        assert_eq!(percent_decoded("%41%2"), "A%2");
    }
}
