//! The evidence: events, verdicts, the run bundle on disk, pcapng.
