//! The way to a provider: TLS, and what it may not reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relais_accounts::{Client, FaultKind, Flow, Permits, Provider};
use relais_e2e::Identity;
use relais_e2e::oauth::{self, OAuth, Setup, public};
use relais_manifest::Lang;
use relais_outgoing::{OnRefused, Outgoing};

use crate::{assert_fault, associated, run};

fn under_tls() -> Setup {
    Setup {
        identity: Some(Identity::signed(&["localhost"])),
        host: "localhost",
        ..Setup::entra()
    }
}

#[test]
fn a_certificate_of_the_instances_own_ca_is_good_and_another_is_not() {
    let Some(server) = OAuth::start(under_tls()) else {
        return;
    };
    run(async {
        associated(&server, &server.client(public(), Flow::DeviceCode)).await;
        let mut provider = server.provider();
        provider.certificate_pem = Some(Identity::signed(&["localhost"]).trusted_pem);
        let client = oauth::client(&provider, public(), Flow::DeviceCode).unwrap();
        let fault = client.begin_device(Lang::Fr).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "tls");
        assert!(fault.detail.contains("certificate-subject"), "{fault}");
        assert!(!fault.unanswered);
    });
}

#[test]
fn a_provider_in_clear_is_refused_where_it_is_not_granted() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let on_refused: OnRefused = Arc::new(|_, _| {});
    let made = Provider::new(
        &server.provider(),
        &Permits::default(),
        &Outgoing::default(),
        &on_refused,
    );
    assert_fault(&made.unwrap_err(), FaultKind::Configuration, "provider-clear");
}

#[test]
fn a_name_that_the_manifest_fixes_does_not_lead_to_this_machine_unless_it_is_excepted() {
    let Some(server) = OAuth::start(under_tls()) else {
        return;
    };
    let mut provider = server.provider();
    for endpoint in [Some(&mut provider.token), provider.device.as_mut()]
        .into_iter()
        .flatten()
    {
        endpoint.typed = false;
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = refused.clone();
    let on_refused: OnRefused = Arc::new(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let client = |permits: Permits| {
        let provider = Provider::new(&provider, &permits, &Outgoing::default(), &on_refused).unwrap();
        Client::new(provider, public(), Flow::DeviceCode).unwrap()
    };
    run(async {
        let fault = client(Permits::default()).begin_device(Lang::Fr).await.unwrap_err();
        assert_fault(&fault, FaultKind::Configuration, "provider-refused");
        assert!(
            fault.detail.contains("127.0.0.1") || fault.detail.contains("::1"),
            "{fault}"
        );
        assert_eq!(refused.load(Ordering::Relaxed), 1);
        assert!(server.seen().is_empty());
        let excepted = Permits {
            private: ["localhost".to_owned()].into(),
            ..Permits::default()
        };
        client(excepted).begin_device(Lang::Fr).await.unwrap();
    });
}
