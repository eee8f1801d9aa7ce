//! Plan to actions, judge, record.
