//! Relationship rules as data.
