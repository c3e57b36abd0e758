//! Dot-stuffing (RFC 5321 section 4.5.2): a line that begins with a dot gets one more, so that no line of the message
//! is the dot alone that ends it.

use memchr::memmem;

/// What ends the message, after a last line that is ended itself.
pub(crate) const END: &[u8] = b".\r\n";

/// Whether a text that starts at the start of a line has a line that begins with a dot.
pub(crate) fn needed(text: &[u8]) -> bool {
    text.starts_with(b".") || memmem::find(text, b"\n.").is_some()
}

/// Appends `chunk`, stuffed, to `out`. `at_line_start` carries from one chunk to the next whether a line starts here.
pub(crate) fn append(chunk: &[u8], at_line_start: &mut bool, out: &mut Vec<u8>) {
    if *at_line_start && chunk.starts_with(b".") {
        out.push(b'.');
    }
    let mut rest = chunk;
    while let Some((line, after)) = memmem::find(rest, b"\n.").and_then(|at| rest.split_at_checked(at + 1)) {
        out.extend_from_slice(line);
        out.push(b'.');
        rest = after;
    }
    out.extend_from_slice(rest);
    if let Some(&last) = chunk.last() {
        *at_line_start = last == b'\n';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut out, mut start) = (Vec::new(), true);
        for chunk in chunks {
            append(chunk, &mut start, &mut out);
        }
        out
    }

    #[test]
    fn every_line_that_begins_with_a_dot_gets_another() {
        assert_eq!(stuffed(&[b".a\r\n.\r\n..\r\nb.c\r\n"]), b"..a\r\n..\r\n...\r\nb.c\r\n");
        assert_eq!(stuffed(&[b"a\r\n"]), b"a\r\n");
    }

    #[test]
    fn it_does_not_matter_where_the_chunks_are_cut() {
        let text = b".\r\n..\r\na.\r\n.b\r\n\r\n.\r\n";
        for cut in 0..=text.len() {
            let (left, right) = text.split_at(cut);
            assert_eq!(stuffed(&[left, b"", right]), stuffed(&[text]), "{cut}");
        }
    }

    #[test]
    fn the_need_is_seen() {
        assert!(needed(b".") && needed(b"a\r\n."));
        assert!(!needed(b"a.\r\nb.") && !needed(b""));
    }
}
