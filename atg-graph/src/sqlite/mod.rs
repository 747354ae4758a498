//! A graph in an SQLite file.
