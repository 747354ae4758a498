//! [`Call`]: a request as the simulated Azure understands it.

use std::hash::BuildHasher as _;

use bytes::Bytes;
use foldhash::fast::FixedState;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Uri};
use url::form_urlencoded;

use super::answer::Failure;
use super::route::{Route, decode_path};

/// A request, taken apart once.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path, decoded.
    pub(crate) path: String,
    pub(crate) route: Route,
    pub(crate) body: Bytes,
    /// The bearer token.
    pub(crate) token: Option<Token>,
    /// Scheme and host as the client names them.
    base: String,
    raw_path: String,
    parameters: Vec<(String, String)>,
    content_type: String,
}

/// A bearer token, of which only a hash is kept: it names the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token(pub(crate) u64);

impl Token {
    pub(crate) fn of(text: &str) -> Self {
        Self(FixedState::with_seed(0).hash_one(text))
    }
}

impl Call {
    pub(crate) fn of(request: Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let path = decode_path(parts.uri.path());
        let query = parts.uri.query().unwrap_or_default();
        Self {
            route: Route::of(&path, parts.method == Method::POST),
            token: header(AUTHORIZATION).and_then(bearer),
            base: base(&parts.uri, header(HOST)),
            content_type: header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase(),
            raw_path: parts.uri.path().to_owned(),
            parameters: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            method: parts.method,
            path,
            body,
        }
    }

    /// The value of a parameter of the query, whatever the case of its name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The api-version; empty where there is none.
    pub(crate) fn api_version(&self) -> &str {
        self.parameter("api-version").unwrap_or_default()
    }

    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json")
    }

    /// The largest number of items a page that the client asks for, at most `most`.
    pub(crate) fn top(&self, most: u32) -> Result<Option<u32>, Failure> {
        let Some(text) = self.parameter("$top") else { return Ok(None) };
        let top = text.parse().ok().filter(|top| (1..=most).contains(top));
        top.map(Some).ok_or_else(|| {
            let message = format!("The page size '{text}' is not between 1 and {most}.");
            Failure::bad_request("InvalidTopParameter", message)
        })
    }

    /// A number for the listing: its path and parameters but for the paging.
    pub(crate) fn fingerprint(&self) -> u64 {
        let kept = |(name, _): &&(String, String)| !name.eq_ignore_ascii_case("$skiptoken");
        let parameters: Vec<_> = self.parameters.iter().filter(kept).collect();
        FixedState::with_seed(1).hash_one((self.path.to_ascii_lowercase(), parameters))
    }

    /// The address of the listing's next page.
    pub(crate) fn next_link(&self, token: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.parameters {
            if !name.eq_ignore_ascii_case("$skiptoken") {
                query.append_pair(name, value);
            }
        }
        let query = query.append_pair("$skiptoken", token).finish();
        format!("{}{}?{query}", self.base, self.raw_path)
    }
}

fn bearer(value: &str) -> Option<Token> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Token::of(token))
}

/// The absolute address that the client asked, or the one its Host header names.
fn base(uri: &Uri, host: Option<&str>) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => format!("{scheme}://{authority}"),
        _ => format!("http://{}", host.unwrap_or("localhost")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(uri: &str) -> Call {
        Call::of(Request::get(uri).header(HOST, "127.0.0.1:81").body(Bytes::new()).unwrap())
    }

    #[test]
    fn next_links_stay_on_the_host_and_replace_the_token() {
        let first = call("https://arm.example/a%20b?api-version=1&%24top=5");
        let link = first.next_link("x+/=");
        assert_eq!(
            link,
            "https://arm.example/a%20b?api-version=1&%24top=5&%24skiptoken=x%2B%2F%3D"
        );
        let second = call(&link);
        assert_eq!(second.parameter("$skipToken"), Some("x+/="));
        assert_eq!(second.fingerprint(), first.fingerprint());
        assert_eq!(second.next_link("y").matches("skiptoken").count(), 1);
        let on_port = call("/subscriptions?api-version=1").next_link("t");
        assert!(on_port.starts_with("http://127.0.0.1:81/subscriptions?"), "{on_port}");
    }

    #[test]
    fn tokens_are_bearer_tokens_and_are_not_kept() {
        let request = Request::get("/").header(AUTHORIZATION, "bearer secret");
        let call = Call::of(request.body(Bytes::new()).unwrap());
        assert_eq!(call.token, Some(Token::of("secret")));
        assert!(!format!("{call:?}").contains("secret"));
        assert_eq!(bearer("Basic x"), None);
        assert_eq!(bearer("Bearer "), None);
    }
}
