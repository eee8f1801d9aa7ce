//! Suite loader, plan, procedures, clause ledger, PICS and PIXIT.
