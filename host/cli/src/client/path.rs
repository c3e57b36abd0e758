//! Places in the API.

/// A place in the API: segments and a query, encoded where they need it (RFC 3986 §2.1).
#[derive(Debug, Clone)]
pub struct Path {
    within: bool,
    text: String,
    query: String,
}

impl Path {
    /// Below the workspace.
    pub fn of<'a>(segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for segment in segments {
            text.push('/');
            encode(&mut text, segment);
        }
        Self {
            within: true,
            text,
            query: String::new(),
        }
    }

    /// Of the whole host.
    pub fn host<'a>(segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            within: false,
            ..Self::of(segments)
        }
    }

    /// With `name=value` in the query.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        encode(&mut self.query, value);
        self
    }

    /// The same, where there is a value.
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// What stands in the request line.
    pub fn uri(&self, workspace: &str) -> String {
        let mut uri = "/api/v1".to_owned();
        if self.within {
            uri.push('/');
            encode(&mut uri, workspace);
        }
        uri + &self.text + &self.query
    }
}

/// Keeps the unreserved characters of RFC 3986 §2.3.
fn encode(to: &mut String, text: &str) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_user_wrote_stays_within_its_place_of_the_path_and_the_query() {
        let path = Path::of(["instances", "a/../b?c"])
            .with("to", "é&b=<c>")
            .with_some("x", None);
        assert_eq!(
            path.uri("default"),
            "/api/v1/default/instances/a%2F..%2Fb%3Fc?to=%C3%A9%26b%3D%3Cc%3E"
        );
        assert_eq!(Path::host(["workspaces"]).uri("default"), "/api/v1/workspaces");
        path.uri("default").parse::<http::Uri>().unwrap();
    }
}
