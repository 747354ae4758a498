//! [`Cloud`]: which Azure, and where its front door is.

use atg_core::{Error, ErrorKind, Result};
use url::Url;

/// An Azure cloud: where its management API is, and what a token must be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    endpoint: Url,
    token_scope: String,
}

impl Cloud {
    /// Azure Public: `management.azure.com`.
    ///
    /// # Errors
    /// None in practice; the signature is shared with [`custom`](Self::custom).
    pub fn public() -> Result<Self> {
        Self::custom("https://management.azure.com", "https://management.azure.com/.default")
    }

    /// Azure US Government.
    ///
    /// # Errors
    /// As [`public`](Self::public).
    pub fn us_government() -> Result<Self> {
        Self::custom(
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
        )
    }

    /// Azure operated by 21Vianet in China.
    ///
    /// # Errors
    /// As [`public`](Self::public).
    pub fn china() -> Result<Self> {
        Self::custom(
            "https://management.chinacloudapi.cn",
            "https://management.core.chinacloudapi.cn/.default",
        )
    }

    /// Another front door: an Azure Stack, a gateway, a simulator. `endpoint` is an `https` (or,
    /// on the loopback only, `http`) address without a path.
    ///
    /// # Errors
    /// `InvalidInput` where the address is none, or would send a token in the clear.
    pub fn custom(endpoint: &str, token_scope: &str) -> Result<Self> {
        let refuse = |why: String| Error::new(ErrorKind::InvalidInput, "choose cloud", why);
        let url = Url::parse(endpoint)
            .map_err(|error| refuse(format!("{endpoint:?} is no address: {error}")))?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err(refuse(format!(
                "{endpoint:?} is not https; a token is sent in the clear to the loopback only"
            )));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("the address must be a scheme, a host and a port only".to_owned()));
        }
        Ok(Self { endpoint: url, token_scope: token_scope.to_owned() })
    }

    /// The front door's address.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// What a token must be for.
    pub fn token_scope(&self) -> &str {
        &self.token_scope
    }

    /// The absolute address of a path with its query, or of an absolute link on this cloud's own
    /// host.
    ///
    /// # Errors
    /// `InvalidData` where a link leads to another host, scheme or port, for the token must not go
    /// there, and where it is no link at all.
    pub fn resolve(&self, link: &str) -> Result<Url> {
        let url = self.endpoint.join(link).map_err(|error| {
            Error::new(ErrorKind::InvalidData, "follow link", "the link cannot be read")
                .with_source(error)
        })?;
        if url.origin() != self.endpoint.origin() {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "follow link",
                format!(
                    "the link leads to {}, not to {}: not followed, for the token must not go there",
                    url.host_str().unwrap_or("no host"),
                    self.endpoint.host_str().unwrap_or("no host"),
                ),
            ));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::Cloud;
    use atg_core::ErrorKind;

    #[test]
    fn links_to_other_hosts_are_refused() {
        let cloud = Cloud::public().unwrap();
        assert!(cloud.resolve("/subscriptions?api-version=1").is_ok());
        assert!(cloud.resolve("https://MANAGEMENT.azure.com:443/x").is_ok());
        for link in [
            "https://evil.example/x",
            "http://management.azure.com/x",
            "https://management.azure.com:8443/x",
            "//evil.example/x",
            "https://management.azure.com.evil.example/",
            "https://management.azure.com@evil.example/",
        ] {
            let error = cloud.resolve(link).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{link}");
        }
    }

    #[test]
    fn a_token_never_goes_out_in_the_clear() {
        assert!(Cloud::custom("http://127.0.0.1:8080", "x").is_ok());
        assert!(Cloud::custom("http://management.azure.com", "x").is_err());
        assert!(Cloud::custom("nonsense", "x").is_err());
        assert!(Cloud::custom("https://gateway.example/azure", "x").is_err());
        let error = Cloud::custom("https://user:secret@gateway.example", "x").unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
    }
}
