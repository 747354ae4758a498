//! Texts that come again and again: a type, a path. Kept from page to page.

use std::collections::{HashMap, HashSet};

use atg_core::{Text, lowercase_type};
use foldhash::fast::RandomState;

use crate::rules::{RuleSet, TypeKey};

/// How many texts of a kind are kept; beyond, they start anew, so that data cannot grow them.
const MOST: usize = 8192;

/// A canonical type and its number in the rules.
#[derive(Debug, Clone)]
pub(super) struct KnownType {
    pub(super) text: Text,
    pub(super) key: TypeKey,
}

/// The texts seen before.
#[derive(Debug, Default)]
pub(super) struct Interned {
    types: HashMap<Text, KnownType, RandomState>,
    paths: HashSet<Text, RandomState>,
}

impl Interned {
    /// The canonical form of a type as a record spells it.
    pub(super) fn type_of(&mut self, spelled: &str, rules: &RuleSet) -> KnownType {
        if let Some(known) = self.types.get(spelled) {
            return known.clone();
        }
        if self.types.len() >= MOST {
            self.types.clear();
        }
        let text = Text::from(lowercase_type(spelled));
        let known = KnownType { key: rules.type_key(&text), text };
        self.types.insert(spelled.into(), known.clone());
        known
    }

    /// A path that shares its buffer with every equal one.
    pub(super) fn path(&mut self, path: &str) -> Text {
        if let Some(known) = self.paths.get(path) {
            return known.clone();
        }
        if self.paths.len() >= MOST {
            self.paths.clear();
        }
        let text = Text::from(path);
        self.paths.insert(text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Interned, MOST};
    use crate::rules::RuleSet;

    #[test]
    fn equal_texts_share_and_the_tables_stay_bounded() {
        let (rules, mut interned) = (RuleSet::standard(), Interned::default());
        let one = interned.type_of("Microsoft.Web/Sites", &rules);
        assert_eq!(one.text, "microsoft.web/sites");
        assert_eq!(
            interned.type_of("Microsoft.Web/Sites", &rules).text.as_ptr(),
            one.text.as_ptr()
        );
        let path = interned.path("properties.x");
        assert_eq!(interned.path("properties.x").as_ptr(), path.as_ptr());
        for number in 0..MOST * 2 {
            interned.path(&number.to_string());
            interned.type_of(&number.to_string(), &rules);
        }
        assert!(interned.paths.len() <= MOST && interned.types.len() <= MOST);
    }
}
