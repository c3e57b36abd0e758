//! Base64 in lines that are too long, or with characters between that no reader looks at.

/// Characters of a line (RFC 2045 section 6.8).
const LINE: usize = 76;

/// Writes the characters of base64 in lines of 76. What is not base64 is left out, as every reader does.
#[derive(Debug, Default)]
pub(crate) struct Rewrapped {
    column: usize,
}

impl Rewrapped {
    pub(super) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'/' | b'=') {
                continue;
            }
            out.push(byte);
            self.column += 1;
            if self.column == LINE {
                self.finish(out);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.column) > 0 {
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_line_becomes_lines_of_76() {
        let (mut rewrapped, mut out) = (Rewrapped::default(), Vec::new());
        rewrapped.push(&b"QUJD\r\0 \xc3\xa9".repeat(100), &mut out);
        rewrapped.finish(&mut out);
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text.replace("\r\n", ""), "QUJD".repeat(100));
        assert!(text.ends_with("\r\n") && text.split("\r\n").all(|line| line.len() <= 76));
    }
}
