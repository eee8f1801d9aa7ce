//! The table of mutants, which is in the crate that plays them, so that sources need not be compiled again for it: one line each, fields apart by tabulators, in the order of their numbers from 1.

/// One mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, as [`crate::Choice::Mutant`] takes it.
    pub number: u32,
    /// The source file, from the root of the project.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// The class of the operator.
    pub class: String,
    /// The operator.
    pub operator: String,
    /// The function that the place is in, with the type that it is of.
    pub function: String,
    /// What stands there.
    pub before: String,
    /// What stands there in the mutant.
    pub after: String,
    /// Among mutants of this file that are alike in all but the line, counted from 0.
    pub ordinal: usize,
}

impl Entry {
    /// Names the mutant for as long as its function says the same, whatever moves around it.
    pub fn key(&self) -> String {
        let Self { file, function, operator, before, after, ordinal, .. } = self;
        format!("{file} | {function} | {operator} | {before} | {after} | {ordinal}")
    }

    /// `file:line:column`.
    pub fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }

    pub(crate) fn parse(number: u32, line: &str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::to_owned);
        Some(Self {
            number,
            file: fields.next()?,
            line: fields.next()?.parse().ok()?,
            column: fields.next()?.parse().ok()?,
            class: fields.next()?,
            operator: fields.next()?,
            function: fields.next()?,
            before: fields.next()?,
            after: fields.next()?,
            ordinal: fields.next()?.parse().ok()?,
        })
    }

    /// The line of the table.
    pub fn to_line(&self) -> String {
        let Self { file, line, column, class, operator, function, before, after, ordinal, .. } = self;
        format!("{file}\t{line}\t{column}\t{class}\t{operator}\t{function}\t{before}\t{after}\t{ordinal}")
    }
}

/// Reads a table; the mutant of number `n` comes to stand at `n - 1`.
pub fn read(text: &str) -> Vec<Entry> {
    let lines = text.lines().filter(|line| !line.is_empty());
    (1..).zip(lines).filter_map(|(number, line)| Entry::parse(number, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let entry = Entry {
            number: 1,
            file: "a/b.rs".to_owned(),
            line: 3,
            column: 9,
            class: "comparison".to_owned(),
            operator: "moved".to_owned(),
            function: "T::f".to_owned(),
            before: "a < b".to_owned(),
            after: "a <= b".to_owned(),
            ordinal: 0,
        };
        assert_eq!(Entry::parse(1, &entry.to_line()), Some(entry));
    }
}
