//! From a component's bytes to something that sessions are made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use relais_outgoing::Outgoing;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::MailConnectorPre;
use crate::cache::Cache;
use crate::error::{LoadError, SandboxError};
use crate::inspect::{Inspection, inspect};
use crate::observer::{Observer, Tracing};
use crate::session::Session;
use crate::state::State;
use crate::{Failure, Instance, Limits, capability, engine};

/// How sandboxes are made.
#[derive(Clone)]
pub struct Config {
    /// The folder of compiled code; none: it is compiled at every start.
    pub cache: Option<PathBuf>,
    pub limits: Limits,
    /// Sessions at once; one more waits.
    pub sessions: u32,
    pub observer: Arc<dyn Observer>,
    /// How connections leave.
    pub outgoing: Outgoing,
    /// Keeps a copy of a guest's memory when it traps, for [`Session::into_memories`]. For tests: it costs time and memory.
    pub keep_dumps: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cache: None,
            limits: Limits::default(),
            // 64 that send, and a few for whoever verifies an instance meanwhile.
            sessions: 68,
            observer: Arc::new(Tracing),
            outgoing: Outgoing::default(),
            keep_dumps: false,
        }
    }
}

/// Makes connectors of components. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    linker: Linker<State>,
    cache: Option<Cache>,
    pub(crate) limits: Limits,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) outgoing: Outgoing,
    pub(crate) sessions: Arc<Semaphore>,
}

impl Sandbox {
    pub fn new(config: Config) -> Result<Self, SandboxError> {
        let engine = engine::build(&config.limits, config.sessions, config.keep_dumps)?;
        let mut linker = Linker::new(&engine);
        capability::link(&mut linker).map_err(|e| SandboxError::Engine(format!("{e:#}")))?;
        let cache = config.cache.as_deref().map(Cache::open).transpose()?;
        Ok(Self {
            shared: Arc::new(Shared {
                engine,
                linker,
                cache,
                limits: config.limits,
                observer: config.observer,
                outgoing: config.outgoing,
                sessions: Arc::new(Semaphore::new(config.sessions as usize)),
            }),
        })
    }

    /// Checks a component, and compiles it or maps what was compiled before. Compiling takes a second for a megabyte; it
    /// happens on a thread of its own, where a panic of the compiler ends nothing else.
    pub async fn load(&self, bytes: &[u8]) -> Result<Connector, LoadError> {
        let shared = self.shared.clone();
        let bytes = bytes.to_vec();
        let compiler = tokio::task::spawn_blocking(move || {
            let inspection = inspect(&bytes)?;
            shared.compile(inspection, &bytes)
        });
        let compiled = compiler.await.map_err(|e| LoadError::Compile(e.to_string()))?;
        let (inspection, pre, compiled) = compiled?;
        Ok(Connector {
            manifest: Arc::new(inspection.manifest.clone()),
            inspection: Arc::new(inspection),
            pre,
            compiled,
            shared: self.shared.clone(),
        })
    }
}

impl Shared {
    fn compile(
        &self,
        inspection: Inspection,
        bytes: &[u8],
    ) -> Result<(Inspection, MailConnectorPre<State>, bool), LoadError> {
        let kept = self
            .cache
            .as_ref()
            .and_then(|cache| cache.get(&self.engine, &inspection.sha256));
        let compiled = kept.is_none();
        let component = match kept {
            Some(component) => component,
            None => {
                let begun = Instant::now();
                let component =
                    Component::from_binary(&self.engine, bytes).map_err(|e| LoadError::Compile(format!("{e:#}")))?;
                tracing::debug!(target: "relais::sandbox", connector = inspection.manifest.id, took = ?begun.elapsed(), "compiled");
                if let Some(cache) = &self.cache {
                    cache.put(&self.engine, &inspection.sha256, &component);
                }
                component
            }
        };
        let unfit = |e: wasmtime::Error| LoadError::Unfit(format!("{e:#}"));
        let pre = self.linker.instantiate_pre(&component).map_err(unfit)?;
        let pre = MailConnectorPre::new(pre).map_err(unfit)?;
        Ok((inspection, pre, compiled))
    }
}

/// A component that was checked, compiled and linked: sessions are made of it. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    pub(crate) manifest: Arc<relais_manifest::Manifest>,
    pub(crate) pre: MailConnectorPre<State>,
    pub(crate) shared: Arc<Shared>,
    inspection: Arc<Inspection>,
    compiled: bool,
}

impl Connector {
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub fn manifest(&self) -> &relais_manifest::Manifest {
        &self.manifest
    }

    /// Whether this load compiled; otherwise the code was mapped from the cache.
    pub fn compiled(&self) -> bool {
        self.compiled
    }

    /// A fresh sandbox for one instance, opened. Waits where as many sessions as the host allows are open.
    pub async fn open(&self, instance: Arc<Instance>) -> Result<Session, Failure> {
        Session::open(self, instance).await
    }
}
