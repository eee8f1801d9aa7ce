//! What stops a command before it has a result: the user's mistakes (exit 2) apart from ours and the machine's (exit 4).

use miette::Diagnostic;
use thiserror::Error;

use crate::exit::Exit;

/// Why a command could not be carried out.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Failure {
    /// Files that a person wrote are wrong.
    #[error("mistakes in what was given: {}", .0.len())]
    Input(Vec<input::Fault>),
    /// Anything else that the user can mend.
    #[error("{message}")]
    #[diagnostic()]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// A stored run that is not as it was written.
    #[error("{0}")]
    Altered(String),
    /// A selection that holds nothing.
    #[error("{message}")]
    Nothing {
        /// What was selected.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// The tester or the machine it runs on broke.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub(crate) fn usage_with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// The exit code that goes with it.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Input(_) | Self::Usage { .. } => Exit::Usage,
            Self::Altered(_) => Exit::Differs,
            Self::Nothing { .. } => Exit::Nothing,
            Self::Broken(_) => Exit::Error,
        }
    }
}

impl From<input::Fault> for Failure {
    fn from(fault: input::Fault) -> Self {
        Self::Input(vec![fault])
    }
}

impl From<Vec<input::Fault>> for Failure {
    fn from(faults: Vec<input::Fault>) -> Self {
        Self::Input(faults)
    }
}
