use super::{NodeId, Rule, RuleSet, RuleSetBuilder, Target, TypeKey};

fn place(rules: &RuleSet, steps: &[&str]) -> NodeId {
    steps.iter().fold(NodeId::ROOT, |at, step| match *step {
        "[]" => rules.trie().elements(at),
        name => rules.trie().member(at, name),
    })
}

fn relation(rules: &RuleSet, source: &str, steps: &[&str]) -> Option<String> {
    let found = rules.find(place(rules, steps), rules.type_key(source));
    found.map(|rule| rule.relation.as_str().to_owned())
}

#[test]
fn the_standard_rules_are_all_there() {
    let rules = RuleSetBuilder::standard().build().unwrap();
    assert_eq!(rules.rules().len(), 116);
    for rule in rules.rules() {
        assert_eq!(rule.source, rule.source.to_lowercase().as_str(), "{rule:?}");
        if !rule.path.contains("{key}") {
            let steps: Vec<_> = rule.path.split('.').flat_map(split_elements).collect();
            let found = rules.find(place(&rules, &steps), rules.type_key(&rule.source));
            assert_eq!(found, Some(rule));
        }
    }
}

fn split_elements(word: &str) -> Vec<&str> {
    let name = word.trim_end_matches("[]");
    let mut steps = vec![name];
    steps.resize(1 + (word.len() - name.len()) / 2, "[]");
    steps
}

#[test]
fn a_types_own_rule_beats_the_rule_for_any_type() {
    let rules = RuleSet::standard();
    assert_eq!(relation(&rules, "microsoft.compute/disks", &["managedBy"]).unwrap(), "ATTACHED_TO");
    assert_eq!(relation(&rules, "contoso.web/shops", &["managedBy"]).unwrap(), "MANAGED_BY");
    assert_eq!(relation(&rules, "contoso.web/shops", &["properties", "scope"]), None);
}

#[test]
fn steps_ignore_case_and_lead_nowhere_from_nowhere() {
    let rules = RuleSet::standard();
    let site = "microsoft.web/sites";
    assert_eq!(relation(&rules, site, &["PROPERTIES", "serverfarmid"]).unwrap(), "RUNS_ON");
    assert_eq!(place(&rules, &["unheard", "of"]), NodeId::NONE);
    assert_eq!(place(&rules, &["properties", "serverFarmId", "[]", "id"]), NodeId::NONE);
    assert_eq!(place(&rules, &[""]), NodeId::NONE);
    assert!(!rules.trie().is_terminal(NodeId::NONE));
}

#[test]
fn any_key_matches_every_name() {
    let rules = RuleSet::standard();
    let keys = rules.trie().any_key(place(&rules, &["identity", "userAssignedIdentities"]));
    assert_eq!(rules.find(keys, TypeKey::default()).unwrap().relation, "USES_IDENTITY");
}

#[test]
fn own_rules_are_added_and_replace() {
    let rules = RuleSet::builder()
        .text(
            "* properties.twin TWIN_OF # both ways\n\n# nothing\nA/b properties.who SEES principal",
        )
        .rule(Rule::new("Microsoft.Web/sites", "properties.serverFarmId", "HOSTED_BY"))
        .build()
        .unwrap();
    assert_eq!(rules.rules().len(), 118);
    let site = "microsoft.web/sites";
    assert_eq!(relation(&rules, site, &["properties", "serverFarmId"]).unwrap(), "HOSTED_BY");
    assert_eq!(relation(&rules, "x/y", &["properties", "twin"]).unwrap(), "TWIN_OF");
    let who = rules.find(place(&rules, &["properties", "who"]), rules.type_key("a/b")).unwrap();
    assert_eq!(who.target, Target::Principal);
}

#[test]
fn a_wrong_rule_is_named() {
    for (text, part) in [
        ("a/b properties.x", "line 1: a rule is"),
        ("\na/b properties.x R what", "line 2: \"what\" is no target"),
        ("a/b properties.x R id more", "\"more\" follows"),
        ("a/b properties..x R", "path \"properties..x\""),
        ("a/b properties.x lower", "upper snake case"),
    ] {
        let error = RuleSetBuilder::new().text(text).build().unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn no_rules_find_nothing() {
    let rules = RuleSet::empty();
    assert_eq!(relation(&rules, "a/b", &["managedBy"]), None);
    assert!(rules.rules().is_empty());
}
