//! The judge without a rack: small cases and logs, one claim a test.

mod builder;
mod losses;
mod orders;
mod properties;
mod rules;
