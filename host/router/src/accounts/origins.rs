//! Where the secret of an application may go: origins, which are compared whole. What a stranger's manifest or an instance's values
//! could choose is not among those that are found.

use std::collections::BTreeSet;

use relais_manifest::FilledProvider;
use url::Url;

use crate::connectors;
use crate::error::{AccountError, Error};
use crate::names::WorkspaceName;
use crate::store::{ApplicationRow, ProofRow, Writing};

/// Bytes of an origin.
const BYTES: usize = 300;

/// Where a provider's tokens come from, as [`origin`] writes it.
pub(super) fn origin_of(provider: &FilledProvider) -> String {
    Url::parse(&provider.token.url)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}

/// An error where an application has something to prove itself with, and that was not given for this provider's endpoints.
pub(super) fn check_goes_to(row: &ApplicationRow, provider: &FilledProvider) -> Result<(), AccountError> {
    let asked = origin_of(provider);
    if row.proof == ProofRow::Public || row.origins.contains(&asked) {
        return Ok(());
    }
    Err(AccountError::ApplicationElsewhere {
        provider: provider.id.clone(),
        asked,
        origins: row.origins.clone(),
    })
}

/// An origin as it is compared: `https://login.example.org`, with a port where it is not the usual one.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= BYTES)?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then(|| url.origin().ascii_serialization())
}

/// Those that the manifests of enabled connectors fix for a provider. What a parameter fills is not among them: whoever edits an
/// instance would choose it.
pub(super) fn origins_of(tables: &Writing<'_>, ws: &WorkspaceName, provider: &str) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for id in tables.enabled_in(ws)? {
        let Some(row) = tables.connector(&id)? else { continue };
        let manifest = connectors::manifest(&row)?;
        for declared in manifest.providers.iter().filter(|declared| declared.id == provider) {
            let host = declared.token.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            found.extend(origin(&host).filter(|_| !host.contains('{')));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port_and_nothing_else() {
        assert_eq!(
            origin("https://Login.Example.org/").unwrap(),
            "https://login.example.org"
        );
        assert_eq!(
            origin("https://sso.mairie.example:8443").unwrap(),
            "https://sso.mairie.example:8443"
        );
        for bad in [
            "",
            "login.example.org",
            "ftp://x",
            "https://me@x",
            "https://x/tenant",
            "https://x?a=b",
            "https://x/#a",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }
}
