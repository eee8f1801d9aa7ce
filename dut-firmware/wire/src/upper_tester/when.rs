//! When commands are valid: the conditions that several of them share.

use super::table::{Stack, When};

/// In each state.
pub const ALWAYS: When = When { states: &[], stack: Stack::Any, words: "always" };
/// Before `manufacture`.
pub const NO_ANCHOR: When = When { states: &["factory"], stack: Stack::Any, words: "no anchor yet" };
/// Until the stack runs.
pub const STOPPED: When = When { states: &[], stack: Stack::Stopped, words: "stack not running" };
/// Once there is a site.
pub const INSTALLED: When =
    When { states: &["installed", "joining", "secured"], stack: Stack::Any, words: "installed" };
/// While no network key is held.
pub const NOT_SECURED: When = When {
    states: &["factory", "manufactured", "installed", "joining"],
    stack: Stack::Any,
    words: "not secured, or the same key again",
};
/// While the stack runs.
pub const RUNNING: When = When { states: &[], stack: Stack::Running, words: "running" };
/// While the stack runs and no network key is held.
pub const RUNNING_NOT_SECURED: When = When {
    states: &["factory", "manufactured", "installed", "joining"],
    stack: Stack::Running,
    words: "running, not secured",
};
