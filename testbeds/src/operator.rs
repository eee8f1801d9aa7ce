//! An operator's hands: what a rack cannot do itself it asks a person for, or a program that stands for one.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use crate::connection::{HookError, hook};

/// Who does what a case asks an operator to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// Whoever sits at the terminal.
    Terminal,
    /// A command, which gets the text as its last argument and ends with status 0 when it is done.
    Command(Vec<String>),
}

/// Why an operator did not do what he was asked.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Nobody can be asked.
    #[error("there is no terminal to ask at")]
    NoTerminal,
    /// The answer cannot be read.
    #[error(transparent)]
    Terminal(#[from] io::Error),
    /// He says why not.
    #[error("the operator says: {0}")]
    Refused(String),
    /// The command that stands for him.
    #[error(transparent)]
    Command(#[from] HookError),
}

/// Cases that run side by side ask one after the other.
static TERMINAL: Mutex<()> = Mutex::new(());

impl Operator {
    /// Asks, and waits until it is done.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub(crate) fn ask(&self, text: &str) -> Result<(), OperatorError> {
        match self {
            Self::Command(words) => {
                let words: Vec<String> = words.iter().cloned().chain([text.to_owned()]).collect();
                Ok(hook::run(&words)?)
            }
            Self::Terminal => {
                let _alone = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
                if !std::io::stdin().is_terminal() {
                    return Err(OperatorError::NoTerminal);
                }
                eprint!("operator: {text}\n  done? [Enter, or why not] ");
                let _ = std::io::stderr().flush();
                let mut answer = String::new();
                std::io::stdin().lock().read_line(&mut answer)?;
                match answer.trim() {
                    "" => Ok(()),
                    why => Err(OperatorError::Refused(why.to_owned())),
                }
            }
        }
    }
}
