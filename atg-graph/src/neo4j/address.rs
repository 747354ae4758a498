//! Where the server is: an address taken apart, without its credentials.

use std::fmt;
use std::net::Ipv6Addr;

use atg_core::{Error, ErrorKind, Result};

use super::settings::Credentials;

/// The schemes understood, each with the one that reaches the same server without routing.
const SCHEMES: [(&str, &str); 6] = [
    ("bolt", "bolt"),
    ("bolt+s", "bolt+s"),
    ("bolt+ssc", "bolt+ssc"),
    ("neo4j", "bolt"),
    ("neo4j+s", "bolt+s"),
    ("neo4j+ssc", "bolt+ssc"),
];

const DEFAULT_PORT: u16 = 7687;

/// Scheme, host and port of a server; displays as `scheme://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    scheme: &'static str,
    direct_scheme: &'static str,
    /// A name or an address, in brackets where it is IPv6.
    host: String,
    port: u16,
}

impl Address {
    /// Takes `uri` apart, with the credentials it may hold; no error repeats any of them.
    pub(super) fn parse(uri: &str) -> Result<(Self, Option<Credentials>)> {
        let (scheme, rest) = uri.trim().split_once("://").ok_or_else(|| {
            invalid(format!("the address has no scheme; write scheme://host:port, {}", known()))
        })?;
        let &(scheme, direct_scheme) = SCHEMES
            .iter()
            .find(|(name, _)| scheme.eq_ignore_ascii_case(name))
            .ok_or_else(|| invalid(format!("the address has an unknown scheme; {}", known())))?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(invalid(
                "the address has a path, a query or a fragment; name the database in the settings, \
                 and write /, ? and # in a password as %2F, %3F and %23",
            ));
        }
        let (credentials, server) = match authority.rsplit_once('@') {
            Some((credentials, server)) => (Some(parse_credentials(credentials)?), server),
            None => (None, authority),
        };
        let (host, port) = parse_server(server)?;
        Ok((Self { scheme, direct_scheme, host, port }, credentials))
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the server is asked where to send what.
    pub(super) fn is_routed(&self) -> bool {
        self.scheme != self.direct_scheme
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme.contains('+')
    }

    /// The same server, without routing.
    pub(super) fn direct(&self) -> Self {
        Self { scheme: self.direct_scheme, ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidInput, "read the address of Neo4j", message)
}

fn known() -> String {
    let schemes: Vec<_> = SCHEMES.iter().map(|(name, _)| *name).collect();
    format!("known schemes are {}", schemes.join(", "))
}

fn parse_server(server: &str) -> Result<(String, u16)> {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (server, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let good = bracketed.map_or_else(
        || !host.is_empty() && host.bytes().all(allowed),
        |address| address.parse::<Ipv6Addr>().is_ok(),
    );
    if !good {
        return Err(invalid(
            "the host in the address is neither a name, nor an IPv4 address, nor an IPv6 address \
             in brackets",
        ));
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|&port| port > 0).ok_or_else(|| {
            invalid("the port in the address is no number from 1 to 65535; Neo4j's own is 7687")
        })?,
        None => DEFAULT_PORT,
    };
    Ok((host.to_owned(), port))
}

fn parse_credentials(text: &str) -> Result<Credentials> {
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    Ok(Credentials { user: decoded(name)?, password: decoded(password)? })
}

/// `text` with its percent escapes replaced.
fn decoded(text: &str) -> Result<String> {
    let broken = || invalid("the user or password in the address has a broken percent escape");
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).ok_or_else(broken)?;
        bytes.push(u8::from_str_radix(escape, 16).map_err(|_| broken())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use atg_core::ErrorKind;

    use super::Address;

    fn address(uri: &str) -> Address {
        Address::parse(uri).unwrap().0
    }

    #[test]
    fn every_scheme_and_the_default_port() {
        for (uri, direct, routed, encrypted) in [
            ("bolt://db", "bolt://db:7687", false, false),
            ("bolt+s://db/", "bolt+s://db:7687", false, true),
            ("BOLT+SSC://db", "bolt+ssc://db:7687", false, true),
            ("neo4j://db", "bolt://db:7687", true, false),
            ("neo4j+s://db", "bolt+s://db:7687", true, true),
            (" neo4j+ssc://db", "bolt+ssc://db:7687", true, true),
        ] {
            let address = address(uri);
            assert_eq!(address.direct().to_string(), direct, "{uri}");
            assert_eq!((address.is_routed(), address.is_encrypted()), (routed, encrypted), "{uri}");
            assert!(!address.direct().is_routed(), "{uri}");
        }
        assert_eq!(address("bolt://10.0.0.1:17687").to_string(), "bolt://10.0.0.1:17687");
        assert_eq!(address("neo4j://[::1]:7").to_string(), "neo4j://[::1]:7");
        assert_eq!(address("neo4j://[::1]").to_string(), "neo4j://[::1]:7687");
    }

    #[test]
    fn credentials_are_taken_out_and_decoded() {
        let (address, credentials) = Address::parse("bolt://me:a%40b%3a:c@db:1").unwrap();
        let credentials = credentials.unwrap();
        assert_eq!(address.to_string(), "bolt://db:1");
        assert_eq!((&*credentials.user, &*credentials.password), ("me", "a@b::c"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (uri, part) in [
            ("localhost:7687", "neo4j+ssc"),
            ("http://u:s3cret@db", "bolt+s"),
            ("bolt://u:s3cret@", "host"),
            ("bolt://u:s3cret/x@db", "%2F"),
            ("bolt://u:s3cret@db/graph", "database"),
            ("bolt://u:s3cret@db?policy=x", "query"),
            ("bolt://u:s3cret@db:0", "port"),
            ("bolt://u:s3cret@db:99999", "port"),
            ("bolt://u:s3cret@::1", "brackets"),
            ("bolt://u:s3cret@[nonsense]", "IPv6"),
            ("bolt://u:s3cret%zz@db", "percent"),
            ("bolt://u:s3cret%f@db", "percent"),
            ("bolt://u:s3cret%é@db", "percent"),
        ] {
            let error = Address::parse(uri).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{uri}");
            assert!(error.message().contains(part), "{uri}: {error}");
            assert!(!format!("{error:?}").contains("s3cret"), "{uri}: {error:?}");
        }
    }
}
