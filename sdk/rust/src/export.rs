//! From a struct to the exports of a mail connector.

use std::cell::RefCell;

use crate::{Failure, Message, Receipt, kind};

/// What `verify` found, as pairs that an administrator reads.
pub type Findings = Vec<(String, String)>;

/// A connector for the service `mail`. One value is one session: the host calls [`open`](Self::open) once, the others
/// many times and never two at once, then [`close`](Self::close), and throws the whole instance away.
pub trait MailConnector: Sized + 'static {
    /// Starts the session. Connecting may wait until the first send.
    ///
    /// # Errors
    ///
    /// Most often a `configuration` failure of [`parameters`](crate::parameters()).
    fn open() -> Result<Self, Failure>;

    /// Are parameters, credentials and remote right? Called instead of a send.
    ///
    /// # Errors
    ///
    /// What a send would meet.
    fn verify(&mut self) -> Result<Findings, Failure>;

    /// Hands one message over. The message is good for this call only.
    ///
    /// # Errors
    ///
    /// Nobody received the message, or nobody knows: see [`kind`].
    fn send(&mut self, message: Message) -> Result<Receipt, Failure>;

    /// Says good-bye. Called once, last, and never after a trap.
    fn close(&mut self) {}
}

/// Where [`export_mail_connector!`](crate::export_mail_connector) keeps the connector between calls.
#[doc(hidden)]
pub struct Session<C>(RefCell<Option<C>>);

impl<C: MailConnector> Session<C> {
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    pub fn open(&self) -> Result<(), Failure> {
        let connector = C::open()?;
        *self.borrowed()? = Some(connector);
        Ok(())
    }

    pub fn with<T>(&self, call: impl FnOnce(&mut C) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.borrowed()?.as_mut() {
            Some(connector) => call(connector),
            None => Err(Failure::new(
                kind::OTHER,
                "the session is not open: the host must call `open` first",
            )),
        }
    }

    pub fn close(&self) {
        if let Ok(mut session) = self.borrowed()
            && let Some(mut connector) = session.take()
        {
            connector.close();
        }
    }

    /// The host never calls while a call runs; should it, that is a failure and no panic.
    fn borrowed(&self) -> Result<std::cell::RefMut<'_, Option<C>>, Failure> {
        self.0
            .try_borrow_mut()
            .map_err(|_| Failure::new(kind::OTHER, "the host called while another call was running"))
    }
}

impl<C: MailConnector> Default for Session<C> {
    fn default() -> Self {
        Self::new()
    }
}

/// Exports a [`MailConnector`] as the component's `relais:connector/session` and `relais:mail/sender`. Once per component.
#[macro_export]
macro_rules! export_mail_connector {
    ($connector:ty) => {
        #[doc(hidden)]
        mod __relais_export {
            use super::*;

            ::std::thread_local! {
                static SESSION: $crate::Session<$connector> = const { $crate::Session::new() };
            }

            #[allow(dead_code, reason = "natively nothing is exported")]
            pub struct Guest;

            impl $crate::bindings::exports::relais::connector::session::Guest for Guest {
                fn open() -> ::std::result::Result<(), $crate::Failure> {
                    SESSION.with(|session| session.open())
                }

                fn verify() -> ::std::result::Result<$crate::Findings, $crate::Failure> {
                    SESSION.with(|session| session.with(|connector| $crate::MailConnector::verify(connector)))
                }

                fn close() {
                    SESSION.with(|session| session.close());
                }
            }

            impl $crate::bindings::exports::relais::mail::sender::Guest for Guest {
                fn send(
                    message: $crate::Message,
                ) -> ::std::result::Result<$crate::Receipt, $crate::Failure> {
                    SESSION.with(|session| session.with(|connector| $crate::MailConnector::send(connector, message)))
                }
            }

            // The names of a component's exports hold `@`, which a native linker reads as a symbol's version.
            #[cfg(target_family = "wasm")]
            $crate::bindings::export!(Guest with_types_in $crate::bindings);
        }
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::{Findings, MailConnector, Session};
    use crate::{Failure, Message, Receipt, kind};

    struct Counter(u32);

    impl MailConnector for Counter {
        fn open() -> Result<Self, Failure> {
            Ok(Self(0))
        }

        fn verify(&mut self) -> Result<Findings, Failure> {
            self.0 += 1;
            Ok(vec![("calls".to_owned(), self.0.to_string())])
        }

        fn send(&mut self, _message: Message) -> Result<Receipt, Failure> {
            Err(Failure::new(kind::OTHER, "no mail here"))
        }
    }

    #[test]
    fn the_connector_lives_from_open_to_close() {
        let session = Session::<Counter>::new();
        session.open().unwrap();
        session.with(Counter::verify).unwrap();
        assert_eq!(session.with(Counter::verify).unwrap()[0].1, "2");
        session.close();
        assert!(session.with(Counter::verify).is_err());
    }

    #[test]
    fn a_call_before_open_is_a_failure_and_no_panic() {
        let failure = Session::<Counter>::new().with(Counter::verify).unwrap_err();
        assert!(failure.text.contains("`open`"), "{}", failure.text);
    }

    #[test]
    fn a_call_within_a_call_is_a_failure_and_no_panic() {
        let session = Session::<Counter>::new();
        session.open().unwrap();
        let inner = session.with(|_| session.with(Counter::verify)).unwrap_err();
        assert!(inner.text.contains("another call"), "{}", inner.text);
    }
}
