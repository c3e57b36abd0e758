//! Names to addresses, by the host alone.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// Resolves names. A seam, so that a test can make a name lie.
pub trait Resolve: Send + Sync {
    /// The addresses of a name, in the order in which they are worth trying.
    fn resolve(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The system's own resolver.
#[derive(Debug, Default)]
pub struct SystemResolver;

/// Addresses of one name that are considered.
const MOST: usize = 32;

impl Resolve for SystemResolver {
    fn resolve(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            if let Ok(ip) = host.parse() {
                return Ok(vec![ip]);
            }
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).take(MOST).collect())
        })
    }
}
