//! Relationship rules as data: which member of which type's record names which other node.
//!
//! A [`RuleSet`] is compiled into a trie over path steps that the scanner walks while it
//! descends into a record, so that no path is ever put together to be looked up.

mod parse;
mod target;
mod trie;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use atg_core::{Error, ErrorKind, Result, Text, relation_problem};
use foldhash::fast::RandomState;

pub use target::Target;
pub(crate) use target::{host_of, is_guid, without_child};
pub(crate) use trie::NodeId;
use trie::Trie;

/// The source type that stands for every type.
pub const ANY_TYPE: &str = "*";

/// One rule: in records of type `source`, the value at `path` names a node.
///
/// ```
/// use atg_azure::rules::{Rule, Target};
/// let rule = Rule::new("Contoso.Web/shops", "properties.warehouses[].id", "SUPPLIED_BY")
///     .with_target(Target::ArmId);
/// assert_eq!(rule.source, "contoso.web/shops");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The canonical type whose records have the member, lower case; [`ANY_TYPE`] for every type
    /// that has no rule of its own at the path.
    pub source: Text,
    /// Member names joined by dots, as the type spells them; `[]` for every element of an array,
    /// `{key}` for every name of an object: `properties.ipConfigurations[].properties.subnet.id`.
    pub path: Text,
    /// The relationship's type, upper snake case: `IN_SUBNET`.
    pub relation: Text,
    /// What the value is.
    pub target: Target,
}

impl Rule {
    /// A rule whose values are ids of resources.
    pub fn new(source: &str, path: impl Into<Text>, relation: impl Into<Text>) -> Self {
        Self {
            source: atg_core::lowercase_type(source).into(),
            path: path.into(),
            relation: relation.into(),
            target: Target::ArmId,
        }
    }

    /// The same rule with another kind of value.
    #[must_use]
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }
}

/// Rules compiled for the scanner. Immutable; share it by [`Arc`].
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    types: HashMap<Text, TypeKey, RandomState>,
    trie: Trie,
    captures: Captures,
}

/// A type that some rule names, as a small number; 0 for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TypeKey(u32);

/// Members that become columns though they stand inside another member; found by the same walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Captures {
    pub(crate) provisioning_state: NodeId,
    pub(crate) sku_name: NodeId,
    pub(crate) name_value: NodeId,
}

impl RuleSet {
    /// The rules that come with the crate; compiled once for the whole program.
    pub fn standard() -> Arc<Self> {
        static STANDARD: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
            // The table is a part of the program and a test reads it, so this cannot fail.
            Arc::new(RuleSetBuilder::standard().build().unwrap_or_else(|_| RuleSet::empty()))
        });
        Arc::clone(&STANDARD)
    }

    /// No rules: every value that is an id becomes a `REFERENCES`.
    pub fn empty() -> Self {
        Self::compile(Vec::new(), Trie::default())
    }

    /// A builder that starts with the standard rules.
    pub fn builder() -> RuleSetBuilder {
        RuleSetBuilder::standard()
    }

    /// The rules, in the order they were added.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }

    pub(crate) fn captures(&self) -> Captures {
        self.captures
    }

    /// The number of a canonical type.
    pub(crate) fn type_key(&self, canonical: &str) -> TypeKey {
        self.types.get(canonical).copied().unwrap_or_default()
    }

    /// The rule for records of a type at a place: the type's own, else the one for any type.
    pub(crate) fn find(&self, node: NodeId, source: TypeKey) -> Option<&Rule> {
        let here = self.trie.rules_at(node);
        let of = |wanted| here.iter().find(|(key, _)| *key == wanted);
        let (_, index) = of(source).or_else(|| of(TypeKey::default()))?;
        self.rules.get(*index)
    }

    fn compile(rules: Vec<Rule>, mut trie: Trie) -> Self {
        let mut types = HashMap::<Text, TypeKey, RandomState>::default();
        for (index, rule) in rules.iter().enumerate() {
            let next = TypeKey(u32::try_from(types.len()).unwrap_or(u32::MAX).saturating_add(1));
            let key = match rule.source.as_str() {
                ANY_TYPE => TypeKey::default(),
                _ => *types.entry(rule.source.clone()).or_insert(next),
            };
            let node = trie.insert(&rule.path);
            trie.add_rule(node, key, index);
        }
        let mut capture = |path| {
            let node = trie.insert(path);
            trie.mark(node);
            node
        };
        let captures = Captures {
            provisioning_state: capture("properties.provisioningState"),
            sku_name: capture("sku.name"),
            name_value: capture("name.value"),
        };
        trie.index();
        Self { rules, types, trie, captures }
    }
}

/// Collects rules and compiles them. A rule replaces an earlier one with the same source and
/// path.
#[derive(Debug, Clone, Default)]
pub struct RuleSetBuilder {
    rules: Vec<Rule>,
    problem: Option<String>,
}

impl RuleSetBuilder {
    /// Starts with no rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with the standard rules.
    pub fn standard() -> Self {
        Self::new().text(include_str!("table.txt"))
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        if let Some(problem) = relation_problem(&rule.relation) {
            self.note(format!("{:?}: {problem}", &*rule.relation));
        } else if let Some(problem) = Trie::path_problem(&rule.path) {
            self.note(format!("path {:?}: {problem}", &*rule.path));
        }
        let same = |old: &Rule| old.source == rule.source && old.path == rule.path;
        match self.rules.iter().position(same) {
            Some(index) => self.rules.splice(index..=index, [rule]).for_each(drop),
            None => self.rules.push(rule),
        }
        self
    }

    /// Adds rules from text, one a line: `source-type path RELATION [target]`, where the target
    /// is a name of [`Target`]; `#` starts a comment.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for (index, line) in text.lines().enumerate() {
            match parse::line(line) {
                Ok(Some(rule)) => self = self.rule(rule),
                Ok(None) => {}
                Err(why) => self.note(format!("line {}: {why}", index + 1)),
            }
        }
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// `InvalidInput` naming the first rule that is wrong, and why.
    pub fn build(self) -> Result<RuleSet> {
        match self.problem {
            Some(why) => Err(Error::new(ErrorKind::InvalidInput, "build rules", why)),
            None => Ok(RuleSet::compile(self.rules, Trie::default())),
        }
    }

    fn note(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

#[cfg(test)]
mod tests;
