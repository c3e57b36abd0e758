//! One of each, for the test of all errors.

use relais_accounts::{Fault, FaultKind};
use relais_manifest::{Flow, Text};

use super::{AccountError, Registration};
use crate::accounts::{AccountPath, Problem};
use crate::names::{InstanceName, InstancePath, WorkspaceName};

pub(in crate::error) fn samples() -> Vec<AccountError> {
    let Ok(name) = InstanceName::new("graph") else {
        return Vec::new();
    };
    let path = AccountPath {
        instance: InstancePath {
            workspace: WorkspaceName::default(),
            name: name.clone(),
        },
        parameter: "mail".to_owned(),
    };
    let provider = || "microsoft".to_owned();
    let problem = |number: u8| Problem {
        code: "x".to_owned(),
        text: Text::new(format!("C'est ainsi, {number}."), format!("It is so, {number}.")),
        shut_in: false,
    };
    let strange = || "x\u{1b}[2J".to_owned();
    vec![
        AccountError::Unknown {
            instance: name.clone(),
            parameter: strange(),
            known: vec!["mail".to_owned()],
        },
        AccountError::Unknown {
            instance: name,
            parameter: strange(),
            known: Vec::new(),
        },
        AccountError::NotAssociated(path.clone()),
        AccountError::ProviderNeeded {
            providers: vec![provider()],
        },
        AccountError::ProviderUnknown {
            given: strange(),
            providers: vec![provider()],
        },
        AccountError::ProviderUnknown {
            given: strange(),
            providers: Vec::new(),
        },
        AccountError::Provider(problem(1)),
        AccountError::FlowNotOffered {
            flow: Flow::DeviceCode,
            offered: vec![Flow::AuthorizationCode],
        },
        AccountError::Forbidden(Problem::forbidden("flow", "device-code")),
        AccountError::Forbidden(Problem::forbidden("provider", "google")),
        AccountError::NoApplication(Box::new(Registration {
            provider: provider(),
            name: Text::new("Microsoft\u{1b}", "Microsoft\u{1b}"),
            steps: Some(Text::new("Inscrivez-la.", "Register it.")),
            redirect: "http://localhost/oauth/callback".to_owned(),
        })),
        AccountError::ApplicationUnknown { provider: strange() },
        AccountError::Application(Box::new(Fault::new(FaultKind::Configuration, "application-id", ""))),
        AccountError::ApplicationPublic { provider: provider() },
        AccountError::ApplicationLost { provider: provider() },
        AccountError::ApplicationElsewhere {
            provider: provider(),
            asked: "https://a.example".to_owned(),
            origins: vec!["https://b.example".to_owned()],
        },
        AccountError::OriginsNeeded {
            provider: provider(),
            most: 16,
        },
        AccountError::Origin { given: strange() },
        AccountError::ApplicationInUse {
            provider: provider(),
            accounts: vec![path],
        },
        AccountError::TooManyApplications { most: 64 },
        AccountError::TooManyAssociations { most: 32 },
        AccountError::NoAssociation,
        AccountError::WrongAddress,
        AccountError::OwnApplication(problem(4)),
        AccountError::Lost(problem(2)),
        AccountError::Unavailable {
            problem: problem(3),
            retry_after: None,
        },
    ]
}
