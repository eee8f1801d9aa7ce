//! Case IDs name folders: nothing else may stand in them than what every file system and shell takes as it is.

use std::fmt;

/// A case ID with its parameter row and, from the second attempt on, its number, e.g. `SEL-JSR-01@channel=26+2`: 1 to 160
/// of `A-Z a-z 0-9 . _ @ = , + -`, the first a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(String);

impl CaseId {
    /// Checks an ID.
    ///
    /// # Errors
    /// [`CaseIdError`] with what is wrong.
    pub fn new(text: &str) -> Result<Self, CaseIdError> {
        let fault = |reason| Err(CaseIdError { id: text.to_owned(), reason });
        if text.is_empty() {
            return fault("it is empty");
        }
        if text.len() > 160 {
            return fault("it is longer than 160 characters");
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return fault("it must begin with a letter or a digit");
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "._@=,+-".contains(c)) {
            return fault("only letters, digits and `. _ @ = , + -` may stand in it");
        }
        Ok(Self(text.to_owned()))
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ID of the `attempt`-th attempt at a case, from 1: the first bears the case's own.
pub fn of_attempt(id: &str, attempt: u32) -> String {
    if attempt <= 1 { id.to_owned() } else { format!("{id}+{attempt}") }
}

/// The case that an ID is an attempt at, and which one.
pub fn attempt(id: &str) -> (&str, u32) {
    let numbered = id.rsplit_once('+').and_then(|(case, number)| Some((case, number.parse().ok()?)));
    numbered.filter(|(_, number)| *number > 1).unwrap_or((id, 1))
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no case ID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is no case ID: {reason}")]
pub struct CaseIdError {
    /// The text.
    pub id: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_parameter_rows_are_taken() {
        for id in ["SEL-JSR-01", "SEL-JSR-01@channel=26", "A@b=1,c=x.y_z", "7"] {
            assert_eq!(CaseId::new(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn an_attempt_is_told_from_its_case() {
        for id in ["SEL-JSR-01", "SEL-JSR-01@channel=26"] {
            for number in [1, 2, 30] {
                assert_eq!(attempt(CaseId::new(&of_attempt(id, number)).unwrap().as_str()), (id, number));
            }
        }
    }

    #[test]
    fn nothing_that_leaves_its_folder_or_hides_is_taken() {
        let long = "x".repeat(161);
        for id in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-rf", "a b", "a\0", "é", "a:b", &long] {
            assert!(CaseId::new(id).is_err(), "{id:?}");
        }
    }
}
