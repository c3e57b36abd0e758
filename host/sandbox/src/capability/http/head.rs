//! How long the head of a request or an answer is.

/// Bytes of a request's method, URL and header fields. The host holds a head until a server takes it, whole; any takes far
/// less.
const MOST: usize = 128 << 10;

/// In words, that a request's head is too long, where it is.
pub(super) fn excess(request: &http::request::Parts) -> Option<String> {
    let bytes = request.method.as_str().len() + url_bytes(&request.uri) + field_bytes(&request.headers);
    (bytes > MOST)
        .then(|| format!("the request's head has {bytes} bytes; send at most {MOST} in its method, URL and headers"))
}

/// Bytes of a URL: the scheme is written with `://`, and an empty path as `/`.
pub(super) fn url_bytes(uri: &http::Uri) -> usize {
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + 3);
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let query = uri.query().map_or(0, |query| query.len() + 1);
    scheme + authority + uri.path().len() + query
}

/// Bytes that header fields take on the wire of HTTP/1.1.
pub(super) fn field_bytes(headers: &http::HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
