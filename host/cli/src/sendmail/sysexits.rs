//! The exit statuses of sendmail, from `sysexits.h`: all that PHP's `mail()` and a shell script look at.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: safe with Relais.
    Done,
    /// 64 `EX_USAGE`: the command line is wrong, or names what does not exist.
    Usage,
    /// 65 `EX_DATAERR`: the message is wrong.
    Data,
    /// 66 `EX_NOINPUT`: there is no message to read.
    NoInput,
    /// 69 `EX_UNAVAILABLE`: no Relais is set up here.
    Unavailable,
    /// 70 `EX_SOFTWARE`: a fault of Relais.
    Software,
    /// 71 `EX_OSERR`: the system refused something that it should not.
    System,
    /// 73 `EX_CANTCREAT`: the drop folder takes no file.
    CannotCreate,
    /// 74 `EX_IOERR`: reading or writing failed midway.
    Io,
    /// 75 `EX_TEMPFAIL`: not accepted; the same call may work later.
    TryAgain,
    /// 77 `EX_NOPERM`: this user may not send here.
    NotPermitted,
}

impl Exit {
    /// The number that the caller sees.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::System => 71,
            Self::CannotCreate => 73,
            Self::Io => 74,
            Self::TryAgain => 75,
            Self::NotPermitted => 77,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
