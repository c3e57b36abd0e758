//! lettre, which the field's Rust programs use: its own builder for each message, its own connection.

use std::net::SocketAddr;

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Message, MultiPart, SinglePart};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;

use crate::Fault;
use crate::load::{FROM, Kind, Load, SUBJECT, TO};

pub struct Lettre {
    connection: AsyncSmtpConnection,
}

impl Lettre {
    pub async fn connect(address: SocketAddr, nodelay: bool) -> Result<Self, Fault> {
        let hello = ClientId::Ipv4([127, 0, 0, 1].into());
        let connection = if nodelay {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await?
        } else {
            AsyncSmtpConnection::connect_tokio1(address, None, &hello, None, None).await?
        };
        Ok(Self { connection })
    }

    pub async fn send(&mut self, load: &Load, kind: Kind) -> Result<(), Fault> {
        let builder = Message::builder().from(FROM.parse()?).to(TO.parse()?).subject(SUBJECT);
        let message = match kind {
            Kind::Text => builder.header(ContentType::TEXT_PLAIN).body(load.text.clone())?,
            Kind::Pdf => {
                let pdf = Attachment::new("séance.pdf".to_owned()).body(load.pdf.to_vec(), "application/pdf".parse()?);
                builder.multipart(
                    MultiPart::mixed()
                        .singlepart(SinglePart::plain(load.text.clone()))
                        .singlepart(pdf),
                )?
            }
        };
        self.connection.send(message.envelope(), &message.formatted()).await?;
        Ok(())
    }
}
