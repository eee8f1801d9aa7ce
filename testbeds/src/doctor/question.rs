//! What becomes of the doctor's questions to boards that are not answered as they should be.

use std::time::Duration;

use crate::rack::RackError;

/// Why a question of the doctor's has no answer that helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unanswered {
    /// The rack cannot ask it.
    #[error(transparent)]
    Rack(#[from] RackError),
    /// A board is gone meanwhile.
    #[error("`{board}` is lost: {reason}")]
    Lost {
        /// Which.
        board: String,
        /// Why.
        reason: String,
    },
    /// The tester itself fails meanwhile.
    #[error("{part}: {reason}")]
    Tester {
        /// Which part of it.
        part: String,
        /// Why.
        reason: String,
    },
    /// No answer comes.
    #[error("no answer to `{command}` within {} s", within.as_secs())]
    Silent {
        /// What was asked.
        command: String,
        /// For how long it was waited.
        within: Duration,
    },
    /// The answer is not `ok`.
    #[error("it answers `{status}` to `{command}`{}", code.as_ref().map_or_else(String::new, |code| format!(", {code}")))]
    Refused {
        /// What was asked.
        command: String,
        /// The status of the answer.
        status: String,
        /// Its code, if it has one.
        code: Option<String>,
    },
    /// The answer has no status.
    #[error("its answer to `{command}` is no UT/1")]
    NoUpperTester {
        /// What was asked.
        command: String,
    },
    /// Nonsense is answered as if it were a command.
    #[error("it answers `{status}` to nonsense")]
    NotNonsense {
        /// The status of the answer.
        status: String,
    },
    /// The answer is not what UT/1's table says.
    #[error("{problem}")]
    NotAsDocumented {
        /// What is wrong with it.
        problem: String,
    },
    /// `counters` is answered without the counters that are needed.
    #[error("it does not count `sent` and `no_ack`")]
    NotCounted,
}
