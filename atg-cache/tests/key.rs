//! Different questions never share a key; the same question always does.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use atg_cache::{CacheKey, Caller};
use atg_core::glob_matches;
use proptest::prelude::*;

/// What a key is made of.
type Inputs = (String, String, String, String, String, Vec<(String, String)>);

fn key((tenant, identity, namespace, resource, id, parameters): &Inputs) -> CacheKey {
    let builder = Caller::new(tenant, identity).key(namespace, resource).id(id);
    parameters.iter().fold(builder, |builder, (name, value)| builder.parameter(name, value)).build()
}

/// What of the inputs counts: parameters in any order, ARM ids in any case.
fn canonical(inputs: &Inputs) -> Inputs {
    let mut inputs = inputs.clone();
    inputs.5.sort();
    if let Ok(id) = atg_core::ResourceId::parse(inputs.4.as_str()) {
        inputs.4 = id.key().to_string();
    }
    inputs
}

/// Short texts over separators and escapes, so that near-collisions are frequent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[aA:*%@&=5/]{0,3}",
        Just("/subscriptions/s/providers/A.B/c/d".to_owned()),
        Just("/SUBSCRIPTIONS/S/providers/a.b/c/d/".to_owned()),
        any::<String>(),
    ]
}

fn inputs() -> impl Strategy<Value = Inputs> {
    let parameters = proptest::collection::vec((text(), text()), 0..3);
    (text(), text(), text(), text(), text(), parameters)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn keys_are_equal_exactly_if_the_inputs_are(one in inputs(), two in inputs()) {
        prop_assert_eq!(key(&one) == key(&two), canonical(&one) == canonical(&two));
    }

    #[test]
    fn moving_a_character_between_parts_makes_another_key(
        one in inputs(), from in 0_usize..5, to in 0_usize..5,
    ) {
        let mut two = one.clone();
        let parts = |inputs: &mut Inputs, at: usize| match at {
            0 => std::mem::take(&mut inputs.0),
            1 => std::mem::take(&mut inputs.1),
            2 => std::mem::take(&mut inputs.2),
            3 => std::mem::take(&mut inputs.3),
            _ => std::mem::take(&mut inputs.4),
        };
        let (moved, mut target) = (parts(&mut two, from), parts(&mut two, to));
        target.push_str(&moved);
        match to {
            0 => two.0 = target,
            1 => two.1 = target,
            2 => two.2 = target,
            3 => two.3 = target,
            _ => two.4 = target,
        }
        prop_assert_eq!(key(&one) == key(&two), canonical(&one) == canonical(&two));
    }

    #[test]
    fn the_order_of_parameters_does_not_matter(
        one in inputs(), more in proptest::collection::vec((text(), text()), 2..6), turn in 0_usize..6,
    ) {
        let mut one = one;
        one.5 = more;
        let mut two = one.clone();
        two.5.reverse();
        prop_assert_eq!(key(&one), key(&two));
        let turn = turn % two.5.len();
        two.5.rotate_left(turn);
        prop_assert_eq!(key(&one), key(&two));
    }

    #[test]
    fn globs_over_the_leading_parts_find_exactly_their_keys(one in inputs()) {
        let text = key(&one);
        prop_assert_eq!(text.as_str().matches(':').count(), 3);
        prop_assert!(!text.as_str().contains('*'));
        let plain = Inputs::from((
            one.0, one.1, "vm_list".to_owned(), one.3, one.4, one.5,
        ));
        prop_assert!(glob_matches("vm_list:*", key(&plain).as_str()));
        let other = Inputs::from((
            plain.0, plain.1, "vm_list_all".to_owned(), plain.3, plain.4, plain.5,
        ));
        prop_assert!(!glob_matches("vm_list:*", key(&other).as_str()));
    }
}

#[test]
fn a_key_reads_well() {
    let key = Caller::new("contoso", "app-1")
        .key("vm_status", "virtualmachines")
        .id("/subscriptions/S1/resourceGroups/Web/providers/Microsoft.Compute/virtualMachines/VM")
        .parameter("api-version", "2023-03-01")
        .parameter("$expand", "instanceView")
        .build();
    assert_eq!(
        key.to_string(),
        "vm_status:virtualmachines:/subscriptions/s1/resourcegroups/web/providers/\
         microsoft.compute/virtualmachines/vm:\
         contoso@app-1&$expand=instanceView&api-version=2023-03-01"
    );
}

#[test]
fn tenant_and_identity_are_always_in_the_key() {
    let of = |tenant, identity| Caller::new(tenant, identity).key("a", "b").id("c").build();
    assert_ne!(of("t1", "i"), of("t2", "i"));
    assert_ne!(of("t", "i1"), of("t", "i2"));
    assert_ne!(of("t", "i"), of("i", "t"));
}

#[test]
fn long_and_odd_parts_are_kept_whole() {
    let long = "x".repeat(65_536);
    let caller = Caller::new("t", "i");
    let one = caller.key("n", "r").id(&long).parameter("line\nbreak", "\u{0}é").build();
    let two = caller.key("n", "r").id(&long[1..]).parameter("line\nbreak", "\u{0}é").build();
    assert_ne!(one, two);
    assert!(one.as_str().len() > 65_536);
}

#[test]
fn no_two_of_all_short_inputs_over_a_separator_meet() {
    for separator in [":", "*", "@", "&", "=", "%"] {
        let texts = ["", "a", separator, "%3A"].map(str::to_owned);
        let mut keys = HashSet::new();
        let mut inputs = 0;
        for number in 0..4_usize.pow(7) {
            let text = |place: u32| texts[number / 4_usize.pow(place) % 4].clone();
            let parameter = (text(5), text(6));
            keys.insert(key(&(text(0), text(1), text(2), text(3), text(4), vec![parameter])));
            inputs += 1;
        }
        assert_eq!(keys.len(), inputs, "{separator}");
    }
}
