//! `relais:connector/streams`: bytes between the guest, its connections and its message. `splice` copies inside the host, so
//! that a body never passes through a guest's memory.

use bytes::Bytes;
use wasmtime::component::Resource;

use crate::bindings::relais::connector::streams::{Host, HostInputStream, HostOutputStream, StreamError};
use crate::capability::http::ResponseBody;
use crate::capability::network::{Conn, IoFault};
use crate::capability::part::MessageBody;
use crate::context::Context;
use crate::state::State;

/// Bytes of one read at most.
const READ_BYTES: usize = 1 << 20;

/// Where bytes come from.
pub enum Input {
    /// A connection, by its number.
    Connection(u32),
    /// A part of the message.
    Message(Box<MessageBody>),
    /// The body of an HTTP response.
    Response(Box<ResponseBody>),
    /// Read to its end, or emptied by the host.
    Ended,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Input::Connection(_) => "connection",
            Input::Message(_) => "message",
            Input::Response(_) => "response",
            Input::Ended => "ended",
        };
        write!(f, "Input({kind})")
    }
}

/// Where bytes go: a connection, by its number.
#[derive(Debug)]
pub struct Output(pub(crate) u32);

impl From<IoFault> for StreamError {
    fn from(fault: IoFault) -> Self {
        match fault {
            IoFault::Closed => StreamError::Closed,
            IoFault::Timeout => StreamError::Timeout,
            IoFault::Refused(rule) => StreamError::Refused(rule),
            IoFault::Failed(text) => StreamError::Failed(text),
        }
    }
}

impl Host for State {}

impl HostInputStream for State {
    async fn read(
        &mut self,
        this: Resource<Input>,
        len: u32,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, StreamError>> {
        self.context.meter.call();
        let len = usize::try_from(len).unwrap_or(READ_BYTES).clamp(1, READ_BYTES);
        let read = match self.table.get_mut(&this)? {
            Input::Ended => Ok(None),
            Input::Connection(number) => match self.connections.get(*number) {
                Some(conn) => conn.read(len, &self.context).await.map_err(StreamError::from),
                None => Err(StreamError::Closed),
            },
            Input::Message(body) => body.read(len, &self.context).await.map(|b| b.map(Vec::from)),
            Input::Response(body) => body.read(len, &self.context).await.map(|b| b.map(Vec::from)),
        };
        if let Ok(Some(bytes)) = &read {
            self.context.meter.through_guest(bytes.len());
        }
        Ok(read)
    }

    async fn skip(&mut self, this: Resource<Input>, len: u64) -> wasmtime::Result<Result<u64, StreamError>> {
        self.context.meter.call();
        Ok(match self.table.get_mut(&this)? {
            Input::Message(body) => body.skip(len, &self.context).await,
            Input::Ended => Ok(0),
            Input::Connection(_) | Input::Response(_) => Err(no_part("skipped")),
        })
    }

    fn take(&mut self, this: Resource<Input>, len: u64) -> wasmtime::Result<Result<Resource<Input>, StreamError>> {
        self.context.meter.call();
        let taken = match self.table.get(&this)? {
            Input::Message(body) => body.take(len, &self.context),
            Input::Ended => return Ok(Ok(self.table.push(Input::Ended)?)),
            Input::Connection(_) | Input::Response(_) => None,
        };
        match taken {
            Some(body) => Ok(Ok(self.hold(body)?)),
            None => Ok(Err(no_part("taken apart"))),
        }
    }

    fn base64(&mut self, this: Resource<Input>) -> wasmtime::Result<Result<Resource<Input>, StreamError>> {
        self.context.meter.call();
        let input = self.table.get_mut(&this)?;
        match std::mem::replace(input, Input::Ended) {
            Input::Message(mut body) => {
                body.encode();
                Ok(Ok(self.hold(*body)?))
            }
            Input::Ended => Ok(Ok(self.table.push(Input::Ended)?)),
            other @ (Input::Connection(_) | Input::Response(_)) => {
                *input = other;
                Ok(Err(no_part("encoded")))
            }
        }
    }

    fn drop(&mut self, this: Resource<Input>) -> wasmtime::Result<()> {
        let number = this.rep();
        match self.table.delete(this)? {
            Input::Connection(number) => self.connections.release(number, |conn| conn.input = false),
            Input::Message(_) => self.dropped(number),
            Input::Response(_) | Input::Ended => {}
        }
        Ok(())
    }
}

impl HostOutputStream for State {
    async fn write(&mut self, this: Resource<Output>, data: Vec<u8>) -> wasmtime::Result<Result<(), StreamError>> {
        self.context.meter.call();
        self.context.meter.through_guest(data.len());
        let number = self.table.get(&this)?.0;
        let written = match self.connections.get(number) {
            Some(conn) => conn
                .write_from_guest(&data, &self.context)
                .await
                .map_err(StreamError::from),
            None => Err(StreamError::Closed),
        };
        Ok(written)
    }

    async fn splice(
        &mut self,
        this: Resource<Output>,
        source: Resource<Input>,
    ) -> wasmtime::Result<Result<u64, StreamError>> {
        self.context.meter.call();
        let number = self.table.get(&this)?.0;
        let input = self.table.get_mut(&source)?;
        let Some(conn) = self.connections.get(number) else {
            return Ok(Err(StreamError::Closed));
        };
        let spliced = match input {
            Input::Ended => Ok(0),
            Input::Connection(_) => {
                return Ok(Err(StreamError::Failed(
                    "a connection's input has no end to splice to; read and write it".to_owned(),
                )));
            }
            Input::Message(body) => splice_message(conn, body, &self.context).await,
            Input::Response(body) => splice_response(conn, body, &self.context).await,
        };
        if let Err(error) = &spliced {
            conn.cut_short(format!("{error:?}"));
        }
        Ok(spliced)
    }

    fn drop(&mut self, this: Resource<Output>) -> wasmtime::Result<()> {
        let output = self.table.delete(this)?;
        self.connections.release(output.0, |conn| conn.output = false);
        Ok(())
    }
}

/// What can be done with a part of a message only.
fn no_part(done: &str) -> StreamError {
    StreamError::Failed(format!("only a part of a message as it is can be {done}"))
}

/// Copies one block behind what it reads, so that the host knows the last block before it writes it: from then on the
/// message may have arrived, even if the write fails.
async fn splice_message(conn: &mut Conn, body: &mut MessageBody, context: &Context) -> Result<u64, StreamError> {
    let turn = context.floor.turn();
    let mut sum = 0;
    let mut block = body.next(turn, context).await?;
    while let Some(bytes) = block {
        block = body.next(turn, context).await?;
        sum += bytes.len() as u64;
        conn.write_content(&bytes, context).await?;
    }
    conn.flush().await?;
    Ok(sum)
}

async fn splice_response(conn: &mut Conn, body: &mut ResponseBody, context: &Context) -> Result<u64, StreamError> {
    let mut sum = 0;
    while let Some(bytes) = body.read(READ_BYTES, context).await? {
        sum += bytes.len() as u64;
        conn.write_from_guest(&bytes, context).await?;
    }
    Ok(sum)
}

/// At most `len` bytes of what is pending; the rest stays.
pub(crate) fn some_of(pending: &mut Bytes, len: usize) -> Bytes {
    pending.split_to(len.min(pending.len()))
}
