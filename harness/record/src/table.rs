//! Rows of parameters as tables: a case with several rows, or cases that share a table, as rows and columns with a case in each cell.
//! What survives what, and which packet is taken when, is read off a table; a list hides what is missing.

use serde::{Deserialize, Serialize};

/// Where a case stands in a table that it shares with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The table's name.
    pub name: String,
    /// Its row in it.
    pub row: String,
    /// Its column in it.
    pub column: String,
}

/// A table of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name: what [`Place::name`] says, or the ID of the one case that it shows.
    pub name: String,
    /// Heads of its columns.
    pub columns: Vec<String>,
    /// Heads of its rows, each with a cell for every column: the index of the case, if there is one.
    pub rows: Vec<(String, Vec<Option<usize>>)>,
}

impl Table {
    /// Cells that hold a case.
    pub fn cells(&self) -> usize {
        self.rows.iter().flat_map(|(_, cells)| cells).flatten().count()
    }
}

/// The tables of these cases, each an ID with its parameters (`SEL-JSR-01@channel=26`) and its place; in the order of their first case.
/// A case with one parameter, or none, is a row; of one with more, the values of the first are the rows.
pub fn tables<'a>(cases: impl IntoIterator<Item = (&'a str, Option<&'a Place>)>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for (index, (id, place)) in cases.into_iter().enumerate() {
        let (base, values) = values(id);
        let (name, row, column) = match (place, values.as_slice()) {
            (Some(place), _) => (place.name.as_str(), place.row.as_str(), place.column.clone()),
            (None, []) => continue,
            (None, [(_, only)]) => (base, base, (*only).to_owned()),
            (None, [(_, first), others @ ..]) => (base, *first, joined(others)),
        };
        let at = tables.iter().position(|table| table.name == name).unwrap_or(tables.len());
        if at == tables.len() {
            tables.push(Table { name: name.to_owned(), columns: Vec::new(), rows: Vec::new() });
        }
        put(&mut tables[at], row, column, index);
    }
    tables.retain(|table| table.cells() > 1);
    tables
}

fn put(table: &mut Table, row: &str, column: String, index: usize) {
    let column = table.columns.iter().position(|known| *known == column).unwrap_or_else(|| {
        table.columns.push(column);
        table.rows.iter_mut().for_each(|(_, cells)| cells.push(None));
        table.columns.len() - 1
    });
    let row = table.rows.iter().position(|(known, _)| known == row).unwrap_or_else(|| {
        table.rows.push((row.to_owned(), vec![None; table.columns.len()]));
        table.rows.len() - 1
    });
    table.rows[row].1[column] = Some(index);
}

/// The ID without parameters, and its parameters with their values.
fn values(id: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((base, row)) = id.split_once('@') else { return (id, Vec::new()) };
    // A run that repeats its cases counts them behind the parameters.
    let row = row.split('+').next().unwrap_or(row);
    (base, row.split(',').filter_map(|value| value.split_once('=')).collect())
}

fn joined(values: &[(&str, &str)]) -> String {
    values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_that_share_a_table_are_its_rows_and_a_case_with_parameters_is_one_of_its_own() {
        let place = |row: &str, column: &str| Place {
            name: "survival".to_owned(),
            row: row.to_owned(),
            column: column.to_owned(),
        };
        let places =
            [place("key", "reset"), place("key", "power"), place("anchor", "power"), place("anchor", "update")];
        let cases = [
            ("A-01@event=reset", Some(&places[0])),
            ("A-01@event=power", Some(&places[1])),
            ("B-01", None),
            ("A-02@event=power", Some(&places[2])),
            ("A-03", Some(&places[3])),
            ("C-01@channel=11,loss=0", None),
            ("C-01@channel=11,loss=10+2", None),
            ("C-01@channel=26,loss=10", None),
            ("D-01@octets=16", None),
        ];
        let tables = tables(cases);
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["survival", "C-01"], "one cell is no table");
        assert_eq!(tables[0].columns, ["reset", "power", "update"]);
        assert_eq!(
            tables[0].rows,
            [("key".to_owned(), vec![Some(0), Some(1), None]), ("anchor".to_owned(), vec![None, Some(3), Some(4)])]
        );
        assert_eq!(tables[1].columns, ["0", "10"]);
        assert_eq!(tables[1].rows[1], ("26".to_owned(), vec![None, Some(7)]));
        assert_eq!(tables[1].cells(), 3);
    }
}
