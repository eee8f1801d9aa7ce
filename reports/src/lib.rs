//! JUnit, HTML and ladder diagrams of a run; never recomputes a verdict.
