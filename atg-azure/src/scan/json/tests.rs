use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::{Cursor, Str, compact, text::plain_end, unescape};
use crate::rules::RuleSet;
use crate::scan::ScanError;
use crate::scan::walk::{WalkBuffers, Walker};

/// Reads a text as one value.
fn check(json: &str) -> Result<(), ScanError> {
    let (rules, mut buffers) = (RuleSet::empty(), WalkBuffers::default());
    let mut walker = Walker::new(json, &rules, &mut buffers);
    walker.cursor.space();
    walker.plain()?;
    walker.cursor.end()
}

fn unescaped(raw: &str) -> String {
    let mut out = String::new();
    unescape(raw, &mut out);
    out
}

#[test]
fn values_are_checked_strictly() {
    let good = [
        "0",
        "-0",
        "1.5e+10",
        "1E5",
        "1e400",
        "18446744073709551616",
        "true",
        "false",
        "null",
        "\"\"",
        r#""\ud800""#,
        r#""\"\\\/\b\f\n\r\t\u00e9""#,
        "[]",
        "{}",
        " [ 1 , {\"a\" : [ ] } ]\n",
        "\u{feff}1",
        "\"\u{7f}é\"",
    ];
    for json in good {
        assert_eq!(check(json), Ok(()), "{json}");
    }
    let bad = [
        "",
        " ",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "tru",
        "nul",
        "nan",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[1}",
        "{\"a\":1]",
        "[",
        "{",
        "\"",
        "\"\\\"",
        "\"\n\"",
        "\"\u{0}\"",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u12"#,
        "1 2",
        "[]]",
        "'a'",
        "\u{a0}1",
        "1\u{feff}",
    ];
    for json in bad {
        assert!(check(json).is_err(), "{json}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let error = check("[1, 2x]").unwrap_err();
    assert_eq!((error.position, error.what), (5, "a comma or a closing bracket was expected"));
    let error = check("{\"a\": \"b\tc\"}").unwrap_err();
    assert_eq!((error.position, error.what), (8, "a control character inside a string"));
    let error = check("{\"a\": [1").unwrap_err();
    assert_eq!((error.position, error.what), (8, "it ends too early"));
}

#[test]
fn escapes_are_decoded() {
    assert_eq!(unescaped(r"a\/b\\\u00e9\n"), "a/b\\é\n");
    assert_eq!(unescaped(r"\ud83d\ude00!"), "😀!");
    assert_eq!(unescaped(r"\ud83d"), "\u{fffd}");
    assert_eq!(unescaped(r"\ude00\ud83dx"), "\u{fffd}\u{fffd}x");
    assert_eq!(unescaped(r"\ud83d\u0041"), "\u{fffd}A");
}

#[test]
fn white_space_goes_only_outside_of_strings() {
    let mut out = String::new();
    compact("\t{ \"a \\\" b\" : [ 1 ,\r\n 2 ] , \"c\\\\\" : \" \" } ", &mut out);
    assert_eq!(out, r#"{"a \" b":[1,2],"c\\":" "}"#);
}

#[test]
fn nesting_without_end_costs_no_stack() {
    for depth in [127, 128, 129, 200_000] {
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(&json), Ok(()));
        assert!(check(&json[1..]).is_err());
    }
    let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(check(&objects), Ok(()));
}

/// Texts that are JSON, or nearly.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"a\""),
        Just("\"\\u00e9/\""),
        Just("1"),
        Just("-0.5e3"),
        Just("true"),
        Just("null"),
        Just(" "),
        Just("\""),
        Just("\\"),
        Just("é"),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

/// JSON with one place cut out or changed.
fn broken_json() -> impl Strategy<Value = String> {
    (crate::scan::tests::any_json(), any::<prop::sample::Index>(), any::<char>(), 0..3).prop_map(
        |(json, place, letter, how)| {
            let mut letters: Vec<char> = json.to_string().chars().collect();
            let at = place.index(letters.len());
            match how {
                0 => letters.truncate(at),
                1 => drop(letters.remove(at)),
                _ => letters.splice(at..=at, [letter]).for_each(drop),
            }
            letters.into_iter().collect()
        },
    )
}

proptest! {
    #[test]
    fn accepts_what_another_reader_accepts(json in prop_oneof![nearly_json(), broken_json()]) {
        let theirs = serde_json::from_str::<IgnoredAny>(&json).is_ok();
        prop_assert_eq!(check(&json).is_ok(), theirs, "{}", json);
    }

    #[test]
    fn strings_mean_what_another_reader_says(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let mut cursor = Cursor::new(&json);
        let Str { start, end, .. } = cursor.string().unwrap();
        prop_assert_eq!(unescaped(&json[start..end]), text);
        prop_assert_eq!(cursor.end(), Ok(()));
    }

    #[test]
    fn compact_json_is_what_another_writer_writes(json in crate::scan::tests::any_json()) {
        let mut out = String::new();
        compact(&serde_json::to_string_pretty(&json).unwrap(), &mut out);
        prop_assert_eq!(out, json.to_string());
    }

    #[test]
    fn the_end_of_a_plain_run_is_the_first_special_byte(bytes in any::<Vec<u8>>(), from in 0_usize..40) {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let rest = bytes.get(from..).unwrap_or_default();
        let expected = from + rest.iter().position(special).unwrap_or(rest.len());
        prop_assert_eq!(plain_end(&bytes, from), expected);
    }
}
