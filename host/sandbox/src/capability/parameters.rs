//! `relais:connector/parameters`: the instance's settings, without its secrets.

use crate::bindings::relais::connector::parameters::Host;
use crate::state::State;

impl Host for State {
    fn json(&mut self) -> wasmtime::Result<String> {
        self.context.meter.call();
        Ok(self.context.instance.settings.json())
    }
}
