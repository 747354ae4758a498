//! The scopes of an [`AzureSource`](super::AzureSource), and their names.

use std::sync::Arc;

use atg_core::{Error, ErrorKind, Result, Scope};

use crate::query::{GraphTable, Partition};

/// What a scope of an [`AzureSource`](super::AzureSource) reads. Its name says it all, so that
/// a scope can be restarted from its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AzureScope {
    /// Rows of a Resource Graph table.
    Rows {
        /// The subscriptions that are asked about; empty for the whole tenant.
        subscriptions: Arc<[String]>,
        /// The table.
        table: GraphTable,
        /// The part of the table.
        partition: Partition,
    },
    /// One type in one subscription, by its own listing.
    Listing {
        /// The subscription.
        subscription: String,
        /// The canonical type.
        resource_type: String,
    },
}

impl AzureScope {
    pub(super) fn containers(subscriptions: Arc<[String]>) -> Self {
        Self::Rows {
            subscriptions,
            table: GraphTable::ResourceContainers,
            partition: Partition::WHOLE,
        }
    }

    pub(super) fn partition(subscriptions: Arc<[String]>, partition: Partition) -> Self {
        Self::Rows { subscriptions, table: GraphTable::Resources, partition }
    }

    pub(super) fn listing(subscription: &str, resource_type: &str) -> Self {
        Self::Listing {
            subscription: subscription.to_owned(),
            resource_type: resource_type.to_owned(),
        }
    }

    /// The scope by name: `graph/resources/3of40/{subscriptions or tenant}`,
    /// `list/{subscription}/{type}`.
    pub(super) fn to_scope(&self, estimate: Option<u64>) -> Scope {
        let name = match self {
            Self::Rows { subscriptions, table, partition } => {
                let asked = if subscriptions.is_empty() {
                    "tenant".to_owned()
                } else {
                    subscriptions.join(",")
                };
                let Partition { index, of } = partition;
                format!("graph/{}/{index}of{of}/{asked}", table.name())
            }
            Self::Listing { subscription, resource_type } => {
                format!("list/{subscription}/{resource_type}")
            }
        };
        Scope { name: name.into(), estimate }
    }

    /// The scope that a name stands for.
    ///
    /// # Errors
    /// `InvalidInput` where the name is not one that this source gives.
    pub fn from_scope(scope: &Scope) -> Result<Self> {
        Self::parse(&scope.name).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                "read scope",
                format!("{:?} is no scope of an Azure source", scope.name),
            )
        })
    }

    fn parse(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('/')?;
        let (first, rest) = rest.split_once('/')?;
        if kind == "list" {
            return Some(Self::listing(first, rest));
        }
        let table = [GraphTable::Resources, GraphTable::ResourceContainers]
            .into_iter()
            .find(|table| kind == "graph" && table.name() == first)?;
        let (partition, asked) = rest.split_once('/')?;
        let (index, of) = partition.split_once("of")?;
        let subscriptions = match asked {
            "tenant" => Vec::new(),
            list => list.split(',').map(ToOwned::to_owned).collect(),
        };
        Some(Self::Rows {
            subscriptions: subscriptions.into(),
            table,
            partition: Partition { index: index.parse().ok()?, of: of.parse().ok()? },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AzureScope;
    use crate::query::Partition;
    use atg_core::Scope;

    #[test]
    fn a_scope_is_found_again_by_its_name() {
        let partition = Partition { index: 3, of: 40 };
        for scope in [
            AzureScope::containers([].into()),
            AzureScope::partition(["a".to_owned(), "b".to_owned()].into(), partition),
            AzureScope::listing("s", "microsoft.x/y/z"),
        ] {
            assert_eq!(AzureScope::from_scope(&scope.to_scope(None)).unwrap(), scope);
        }
        for name in ["", "graph/x/0of1/tenant", "graph/resources/xof1/tenant", "a/b/c"] {
            assert!(AzureScope::from_scope(&Scope::new(name)).is_err(), "{name}");
        }
    }
}
