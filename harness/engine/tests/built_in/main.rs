//! The built-in suites, run on the built-in testbed: what verdicts rest on, what results say.

mod census;
mod common;
mod endings;
mod lossy;
mod monitors;
mod orders;
mod report_summaries;
mod states;
mod strip;
