//! A server in this process, and an instance that is set to it.

use relais_catcher::{Account, Catcher, Faults, Options, Tls};
use tokio::runtime::Runtime;

use crate::support::{Place, stderr};

/// A server, and an instance that is set to it.
pub struct Post {
    pub place: Place,
    pub catcher: Catcher,
    // The server's tasks run in it.
    _runtime: Runtime,
}

impl Post {
    pub fn with(faults: Faults) -> Self {
        let runtime = Runtime::new().unwrap();
        let account = Account {
            username: "me".to_owned(),
            password: "Hunter2".to_owned(),
        };
        let options = Options {
            tls: Tls::StartTls,
            auth: Some(account),
            faults,
            ..Options::default()
        };
        let catcher = runtime.block_on(Catcher::start(options)).unwrap();
        let place = Place::with_smtp();
        let ca = place.file("ca.pem", catcher.ca_pem().unwrap().as_bytes());
        let (port, ca) = (format!("port={}", catcher.port()), format!("certificate=@{ca}"));
        let create = [
            "instance",
            "create",
            "smtp",
            "--connector",
            "relais/smtp",
            "--set",
            "host=localhost",
        ];
        let login = [
            "--set",
            &port,
            "--set",
            &ca,
            "--set",
            "username=me",
            "--secret",
            "password=-",
        ];
        let sender = ["--set", "sender=dms@example.org"];
        let created = place.with_stdin(&[&create[..], &login, &sender].concat(), "Hunter2\n");
        assert_eq!(created.status.code(), Some(0), "{}", stderr(&created));
        place.json(&["service", "default", "mail", "smtp"]);
        Self {
            place,
            catcher,
            _runtime: runtime,
        }
    }
}
