//! A generated tenant.
