//! Files that a person wrote (suites, testbeds, PICS, PIXIT, clause ledgers): reading them, and saying what is wrong,
//! where, and what to do.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A text file as it was read, or a built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it, or `built-in NAME`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Reads a file that must be non-empty UTF-8 text.
    ///
    /// # Errors
    /// A [`Fault`] without a span if the file is missing, unreadable, a folder, empty, or not UTF-8 text.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Fault::whole_file(&name, format!("cannot be read: {error}")).with_help("check the path and its permissions")
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            Fault::whole_file(&name, format!("is not UTF-8 text (octet {})", error.utf8_error().valid_up_to()))
                .with_help("this must be a TOML text file; was a binary file named by mistake?")
        })?;
        if text.trim().is_empty() {
            return Err(Fault::whole_file(&name, "is empty").with_help("this must be a TOML text file"));
        }
        if text.contains('\0') {
            return Err(Fault::whole_file(&name, "holds NUL octets")
                .with_help("this must be a TOML text file; was a binary file named by mistake?"));
        }
        Ok(Self { name, text })
    }

    /// A fault at `span` (byte offsets into the text).
    pub fn fault(&self, span: Range<usize>, message: impl Into<String>) -> Fault {
        let end = span.end.min(self.text.len());
        Fault {
            file: self.name.clone(),
            text: Some(self.text.clone()),
            span: Some(span.start.min(end)..end),
            message: message.into(),
            help: None,
        }
    }
}

/// One thing wrong in one file. Shown by `miette` with file, line, column and the text underlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// Its text, if it could be read.
    pub text: Option<String>,
    /// Byte offsets of the offending text.
    pub span: Option<Range<usize>>,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    /// A fault of the file as a whole.
    pub fn whole_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), text: None, span: None, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the offending text, from 1.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let before = self.text.as_ref()?.get(..self.span.as_ref()?.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Some((line, column))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line_column() {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span))))
    }
}

impl Fault {
    /// The text under the file's name, for a report that prints the name in its frame.
    pub fn named_source(&self) -> Option<NamedSource<String>> {
        self.text.as_ref().map(|text| NamedSource::new(&self.file, text.clone()))
    }
}

/// The candidate nearest to a misspelt name, if one is near enough to be worth showing.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_line_and_column_of_its_span() {
        let source = Source { name: "s.toml".into(), text: "a = 1\nbad = 2\n".into() };
        let fault = source.fault(6..9, "unknown key `bad`");
        assert_eq!(fault.to_string(), "s.toml:2:1: unknown key `bad`");
    }

    #[test]
    fn missing_empty_and_binary_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        assert!(Source::read(&path).unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&path, "  \n").unwrap();
        assert!(Source::read(&path).unwrap_err().to_string().ends_with("is empty"));
        std::fs::write(&path, [0x7f, b'E', b'L', b'F', 0xff]).unwrap();
        assert!(Source::read(&path).unwrap_err().to_string().contains("not UTF-8"));
        std::fs::write(&path, [b'a', 0]).unwrap();
        assert!(Source::read(&path).unwrap_err().to_string().contains("NUL"));
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("sel.statsu", ["sel.status", "ipv6.hlim"]), Some("sel.status"));
        assert_eq!(nearest("zzz", ["sel.status", "ipv6.hlim"]), None);
    }
}
