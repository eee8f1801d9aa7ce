//! The form `grid: COLUMNSxROWS`: a rectangle of places, each of which hears those beside, above and below it.
//!
//! Places are named `r1c1` (row, column) from the upper left corner, but for those where the 6LBR and the device stand:
//! `lbr` in the first corner and `dut` in the last one, unless `lbr=r3c2` or `dut=r5c5` puts them elsewhere. The CT is on
//! the backbone of the border router. A device that is the border router itself stands where `lbr` would.

use std::ops::Range;

use super::text::{MOST_BOARDS, TopologyFault, fault, words};
use crate::plan::Role;

const HELP: &str = "write `grid: 5x4` (columns, rows), perhaps with `lbr=r1c1` and `dut=r4c5` behind it";

/// The boards of a grid in their order, and who hears whom (indices).
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) names: Vec<String>,
    pub(super) links: Vec<(usize, usize)>,
}

/// Reads what stands behind `grid:`, which begins at octet `offset` of the topology's text.
pub(super) fn read(text: &str, offset: usize, dut_role: Role) -> Result<Grid, Vec<TopologyFault>> {
    let words = words(text, offset);
    let Some(((size, place), more)) = words.split_first() else {
        return Err(vec![fault(offset..offset + text.len(), "the grid has no size", HELP)]);
    };
    let parsed = size.split_once('x').and_then(|(columns, rows)| Some((number(columns)?, number(rows)?)));
    let Some((columns, rows)) = parsed else {
        return Err(vec![fault(place.clone(), format!("`{size}` is no size of a grid"), HELP)]);
    };
    let places = columns.saturating_mul(rows);
    if !(2..MOST_BOARDS).contains(&places) {
        let message = match places {
            0 | 1 => "a grid has at least two places".to_owned(),
            _ => format!("{places} boards and the CT are more than {MOST_BOARDS}"),
        };
        return Err(vec![fault(place.clone(), message, HELP)]);
    }
    let border = if dut_role == Role::BorderRouter { "dut" } else { "lbr" };
    let mut standing: Vec<(&str, usize, Range<usize>)> = Vec::new();
    for (word, place) in more {
        let known = word.split_once('=').filter(|(name, _)| *name == "dut" || *name == border);
        let Some((name, at)) = known.filter(|(name, _)| standing.iter().all(|(other, ..)| other != name)) else {
            return Err(vec![fault(place.clone(), format!("`{word}` says nothing about this grid"), HELP)]);
        };
        let Some(at) = at_place(at, columns, rows) else {
            return Err(vec![fault(place.clone(), format!("`{at}` is no place of this grid"), HELP)]);
        };
        standing.push((name, at, place.clone()));
    }
    for (name, at) in [(border, 0), ("dut", places - 1)] {
        if standing.iter().all(|(other, ..)| *other != name) {
            standing.push((name, at, place.clone()));
        }
    }
    if let [(_, first, _), (_, second, place)] = standing.as_slice()
        && first == second
    {
        return Err(vec![fault(place.clone(), "two boards stand at one place", HELP)]);
    }
    let name = |at: usize| {
        let standing = standing.iter().find(|(_, place, _)| *place == at).map(|(name, ..)| (*name).to_owned());
        standing.unwrap_or_else(|| format!("r{}c{}", at / columns + 1, at % columns + 1))
    };
    // The CT is the first board.
    let names: Vec<String> = std::iter::once("ct".to_owned()).chain((0..places).map(name)).collect();
    let mut links: Vec<(usize, usize)> =
        names.iter().position(|name| name == border).map(|border| (0, border)).into_iter().collect();
    for at in 0..places {
        if at % columns + 1 < columns {
            links.push((at + 1, at + 2));
        }
        if at + columns < places {
            links.push((at + 1, at + 1 + columns));
        }
    }
    Ok(Grid { names, links })
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| *number > 0)
}

/// `r2c3` as an index, row by row.
fn at_place(text: &str, columns: usize, rows: usize) -> Option<usize> {
    let (row, column) = text.strip_prefix('r')?.split_once('c')?;
    let (row, column) = (number(row)?, number(column)?);
    (row <= rows && column <= columns).then(|| (row - 1) * columns + column - 1)
}
