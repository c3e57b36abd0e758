//! A server that is a script: what it must receive, in order and to the byte, and what it says. A step that does not
//! come when it should fails the test, and so does a script that was not played to its end.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use relais_sdk::{Failure, Receipt};
use relais_smtp::letter::Letter;
use relais_smtp::session::Session;
use relais_smtp::wire::{Dial, Framing, LoginReply, NetworkError, Security, StreamError, Wire};

/// What happens next on a connection.
#[derive(Debug)]
pub enum Step {
    /// One write of exactly this.
    Hear(String),
    /// One read of exactly this.
    Say(Vec<u8>),
    /// A read, a write or a splice ends so.
    Fail(StreamError),
    /// A read finds the connection closed.
    Close,
    /// The handshake of STARTTLS.
    Tls(Result<(), NetworkError>),
    /// A login with this credential.
    Login(&'static str, Result<LoginReply, NetworkError>),
    /// The message's body is sent, framed so.
    Body(Framing),
}

use Step::{Body, Hear, Say};

pub fn hear(text: &str) -> Step {
    Hear(text.replace('\n', "\r\n"))
}

pub fn say(text: &str) -> Step {
    Say(text.replace('\n', "\r\n").into_bytes())
}

/// The body as DATA has it.
pub fn body() -> Step {
    Body(Framing::DotStuffed)
}

/// The body as BDAT has it.
pub fn raw() -> Step {
    Body(Framing::Raw)
}

pub fn login(credential: &'static str, code: &str, text: &str) -> Step {
    Step::Login(
        credential,
        Ok(LoginReply {
            accepted: code.starts_with('2'),
            code: code.to_owned(),
            text: text.to_owned(),
        }),
    )
}

/// The steps of a connection in clear up to the first mail, to a server that offers `extensions`.
pub fn opened(extensions: &[&str]) -> Vec<Step> {
    let mut offer = vec!["mx.example.org"];
    offer.extend(extensions);
    let last = offer.len() - 1;
    let lines: String = offer
        .iter()
        .enumerate()
        .map(|(at, line)| format!("250{}{line}\n", if at == last { ' ' } else { '-' }))
        .collect();
    vec![
        say("220 mx.example.org ESMTP\n"),
        hear("EHLO [127.0.0.1]\n"),
        say(&lines),
    ]
}

/// The flight and the answers of one accepted mail with PIPELINING.
pub fn one_mail() -> Vec<Step> {
    vec![
        hear("MAIL FROM:<from@a.example>\nRCPT TO:<to@b.example>\nDATA\n"),
        say("250 2.1.0 Ok\n250 2.1.5 Ok\n354 End data with <CR><LF>.<CR><LF>\n"),
        body(),
        say("250 2.0.0 Ok: queued as 4XyZ12\n"),
    ]
}

type Steps = Rc<RefCell<VecDeque<Step>>>;

pub struct Server {
    connections: VecDeque<Result<Steps, NetworkError>>,
    securities: Rc<RefCell<Vec<Security>>>,
}

impl Dial for Server {
    type Wire = Scripted;

    fn dial(&mut self, host: &str, port: u16, security: Security) -> Result<Scripted, NetworkError> {
        assert_eq!((host, port), ("mx.example.org", 587));
        self.securities.borrow_mut().push(security);
        Ok(Scripted(
            self.connections
                .pop_front()
                .expect("a connection that the script does not have")?,
        ))
    }

    fn account(&self, credential: &str) -> Vec<(String, String)> {
        assert_eq!(credential, "xoauth2");
        vec![("username".to_owned(), "marie@mairie.example".to_owned())]
    }
}

pub struct Scripted(Steps);

impl Scripted {
    fn next(&self, doing: &str) -> Step {
        self.0
            .borrow_mut()
            .pop_front()
            .unwrap_or_else(|| panic!("{doing} after the end of the script"))
    }
}

impl Wire for Scripted {
    type Body = Framing;

    fn read(&mut self) -> Result<Option<Vec<u8>>, StreamError> {
        match self.next("a read") {
            Say(bytes) => Ok(Some(bytes)),
            Step::Close => Ok(None),
            Step::Fail(error) => Err(error),
            other => panic!("a read where the script has {other:?}"),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        let written = String::from_utf8(bytes.to_vec()).unwrap();
        match self.next(&format!("the write of {written:?}")) {
            Hear(expected) => {
                assert_eq!(written, expected);
                Ok(())
            }
            Step::Fail(error) => Err(error),
            other => panic!("the write of {written:?} where the script has {other:?}"),
        }
    }

    fn splice(&mut self, framing: Framing) -> Result<u64, StreamError> {
        match self.next("the body") {
            Body(expected) => {
                assert_eq!(framing, expected);
                Ok(5)
            }
            Step::Fail(error) => Err(error),
            other => panic!("the body where the script has {other:?}"),
        }
    }

    fn start_tls(&mut self) -> Result<(), NetworkError> {
        match self.next("a handshake") {
            Step::Tls(result) => result,
            other => panic!("a handshake where the script has {other:?}"),
        }
    }

    fn authenticate(&mut self, credential: &str) -> Result<LoginReply, NetworkError> {
        match self.next("a login") {
            Step::Login(expected, result) => {
                assert_eq!(credential, expected);
                result
            }
            other => panic!("a login where the script has {other:?}"),
        }
    }

    fn set_silence_limit(&mut self, _seconds: u32) {}

    fn describe(&self) -> Vec<(String, String)> {
        vec![("address".to_owned(), "192.0.2.1:587".to_owned())]
    }
}

/// A session against a server that is connected to as often as there are scripts.
pub struct Play {
    pub session: Session<Server>,
    every: Vec<Steps>,
    pub securities: Rc<RefCell<Vec<Security>>>,
}

impl Play {
    /// In clear and without login, unless `parameters` (members of a JSON object) say otherwise.
    pub fn with(parameters: &str, connections: Vec<Result<Vec<Step>, NetworkError>>) -> Self {
        let json = format!(r#"{{"host":"mx.example.org","port":587{parameters}}}"#);
        let connections: VecDeque<_> = connections
            .into_iter()
            .map(|steps| steps.map(|steps| Rc::new(RefCell::new(VecDeque::from(steps)))))
            .collect();
        let every: Vec<_> = connections.iter().flatten().cloned().collect();
        let securities = Rc::default();
        let server = Server {
            connections,
            securities: Rc::clone(&securities),
        };
        Self {
            session: Session::new(relais_sdk::read_parameters(&json).unwrap(), server),
            every,
            securities,
        }
    }

    pub fn clear(connections: Vec<Vec<Step>>) -> Self {
        Self::with(r#","starttls":false"#, connections.into_iter().map(Ok).collect())
    }

    pub fn send(&mut self) -> Result<Receipt, Failure> {
        self.send_to(&["to@b.example"])
    }

    pub fn send_to(&mut self, recipients: &[&str]) -> Result<Receipt, Failure> {
        self.session.send(&Letter {
            recipients: owned(recipients),
            ..letter()
        })
    }

    /// Fails unless every script was played to its end.
    pub fn finish(self) {
        for steps in self.every {
            assert!(steps.borrow().is_empty(), "never played: {:?}", steps.borrow());
        }
    }
}

pub fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

pub fn letter() -> Letter<'static, Framing> {
    Letter {
        sender: Some("from@a.example".to_owned()),
        recipients: owned(&["to@b.example"]),
        size: 1234,
        eight_bit: false,
        utf8_header: false,
        body: &|framing| framing,
    }
}

/// Steps one after another.
pub fn steps<const N: usize>(parts: [Vec<Step>; N]) -> Vec<Step> {
    parts.into_iter().flatten().collect()
}
