//! What the caller accepts as an answer (RFC 9110 section 12.5.1), looked at before anything is done.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::ACCEPT;

use crate::lang::weight;
use crate::refusal::{Refusal, Request as Wrong};

/// Refuses a request whose answer would be of a type that it excludes. A problem is told in any case.
pub async fn check(request: Request, next: Next) -> Response {
    // The route, not the path: an instance may be called as an address ends.
    let route = request.extensions().get::<MatchedPath>();
    let produced = produced(route.map_or("", MatchedPath::as_str));
    if accepts(request.headers(), produced) {
        next.run(request).await
    } else {
        Refusal::from(Wrong::NotAcceptable(produced)).into_response()
    }
}

/// The type of a good answer on this route, whose names stand in braces.
fn produced(route: &str) -> &'static str {
    match route.rsplit('/').next().unwrap_or_default() {
        "message" => "message/rfc822",
        "events" => "text/event-stream",
        "backup" => "application/x-tar",
        _ => "application/json",
    }
}

fn accepts(headers: &HeaderMap, produced: &str) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let family = produced.split('/').next().unwrap_or_default();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut ranges = ranges.map(str::trim).filter(|range| !range.is_empty()).peekable();
    // An empty header excludes nothing.
    if ranges.peek().is_none() {
        return true;
    }
    ranges.any(|range| {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        let kind = kind.trim().to_ascii_lowercase();
        let named = kind == "*/*" || kind == produced || kind.strip_suffix("/*") == Some(family);
        named && weight(parameters) != Some(0)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn accepts(value: &str, produced: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        super::accepts(&headers, produced)
    }

    #[test]
    fn a_range_that_covers_the_answer_accepts_it() {
        for value in [
            "*/*",
            "application/*",
            "application/json",
            "text/html, */*;q=0.1",
            "APPLICATION/JSON; charset=utf-8",
            "",
        ] {
            assert!(accepts(value, "application/json"), "{value}");
        }
        assert!(super::accepts(&HeaderMap::new(), "application/json"));
    }

    #[test]
    fn other_types_and_a_weight_of_nothing_exclude_it() {
        for value in ["text/html", "application/xml", "application/json;q=0"] {
            assert!(!accepts(value, "application/json"), "{value}");
        }
    }

    #[test]
    fn each_route_has_its_own_type() {
        assert_eq!(
            produced("/api/v1/{workspace}/deliveries/{delivery}/message"),
            "message/rfc822"
        );
        assert_eq!(produced("/api/v1/{workspace}/deliveries"), "application/json");
        assert_eq!(produced("/api/v1/{workspace}/instances/{instance}"), "application/json");
    }
}
