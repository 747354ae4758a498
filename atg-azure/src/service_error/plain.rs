//! Messages as people may read them: without tags, without tokens, not too long.

/// How much of a body that is no JSON is kept, in characters.
const LONGEST_PAGE: usize = 200;

/// The text of a body that is no JSON: an HTML page without its tags, scripts and styles, its
/// white space as single blanks.
pub(super) fn text(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        text.push_str(rest.get(..at).unwrap_or_default());
        text.push(' ');
        rest = after_tag(rest.get(at..).unwrap_or_default());
    }
    text.push_str(rest);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_PAGE).collect()
}

/// What follows the tag that `rest` starts with; for a script or a style, what follows its end.
fn after_tag(rest: &str) -> &str {
    let after = |text: &'static str, rest: &str| {
        let lower = rest.to_ascii_lowercase();
        lower.find(text).map(|at| at + text.len())
    };
    let starts =
        |name: &str| rest.get(1..=name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let end = if starts("script") {
        after("</script>", rest)
    } else if starts("style") {
        after("</style>", rest)
    } else {
        rest.find('>').map(|at| at + 1)
    };
    rest.get(end.unwrap_or(rest.len())..).unwrap_or_default()
}

/// The text with every word that looks like a signed token cut out, and no longer than `longest`
/// characters.
pub(super) fn without_tokens(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(|c: char| !is_token_part(c)) {
        let word = part.trim_end_matches(|c: char| !is_token_part(c));
        if is_token(word) {
            out.push_str("[token]");
            out.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    out.chars().take(longest).collect()
}

fn is_token_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Three dotted parts of base64, the first of which is an encoded JSON object.
fn is_token(word: &str) -> bool {
    word.starts_with("eyJ") && word.len() > 20
}
