//! Building a [`Failure`] in one expression.

use crate::Failure;

impl Failure {
    /// A failure of a kind (see [`crate::kind`]), in the remote's words or the connector's; an administrator reads it.
    pub fn new(kind: &str, text: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            code: None,
            text: text.into(),
            retry_after: None,
            details: Vec::new(),
        }
    }

    /// Adds the remote's own code, such as `550 5.1.1`. Only what the remote itself said belongs here: once a message has
    /// left the host whole, a code is what tells a refusal from an unknown outcome.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the number of seconds to wait before the next try.
    #[must_use]
    pub fn retry_in(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a pair of details. The host keeps the first 64.
    #[must_use]
    pub fn with_detail(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.push((name.into(), value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::{Failure, kind};

    #[test]
    fn a_failure_is_built_in_one_expression() {
        let failure = Failure::new(kind::THROTTLED, "too fast")
            .with_code("421 4.7.0")
            .retry_in(60)
            .with_detail("queue", "a");
        assert_eq!(failure.kind, "throttled");
        assert_eq!(failure.text, "too fast");
        assert_eq!(failure.code.as_deref(), Some("421 4.7.0"));
        assert_eq!(failure.retry_after, Some(60));
        assert_eq!(failure.details, [("queue".to_owned(), "a".to_owned())]);
    }
}
