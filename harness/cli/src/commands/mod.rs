//! One file for each subcommand.

pub(crate) mod check;
mod check_monitors;
mod clock;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod discover;
pub(crate) mod dissect;
mod dissect_fields;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod explore;
pub(crate) mod flash;
mod frame_end;
pub(crate) mod judge;
mod key_file;
pub(crate) mod list;
pub(crate) mod mutants;
pub(crate) mod pics;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sniff;
mod tested;
pub(crate) mod unbiased;
pub(crate) mod variants;
pub(crate) mod varied;
