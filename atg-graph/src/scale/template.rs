//! [`Template`]: what there is to copy.

use std::ops::Range;

use atg_core::{GraphReader, NodeFilter, ResourceId, Result};
use futures::TryStreamExt;

use super::references::References;
use super::subscriptions::Subscriptions;

/// What a scale-up copies: all that was read and lives in a subscription.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) subscriptions: Subscriptions,
    pub(super) nodes: u64,
    references: References,
}

/// Where an id lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// In a subscription of the template.
    Template,
    /// In a subscription that is no part of it: a copy's.
    Elsewhere,
    /// In none: a part of the world that the copies share.
    Shared,
}

impl Template {
    /// Reads once which subscriptions and how many nodes there are.
    pub(super) async fn survey<R: GraphReader>(reader: &R) -> Result<Self> {
        let (mut subscriptions, mut count) = (Subscriptions::default(), 0);
        let mut nodes = reader.nodes(read_only_filter(), None);
        while let Some(node) = nodes.try_next().await? {
            if let Some(subscription) = subscription_of(&node.id) {
                subscriptions.add(subscription);
                count += 1;
            }
        }
        Ok(Self { subscriptions, nodes: count, references: References::new()? })
    }

    /// Where an id lives.
    pub(super) fn home(&self, id: &ResourceId) -> Home {
        match subscription_of(id) {
            None => Home::Shared,
            Some(subscription) if self.subscriptions.number(subscription).is_some() => {
                Home::Template
            }
            Some(_) => Home::Elsewhere,
        }
    }

    /// Every place where a text refers to a subscription of the template, with its number.
    pub(super) fn references<'t>(
        &'t self,
        text: &'t str,
    ) -> impl Iterator<Item = (Range<usize>, usize)> + 't {
        self.references.find(text, |id| self.subscriptions.number(id))
    }

    /// The same for subscriptions that `known` knows.
    pub(super) fn references_to<'t, T: 't>(
        &'t self,
        text: &'t str,
        known: impl Fn(&str) -> Option<T> + 't,
    ) -> impl Iterator<Item = (Range<usize>, T)> + 't {
        self.references.find(text, known)
    }
}

/// The nodes that were read, as opposed to made.
pub(super) fn read_only_filter() -> NodeFilter {
    NodeFilter { synthetic: Some(false), ..NodeFilter::default() }
}

/// The subscription an id lives in, lower case. One that no reference in JSON could be told to
/// end with counts as none: what lives in it is shared, not copied.
pub(super) fn subscription_of(id: &ResourceId) -> Option<&str> {
    let subscription = id.key().strip_prefix("/subscriptions/")?.split('/').next()?;
    (!subscription.is_empty() && !subscription.contains(['"', '\\'])).then_some(subscription)
}
