//! Following `nextLink`: one helper for every listing.

use std::collections::HashSet;

use atg_core::{Error, ErrorKind, Result};
use xxhash_rust::xxh3::xxh3_128;

use crate::Cloud;

/// Guards a chain of pages: each link is followed once, and only on the cloud's own host.
///
/// Empty pages with a link are normal (a recorded key vault listing has 284 of them in 462
/// pages) and go on. Memory: 16 bytes a page.
#[derive(Debug, Default)]
pub struct Links {
    seen: HashSet<u128>,
}

impl Links {
    /// The link to follow next; `None` at the end of the chain.
    ///
    /// # Errors
    /// `InvalidData` where the link was followed before, cannot be read, or leads to another
    /// host.
    pub fn next(&mut self, cloud: &Cloud, link: Option<&str>) -> Result<Option<String>> {
        let Some(link) = link.map(str::trim).filter(|link| !link.is_empty()) else {
            return Ok(None);
        };
        let url = cloud.resolve(link)?;
        if !self.seen.insert(xxh3_128(url.as_str().as_bytes())) {
            return Err(self.looped());
        }
        Ok(Some(url.into()))
    }

    /// As [`next`](Self::next) for a token that is no link.
    ///
    /// # Errors
    /// `InvalidData` where the token came before.
    pub fn next_token(&mut self, token: Option<String>) -> Result<Option<String>> {
        match token.filter(|token| !token.is_empty()) {
            Some(token) if !self.seen.insert(xxh3_128(token.as_bytes())) => Err(self.looped()),
            token => Ok(token),
        }
    }

    fn looped(&self) -> Error {
        Error::new(
            ErrorKind::InvalidData,
            "follow pages",
            format!("the listing loops: a link came again after {} pages", self.seen.len()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Links;
    use crate::Cloud;
    use atg_core::ErrorKind;

    #[test]
    fn loops_and_foreign_hosts_end_the_chain() {
        let cloud = Cloud::public().unwrap();
        let mut links = Links::default();
        let next = links.next(&cloud, Some("https://management.azure.com/a?page=2")).unwrap();
        assert_eq!(next.as_deref(), Some("https://management.azure.com/a?page=2"));
        let again = links.next(&cloud, Some("https://MANAGEMENT.azure.com/a?page=2"));
        assert_eq!(again.unwrap_err().kind(), ErrorKind::InvalidData);
        let foreign = links.next(&cloud, Some("https://evil.example/a"));
        assert_eq!(foreign.unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(links.next(&cloud, Some(" ")).unwrap(), None);
        assert_eq!(links.next(&cloud, None).unwrap(), None);
        assert!(links.next_token(Some("t".into())).unwrap().is_some());
        assert!(links.next_token(Some("t".into())).is_err());
    }
}
