//! Which parts a message has, and how they are nested (RFC 2046 section 5.1, RFC 2387).

use crate::attachment::Attachment;
use crate::hex;

/// A part, and the parts in it.
pub(crate) enum Node<'a> {
    Text {
        subtype: &'static str,
        text: &'a str,
    },
    Attachment {
        index: usize,
        inline: bool,
    },
    Multi {
        subtype: &'static str,
        nodes: Vec<Node<'a>>,
    },
}

/// The parts of a message: text and HTML are alternatives, attachments that the HTML shows are related to it, others
/// are mixed in after.
pub(crate) fn build<'a>(text: Option<&'a str>, html: Option<&'a str>, attachments: &[Attachment]) -> Node<'a> {
    let links = match html {
        Some(html) if attachments.iter().any(|a| a.content_id.is_some()) => cid_links(html),
        _ => Vec::new(),
    };
    let is_inline = |a: &Attachment| a.content_id.as_ref().is_some_and(|id| links.contains(id));
    let nodes = |inline: bool| -> Vec<Node<'a>> {
        let of_kind = |(_, a): &(usize, &Attachment)| is_inline(a) == inline;
        let node = |(index, _)| Node::Attachment { index, inline };
        attachments.iter().enumerate().filter(of_kind).map(node).collect()
    };

    let html = html.map(|text| {
        let html = Node::Text { subtype: "html", text };
        join("related", html, nodes(true))
    });
    let text = text.map(|text| Node::Text { subtype: "plain", text });
    let body = match (text, html) {
        (Some(text), Some(html)) => join("alternative", text, vec![html]),
        (Some(node), None) | (None, Some(node)) => node,
        (None, None) => Node::Text {
            subtype: "plain",
            text: "",
        },
    };
    join("mixed", body, nodes(false))
}

/// `first` as it is, or with `others` in a multipart.
fn join<'a>(subtype: &'static str, first: Node<'a>, others: Vec<Node<'a>>) -> Node<'a> {
    if others.is_empty() {
        return first;
    }
    let nodes = std::iter::once(first).chain(others).collect();
    Node::Multi { subtype, nodes }
}

/// What the `cid:` links of the HTML name, percent-decoded (RFC 2392).
fn cid_links(html: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'<>()\\`".contains(c);
    let mut links = Vec::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(':') {
        rest = after;
        if before.len() < 3
            || !before
                .get(before.len() - 3..)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid"))
        {
            continue;
        }
        // A content id is at most `TOKEN_BYTES` long, so that reading on makes no link, only work.
        let longest = after.floor_char_boundary(3 * crate::check::TOKEN_BYTES + 1);
        let link = after
            .get(..longest)
            .unwrap_or_default()
            .split(ends)
            .next()
            .unwrap_or_default();
        links.push(hex::percent_decoded(link));
    }
    links.sort_unstable();
    links.dedup();
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_however_they_are_written() {
        let html = r#"<img src="cid:a@b"><img src='CID:logo'>url(cid:x%2By) &quot;acid:no&quot; http://cid/ cid:"#;
        assert_eq!(cid_links(html), ["", "a@b", "logo", "no&quot;", "x+y"]);
    }
}
