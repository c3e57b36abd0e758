//! `relais:connector/network`: connections to granted destinations.
//!
//! The host resolves, judges, dials, encrypts and logs in; the guest speaks the protocol. A connection lives as long as the
//! guest holds it or one of its streams.

mod conn;
mod greeting;
mod login;
mod mask;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use relais_outgoing::{Asked, DialError, entitled};
use wasmtime::component::Resource;

use conn::Times;
pub(crate) use conn::{Conn, IoFault};

use crate::bindings::relais::connector::network::{Host, HostConnection, NetworkError, Reply, Security};
use crate::capability::streams::{Input, Output};
use crate::meter::LimitHit;
use crate::observer::Event;
use crate::state::State;
use crate::{Place, Rule};

/// Bytes of a host that are looked at: a name has 253 at most (RFC 1035 section 2.3.4).
const HOST_BYTES: usize = 256;
/// Logins that one connection may try.
const LOGINS: u32 = 3;

/// A guest's connection, by its number.
#[derive(Debug)]
pub struct Connection(u32);

/// The connections of a session.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: HashMap<u32, Conn>,
    last: u32,
}

impl Connections {
    pub(crate) fn get(&mut self, number: u32) -> Option<&mut Conn> {
        self.open.get_mut(&number)
    }

    fn add(&mut self, conn: Conn) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.open.insert(self.last, conn);
        self.last
    }

    /// Marks one hold on a connection as gone, and closes it with the last.
    pub(crate) fn release(&mut self, number: u32, mark: impl FnOnce(&mut Conn)) {
        if let Some(conn) = self.open.get_mut(&number) {
            mark(conn);
            if !conn.is_held() {
                self.open.remove(&number);
            }
        }
    }
}

impl From<IoFault> for NetworkError {
    fn from(fault: IoFault) -> Self {
        match fault {
            IoFault::Closed => NetworkError::Closed,
            IoFault::Timeout => NetworkError::Timeout,
            IoFault::Refused(rule) => NetworkError::Limit(rule),
            IoFault::Failed(text) => NetworkError::Failed(text),
        }
    }
}

impl State {
    /// The guest's connection with both streams dropped, as an upgrade or a login needs it.
    fn at_rest(&mut self, this: &Resource<Connection>) -> wasmtime::Result<Result<&mut Conn, NetworkError>> {
        let number = self.table.get(this)?.0;
        Ok(match self.connections.get(number) {
            None => Err(NetworkError::Closed),
            Some(conn) if conn.input || conn.output => Err(NetworkError::InUse),
            Some(conn) => Ok(conn),
        })
    }

    async fn open(&mut self, host: &str, port: u16, security: Security) -> Result<Conn, NetworkError> {
        let context = self.context.clone();
        // A name longer than any name is refused with the rest, and not scanned first.
        let host = host.get(..HOST_BYTES).unwrap_or(host);
        let asked = Asked::new(relais_manifest::Scheme::Tcp, host, port);
        let refuse = |rule: Rule| NetworkError::Refused(context.audit.refuse(&asked, rule));
        if context.handles.within(host.as_bytes()) {
            return Err(refuse(Rule::Handle(Place::Host)));
        }
        let (grant, egress) = entitled(&context.instance.egress, &asked).map_err(|refused| refuse(refused.into()))?;
        if self.connections.open.len() >= context.limits.connections {
            context.limited(LimitHit("connections"));
            return Err(NetworkError::Limit(format!(
                "`connections`: {} are open",
                self.connections.open.len()
            )));
        }
        let tls = match security {
            Security::Plain => None,
            Security::StartTls | Security::Tls => Some(self.tls(grant).map_err(NetworkError::Tls)?),
        };
        let limit = egress.connect_timeout.unwrap_or(context.limits.connect);
        let begun = Instant::now();
        let dialled = context.outgoing.dial(&context.destination(egress), limit).await;
        context.way_out.note(match &dialled {
            Err(DialError::Proxy(fault)) => Some(fault),
            _ => None,
        });
        let dialled = dialled.map_err(|error| match error {
            DialError::Unresolved(text) => NetworkError::Unresolved(text),
            DialError::Refused(refused) => refuse(refused.into()),
            DialError::Unreachable(text) => NetworkError::Unreachable(text),
            DialError::Proxy(fault) => NetworkError::Unreachable(fault.to_string()),
            DialError::Timeout => NetworkError::Timeout,
        })?;
        context.audit.tell(Event::Connected {
            destination: asked.to_string(),
            address: dialled.address.to_string(),
            proxy: dialled.proxy.clone(),
        });
        let times = Times {
            connect: limit,
            silence: context.limits.silence,
        };
        let mut conn = Conn::new(dialled, asked, security, tls, times, context.floor.turn());
        if security == Security::Tls {
            let left = limit.saturating_sub(begun.elapsed());
            tokio::time::timeout(left, conn.encrypt(&context))
                .await
                .unwrap_or(Err(NetworkError::Timeout))?;
        }
        Ok(conn)
    }
}

impl Host for State {}

impl HostConnection for State {
    async fn connect(
        &mut self,
        host: String,
        port: u16,
        security: Security,
    ) -> wasmtime::Result<Result<Resource<Connection>, NetworkError>> {
        self.context.meter.call();
        let opened = self.open(&host, port, security).await;
        match opened {
            Ok(conn) => {
                self.context.meter.moved();
                let number = self.connections.add(conn);
                Ok(Ok(self.table.push(Connection(number))?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn input(&mut self, this: Resource<Connection>) -> wasmtime::Result<Result<Resource<Input>, NetworkError>> {
        self.context.meter.call();
        let number = self.table.get(&this)?.0;
        match self.connections.get(number) {
            None => Ok(Err(NetworkError::Closed)),
            Some(conn) if conn.input => Ok(Err(NetworkError::InUse)),
            Some(conn) => {
                conn.input = true;
                Ok(Ok(self.table.push(Input::Connection(number))?))
            }
        }
    }

    fn output(&mut self, this: Resource<Connection>) -> wasmtime::Result<Result<Resource<Output>, NetworkError>> {
        self.context.meter.call();
        let number = self.table.get(&this)?.0;
        match self.connections.get(number) {
            None => Ok(Err(NetworkError::Closed)),
            Some(conn) if conn.output => Ok(Err(NetworkError::InUse)),
            Some(conn) => {
                conn.output = true;
                Ok(Ok(self.table.push(Output(number))?))
            }
        }
    }

    async fn start_tls(&mut self, this: Resource<Connection>) -> wasmtime::Result<Result<(), NetworkError>> {
        self.context.meter.call();
        let context = self.context.clone();
        let upgraded = match self.at_rest(&this)? {
            Err(error) => Err(error),
            Ok(conn) => conn.upgrade(&context).await,
        };
        Ok(upgraded)
    }

    async fn authenticate(
        &mut self,
        this: Resource<Connection>,
        credential: String,
    ) -> wasmtime::Result<Result<Reply, NetworkError>> {
        self.context.meter.call();
        let context = self.context.clone();
        let answered = match self.at_rest(&this)? {
            Err(error) => Err(error),
            Ok(conn) => login::run(conn, &context, &credential).await,
        };
        Ok(answered)
    }

    fn set_silence_limit(&mut self, this: Resource<Connection>, seconds: u32) -> wasmtime::Result<()> {
        let number = self.table.get(&this)?.0;
        let limit = Duration::from_secs(u64::from(seconds.max(1))).min(self.context.limits.silence);
        if let Some(conn) = self.connections.get(number) {
            conn.silence = limit;
        }
        Ok(())
    }

    fn describe(&mut self, this: Resource<Connection>) -> wasmtime::Result<Vec<(String, String)>> {
        self.context.meter.call();
        let number = self.table.get(&this)?.0;
        Ok(self
            .connections
            .get(number)
            .map(|conn| conn.describe())
            .unwrap_or_default())
    }

    fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        let Connection(number) = self.table.delete(this)?;
        self.connections.release(number, |conn| conn.handle = false);
        Ok(())
    }
}
