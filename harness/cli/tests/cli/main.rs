//! The `bootrack` command as its users meet it: a process, its exit code, its output and the evidence it leaves.

mod bad_input;
mod blamed;
mod captures;
mod commands;
mod common;
mod containers;
mod determinism;
mod differential;
mod dissect;
mod doctor;
mod exit_codes;
mod fakes;
mod green_by_accident;
mod inputs_contents;
mod judge;
mod killed;
mod liberties;
mod operator;
mod output_folder;
mod quarantine;
mod questionnaire;
mod repeat;
mod reports;
mod resources;
mod sample;
mod tries;
