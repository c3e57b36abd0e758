//! One of each error, with what a stranger may have put into it.

use std::path::PathBuf;
use std::time::Duration;

use relais_sandbox::{Failure, Kind};

use super::super::*;
use crate::names::{InstanceName, InstancePath, ServiceInstanceName, WorkspaceName};
use crate::outbox::{DeliveryId, Summary};
use crate::services::MAIL;
use crate::store::What;

pub(super) fn samples() -> Vec<Error> {
    let path = || PathBuf::from("/var/lib/relais");
    let io = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    let id = || DeliveryId::from_u128(7);
    let name = || InstanceName::new("smtp").unwrap();
    let ws = || WorkspaceName::new("other").unwrap();
    let service_instance = || ServiceInstanceName::new("invoices").unwrap();
    let failure = || Box::new(Failure::new(Kind::Rejected, "5.1.1 no such user"));
    let mut all: Vec<Error> = vec![
        NameError {
            field: "instance",
            given: "É\u{1b}[2J".to_owned(),
        }
        .into(),
        WorkspaceError::Unknown(ws()).into(),
        WorkspaceError::Exists(ws()).into(),
        WorkspaceError::Remembered(ws()).into(),
        WorkspaceError::TooMany { most: 1_000 }.into(),
        WorkspaceError::Default.into(),
        WorkspaceError::Holds {
            name: ws(),
            instances: vec![name()],
        }
        .into(),
        WorkspaceError::Undecided(ws()).into(),
        ServiceInstanceError::Unknown(service_instance()).into(),
        ServiceInstanceError::Exists(service_instance()).into(),
        ServiceInstanceError::TooMany { most: 1_000 }.into(),
        ServiceInstanceError::Bound {
            name: service_instance(),
            tokens: vec!["crm".to_owned()],
        }
        .into(),
        TokenError::Unknown {
            id: "x\u{1b}".to_owned(),
        }
        .into(),
        TokenError::Exists { name: "crm".to_owned() }.into(),
        TokenError::TooMany { most: 1_000 }.into(),
        TokenError::AdminBound.into(),
        TokenError::Elsewhere {
            bound: service_instance(),
        }
        .into(),
        TokenError::NoRandomness.into(),
        KeyError::UnopenedApplication {
            provider: "microsoft".to_owned(),
        }
        .into(),
        InstanceError::AccountsNeeded {
            name: name(),
            fields: vec!["mail".to_owned()],
            because: vec!["tenant".to_owned(), "providers".to_owned()],
        }
        .into(),
        BackupError::Write { source: io() }.into(),
        BackupError::Read { source: io() }.into(),
        BackupError::Busy.into(),
        BackupError::NotEmpty { path: path() }.into(),
        BackupError::NotABackup {
            detail: "no manifest".to_owned(),
        }
        .into(),
        BackupError::Truncated.into(),
        BackupError::Altered {
            name: "relais.redb".to_owned(),
        }
        .into(),
        BackupError::Newer { version: 2, known: 1 }.into(),
        Error::Settings(
            [
                SettingProblem::TooLong { most: 200 },
                SettingProblem::ControlCharacter,
                SettingProblem::Duration {
                    least: Duration::from_secs(60),
                    most: Duration::from_secs(30 * 86_400),
                },
                SettingProblem::Number { least: 1, most: 64 },
                SettingProblem::Past,
                SettingProblem::Address(relais_message::Reason::Empty),
            ]
            .map(|problem| SettingError {
                field: "title",
                problem,
            })
            .to_vec(),
        ),
        StoreError::Busy {
            folder: path(),
            pid: Some(42),
        }
        .into(),
        StoreError::NotPrivate { folder: path() }.into(),
        StoreError::NotAFolder { path: path() }.into(),
        StoreError::Denied {
            path: path(),
            source: io(),
        }
        .into(),
        StoreError::Full { path: path() }.into(),
        StoreError::Damaged {
            path: path(),
            detail: "checksum".to_owned(),
        }
        .into(),
        StoreError::Component {
            path: path(),
            missing: true,
        }
        .into(),
        StoreError::Body {
            path: path(),
            missing: true,
        }
        .into(),
        StoreError::Body {
            path: path(),
            missing: false,
        }
        .into(),
        StoreError::Stopped.into(),
        StoreError::Io {
            path: path(),
            source: io(),
        }
        .into(),
        KeyError::Missing { path: path() }.into(),
        KeyError::Rights {
            path: path(),
            mode: 0o644,
        }
        .into(),
        KeyError::Length {
            path: path(),
            length: 3,
        }
        .into(),
        KeyError::NotAFile { path: path() }.into(),
        KeyError::InsideData {
            path: path(),
            data: path(),
        }
        .into(),
        KeyError::Wrong { path: path() }.into(),
        KeyError::Unopened {
            instance: name(),
            field: "password".to_owned(),
        }
        .into(),
        KeyError::Sealing { path: path() }.into(),
        KeyError::Io {
            path: path(),
            source: io(),
        }
        .into(),
        ConnectorError::Unknown {
            id: "relais/none".to_owned(),
        }
        .into(),
        ConnectorError::InUse {
            id: "relais/smtp".to_owned(),
            instances: vec![InstancePath {
                workspace: WorkspaceName::default(),
                name: name(),
            }],
        }
        .into(),
        ConnectorError::NotEnabled {
            id: "relais/smtp".to_owned(),
            workspace: ws(),
        }
        .into(),
        ConnectorError::Manifest {
            id: "relais/smtp".to_owned(),
            reason: "no id".to_owned(),
        }
        .into(),
        InstanceError::Unknown { name: name() }.into(),
        InstanceError::Exists { name: name() }.into(),
        InstanceError::Grant {
            given: "all".to_owned(),
        }
        .into(),
        InstanceError::TooManyGrants { count: 65, most: 64 }.into(),
        InstanceError::SecretsNeeded {
            name: name(),
            fields: vec!["password".to_owned()],
            because: vec!["host".to_owned(), "grants".to_owned()],
        }
        .into(),
        InstanceError::Contradiction {
            field: "host".to_owned(),
        }
        .into(),
        InstanceError::NoSuchField {
            field: "hots".to_owned(),
        }
        .into(),
        InstanceError::SecretsLost {
            name: name(),
            fields: vec!["password".to_owned()],
        }
        .into(),
        InstanceError::InUse {
            name: name(),
            uses: vec![
                InstanceUse::Default {
                    service: "mail".to_owned(),
                },
                InstanceUse::Forced {
                    service: "mail".to_owned(),
                },
                InstanceUse::ServiceInstance(service_instance()),
                InstanceUse::Notices,
                InstanceUse::NoticesOf(service_instance()),
            ],
        }
        .into(),
        InstanceError::Pending { name: name() }.into(),
        InstanceError::VerifyBusy { name: name() }.into(),
        ServiceError::Unknown { name: "fax".to_owned() }.into(),
        ServiceError::NoDefault { service: MAIL }.into(),
        ServiceError::NotServed {
            instance: name(),
            connector: "relais/probe".to_owned(),
            service: MAIL,
        }
        .into(),
        ServiceError::Forced {
            service: MAIL,
            forced: name(),
            asked: InstanceName::new("smtp2").unwrap(),
        }
        .into(),
        SendError::Failed {
            instance: name(),
            message_id: "1@a".to_owned(),
            failure: failure(),
        }
        .into(),
        Error::Stopped,
        DeliveryError::Unknown { id: id() }.into(),
        DeliveryError::WrongState {
            id: id(),
            state: Summary::Sent,
            in_hand: false,
        }
        .into(),
        DeliveryError::WrongState {
            id: id(),
            state: Summary::Sending,
            in_hand: true,
        }
        .into(),
        DeliveryError::BodyGone { id: id() }.into(),
        DeliveryError::InProgress.into(),
        DeliveryError::IdempotencyMismatch.into(),
        DeliveryError::AlreadyDispatched.into(),
        DeliveryError::NoRandomness.into(),
    ];
    all.extend(account::samples::samples().into_iter().map(Error::from));
    for problem in [SecretProblem::Empty, SecretProblem::TooLong, SecretProblem::LineBreak] {
        all.push(
            InstanceError::Secrets(vec![SecretError {
                field: "password".to_owned(),
                problem,
            }])
            .into(),
        );
    }
    for what in [
        What::Store,
        What::Connector,
        What::Instance,
        What::Default,
        What::Secret,
        What::Workspace,
        What::ServiceInstance,
        What::Token,
        What::Audit,
        What::Account,
        What::Application,
        What::Delivery,
        What::IdempotencyKey,
    ] {
        all.push(
            StoreError::Newer {
                what,
                key: "smtp".to_owned(),
                version: 2,
                known: 1,
            }
            .into(),
        );
    }
    all
}
