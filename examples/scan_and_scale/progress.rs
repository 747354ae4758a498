//! Progress bars on the terminal.

use std::time::Duration;

use atg_core::pipeline::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::grouped;

/// A bar for one long piece of work; draws nothing when quiet or without a terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(title: &'static str, quiet: bool) -> Self {
        let bar = ProgressBar::new(0);
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{prefix:9} {bar:30} {human_pos}/{human_len} {per_sec:>14}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(title);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows how far a scan is.
    pub(crate) fn scan(&self, progress: &Progress) {
        let expected = progress.expected.unwrap_or(0).max(progress.resources_read);
        self.0.set_length(expected);
        self.0.set_position(progress.resources_read);
        let stage = match progress.stage {
            Stage::Scanning => String::new(),
            stage => format!("{stage}  "),
        };
        self.0.set_message(format!(
            "{stage}nodes {}  relationships {}  waiting {}  requests {}  throttled {}",
            grouped(progress.nodes),
            grouped(progress.relationships),
            grouped(progress.waiting),
            grouped(progress.requests),
            grouped(progress.throttled),
        ));
    }

    /// Shows how far a count is.
    pub(crate) fn count(&self, done: u64, of: u64) {
        self.0.set_length(of.max(done));
        self.0.set_position(done);
    }

    /// The last count.
    pub(crate) fn done(&self) -> u64 {
        self.0.position()
    }

    /// Leaves the bar as it is and goes on below it.
    pub(crate) fn finish(&self) {
        self.0.finish();
    }
}
