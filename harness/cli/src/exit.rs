//! Exit codes. They are API: scripts rely on them; never renumber one.

use std::process::ExitCode;

use record::Verdict;

/// What the process says to the one that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything passed, or the command did what it was asked.
    Passed,
    /// A case failed.
    Failed,
    /// Wrong usage or an invalid file.
    Usage,
    /// A case was inconclusive.
    Inconclusive,
    /// A case ended in `error` or did not run, or the tester itself broke.
    Error,
    /// Nothing was selected, or nothing that was selected applies.
    Nothing,
    /// `judge`: the stored verdicts differ, or evidence was altered. `replay`: the evidence differs.
    Differs,
}

impl Exit {
    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Error => 4,
            Self::Nothing => 5,
            Self::Differs => 6,
        }
    }

    /// The exit of a run whose cases ended so: 5, then 1, 4, 3, 0.
    pub(crate) fn of_verdicts(verdicts: &[Verdict]) -> Self {
        let any = |wanted: &[Verdict]| verdicts.iter().any(|verdict| wanted.contains(verdict));
        if verdicts.iter().all(|verdict| *verdict == Verdict::NotApplicable) {
            Self::Nothing
        } else if any(&[Verdict::Fail]) {
            Self::Failed
        } else if any(&[Verdict::Error, Verdict::NotRun]) {
            Self::Error
        } else if any(&[Verdict::Inconclusive]) {
            Self::Inconclusive
        } else {
            Self::Passed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_follow_their_precedence() {
        use Verdict::{Error, Fail, Inconclusive, NotApplicable, NotRun, Pass};
        let code = |verdicts: &[Verdict]| Exit::of_verdicts(verdicts).code();
        assert_eq!(code(&[]), 5);
        assert_eq!(code(&[NotApplicable]), 5);
        assert_eq!(code(&[Pass, NotApplicable]), 0);
        assert_eq!(code(&[Pass, Inconclusive]), 3);
        assert_eq!(code(&[Inconclusive, NotRun]), 4);
        assert_eq!(code(&[Inconclusive, Error]), 4);
        assert_eq!(code(&[Error, Fail, Inconclusive]), 1);
    }
}
