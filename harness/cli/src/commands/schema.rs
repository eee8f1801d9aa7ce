//! `bootrack schema`: JSON Schemas of our file formats, for editors.

use crate::arguments::{Schema, SchemaFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

pub(crate) fn schema(arguments: &Schema) -> Result<Exit, Failure> {
    match arguments.format {
        SchemaFormat::Suite => output::json(&suites::schema::suite()),
    }
    Ok(Exit::Passed)
}
