//! The data of one session's store.

use std::collections::HashMap;
use std::sync::Arc;

use relais_outgoing::Tls;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::capability::http::{Door, Hooks};
use crate::capability::message::Messages;
use crate::capability::network::Connections;
use crate::capability::wasi;
use crate::context::Context;
use crate::meter::LimitHit;

/// One session's side of the host. Each capability is a module that adds its functions over this.
pub(crate) struct State {
    pub(crate) context: Arc<Context>,
    pub(crate) table: ResourceTable,
    pub(crate) connections: Connections,
    pub(crate) messages: Messages,
    pub(crate) door: Arc<Door>,
    pub(crate) bounds: Bounds,
    tls: HashMap<usize, Arc<Tls>>,
    wasi: WasiCtx,
    wasi_http: WasiHttpCtx,
    hooks: Hooks,
}

impl State {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(context.limits.resources);
        let door = Arc::new(Door::new(context.clone()));
        Self {
            table,
            connections: Connections::default(),
            messages: Messages::default(),
            bounds: Bounds {
                memory_max: context.limits.memory,
                tables_max: context.limits.table_elements,
                memory: 0,
                tables: 0,
            },
            tls: HashMap::new(),
            wasi: wasi::context(&context),
            wasi_http: WasiHttpCtx::new(),
            hooks: Hooks::new(door.clone()),
            door,
            context,
        }
    }

    /// The TLS settings of a grant, made once a session.
    pub(crate) fn tls(&mut self, grant: usize) -> Result<Arc<Tls>, String> {
        if let Some(tls) = self.tls.get(&grant) {
            return Ok(tls.clone());
        }
        let egress = self.context.instance.egress.get(grant).ok_or("no such grant")?;
        let tls = Arc::new(self.context.outgoing.tls(egress)?);
        self.tls.insert(grant, tls.clone());
        Ok(tls)
    }
}

/// The registry of failures is types alone.
impl crate::bindings::relais::connector::failures::Host for State {}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.wasi_http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// Memory and tables of the whole instance. Growing past a limit ends the call: a guest that got a refusal would most often
/// die of it later, without a word.
#[derive(Debug)]
pub(crate) struct Bounds {
    memory_max: usize,
    tables_max: usize,
    pub(crate) memory: usize,
    tables: usize,
}

impl ResourceLimiter for Bounds {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.memory.saturating_add(desired.saturating_sub(current));
        if sum > self.memory_max {
            return Err(LimitHit("memory").into());
        }
        self.memory = sum;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.tables.saturating_add(desired.saturating_sub(current));
        if sum > self.tables_max {
            return Err(LimitHit("tables").into());
        }
        self.tables = sum;
        Ok(true)
    }
}

/// The engine's clock ticked while the guest ran. Yields every time, so that a busy guest shares its thread and a time limit
/// around the call can end it.
pub(crate) fn tick(state: &State) -> wasmtime::Result<UpdateDeadline> {
    if state.context.busy.spent() > state.context.limits.cpu {
        return Err(LimitHit("cpu").into());
    }
    Ok(UpdateDeadline::Yield(1))
}
