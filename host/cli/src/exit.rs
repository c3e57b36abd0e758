//! The exit status, which is all that many callers look at.

use std::process::ExitCode;

use relais_router::Error;
use relais_sandbox::Kind;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 0: done.
    Done,
    /// 1: the work failed, or nobody knows whether a mail left.
    Failed,
    /// 2: what was asked for is wrong. Nothing was stored and nothing sent.
    BadInput,
    /// 75: nothing was sent, and the same command may work later (`EX_TEMPFAIL` of `sysexits.h`).
    TryAgain,
}

impl Status {
    /// The number that the caller sees.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::BadInput => 2,
            Self::TryAgain => 75,
        }
    }

    /// For an error of the router in any command but `send`.
    pub fn of(error: &Error) -> Self {
        if error.bad_input() {
            Self::BadInput
        } else {
            Self::Failed
        }
    }

    /// For a mail that was accepted and has not left, where a caller wants to know whether it may yet.
    pub fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Temporary | Kind::Throttled | Kind::Unreachable | Kind::Timeout => Self::TryAgain,
            Kind::Configuration
            | Kind::Authentication
            | Kind::Rejected
            | Kind::TooLarge
            | Kind::UnknownOutcome
            | Kind::Other => Self::Failed,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.number())
    }
}

#[cfg(test)]
mod tests {
    use relais_router::{Error, ServiceError};

    use super::*;

    #[test]
    fn only_what_may_work_later_asks_to_try_again() {
        for kind in [Kind::Temporary, Kind::Throttled, Kind::Unreachable, Kind::Timeout] {
            assert_eq!(Status::of_kind(kind).number(), 75, "{kind}");
        }
        for kind in [
            Kind::Rejected,
            Kind::Authentication,
            Kind::Configuration,
            Kind::TooLarge,
            Kind::Other,
        ] {
            assert_eq!(Status::of_kind(kind).number(), 1, "{kind}");
        }
    }

    #[test]
    fn a_mail_that_may_have_left_is_never_offered_for_another_try() {
        assert_eq!(Status::of_kind(Kind::UnknownOutcome), Status::Failed);
    }

    #[test]
    fn bad_input_is_2() {
        let unknown: Error = ServiceError::Unknown { name: "fax".to_owned() }.into();
        assert_eq!(Status::of(&unknown).number(), 2);
    }
}
