//! Why a sandbox cannot be made, or a connector not be loaded.

use relais_manifest::EmbedError;

/// The sandbox cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine refuses its settings, or the machine lacks something for it.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The folder of compiled code.
    #[error("the folder of compiled connectors {0} cannot be used: {1}")]
    Cache(std::path::PathBuf, std::io::Error),
}

/// A connector cannot be loaded. Nothing of it was run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the file has {bytes} bytes, and a connector has at most {limit}")]
    TooLarge { bytes: usize, limit: usize },
    /// Not a component, or no good manifest in it.
    #[error(transparent)]
    Manifest(EmbedError),
    #[error("the component is malformed: {0}")]
    Malformed(String),
    #[error("the component imports `{0}`, which this host does not offer")]
    UnknownImport(String),
    #[error("the component was built for `{0}`, which is newer than this host; update Relais")]
    FromTheFuture(String),
    #[error(
        "the component exports no service that this host knows (a mail connector exports `relais:connector/session` and `relais:mail/sender`)"
    )]
    NoService,
    #[error("the manifest names the service `{0}`, which the component does not export")]
    ServiceNotExported(String),
    /// An import has another shape than this host's.
    #[error("the component does not fit this host: {0}")]
    Unfit(String),
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
}

impl LoadError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            LoadError::TooLarge { .. } => "component-too-large",
            LoadError::Manifest(EmbedError::Empty) => "file-empty",
            LoadError::Manifest(EmbedError::NotWasm) => "not-wasm",
            LoadError::Manifest(EmbedError::Truncated { .. }) => "file-truncated",
            LoadError::Manifest(EmbedError::CoreModule) => "not-a-component",
            LoadError::Manifest(EmbedError::NoManifest) => "manifest-missing",
            LoadError::Manifest(EmbedError::Invalid(_)) => "manifest-invalid",
            LoadError::Manifest(_) => "component-malformed",
            LoadError::Malformed(_) => "component-malformed",
            LoadError::UnknownImport(_) => "unknown-import",
            LoadError::FromTheFuture(_) => "contract-too-new",
            LoadError::NoService => "no-service",
            LoadError::ServiceNotExported(_) => "service-not-exported",
            LoadError::Unfit(_) => "component-unfit",
            LoadError::Compile(_) => "compile-failed",
        }
    }
}
