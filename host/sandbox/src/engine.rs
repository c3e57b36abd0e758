//! The engine: what code may be, how it is compiled, where it lives, and the clock that bounds it.

use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::{Limits, SandboxError};

/// The engine's clock.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// What the toolchains need: measured over Rust, Python (14 core instances), QuickJS (2 memories) and StarlingMonkey (422 KB of
/// component instance; its 7,809 table elements are far below the limit of all tables together), with room.
mod need {
    pub(super) const CORE_INSTANCES: u32 = 20;
    pub(super) const MEMORIES: u32 = 2;
    pub(super) const TABLES: u32 = 20;
    pub(super) const COMPONENT_BYTES: usize = 1 << 20;
    pub(super) const CORE_BYTES: usize = 1 << 20;
    /// Recursion deeper than this ends the call (`stack`).
    pub(super) const STACK: usize = 1 << 20;
}

pub(crate) fn build(limits: &Limits, sessions: u32, keep_dumps: bool) -> Result<Engine, SandboxError> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // A store without concurrency has cheaper host calls, and a class of bugs less.
        .concurrency_support(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        // Compiling a QuickJS component without it panics the compiler.
        .wasm_multi_memory(true)
        .epoch_interruption(true)
        .coredump_on_trap(keep_dumps)
        .max_wasm_stack(need::STACK)
        .async_stack_size(2 * need::STACK)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits, sessions)));
    let engine = Engine::new(&config).map_err(|e| SandboxError::Engine(format!("{e:#}")))?;
    start_clock(&engine)?;
    Ok(engine)
}

fn pool(limits: &Limits, sessions: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sessions)
        .total_core_instances(sessions.saturating_mul(need::CORE_INSTANCES))
        .total_memories(sessions.saturating_mul(need::MEMORIES))
        .total_tables(sessions.saturating_mul(need::TABLES))
        .total_stacks(sessions)
        .max_component_instance_size(need::COMPONENT_BYTES)
        .max_core_instance_size(need::CORE_BYTES)
        .max_core_instances_per_component(need::CORE_INSTANCES)
        .max_memories_per_component(need::MEMORIES)
        .max_tables_per_component(need::TABLES)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory);
    pool
}

/// Moves the engine's epoch on, until the engine is gone.
fn start_clock(engine: &Engine) -> Result<(), SandboxError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("relais-clock".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(|e| SandboxError::Engine(format!("the clock's thread cannot start: {e}")))
}
