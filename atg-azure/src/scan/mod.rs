//! One pass over the raw JSON of an answer.
