//! Suites as data: the loader with its diagnostics, the plan, procedures, the clause ledger, PICS and PIXIT.

pub mod plan;
